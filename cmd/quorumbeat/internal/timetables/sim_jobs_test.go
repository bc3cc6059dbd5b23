package timetables

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	simAhead = 2000   // a job's own clock is up to so much ahead
	simLate  = 3000   // a ping comes at least so long before its grace is over
	simEarly = 60_000 // a ping counts for a time that is so near, at most
	simSlack = 30_000 // an alert comes so long after its deadline, at most
)

// simJob is a job with a heartbeat, and what must come of it.
type simJob struct {
	id    fsm.HeartbeatID
	ord   uint64
	plan  simPlan
	grace int64
	r     *rand.Rand

	runs        []int64 // all there are, from a while ago
	next        int     // the first that was not looked at
	pingAt      int64   // 0: the next ping is not planned
	silentUntil int64
	skips       int
	paused      bool

	since   int64 // created, resumed or edited
	done    int64 // the newest run whose ping was taken
	covered int64 // nothing up to this need be missed
	exactly bool  // the last contact was by a clock that was right
	contact int64
	failing bool
	unheard int // notices
	told    int // outages up to the last that one was of
}

func newSimJob(n byte, r *rand.Rand) *simJob {
	j := &simJob{id: fsm.HeartbeatID{n}, ord: uint64(n), r: r, grace: []int64{300, 600}[r.IntN(2)] * 1000}
	j.plan = drawPlan(r, int(n)%4 == 1)
	return j
}

// drawPlan draws a schedule whose runs are near clock changes.
func drawPlan(r *rand.Rand, disputed bool) simPlan {
	p := simPlan{zone: []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Berlin", "UTC"}[r.IntN(5)]}
	if disputed {
		p.zone = simDisputed
	}
	for range 1 + r.IntN(4)/3 {
		c := simCron{minute: r.IntN(60), hour: -1}
		switch r.IntN(4) {
		case 0:
			c.every = []int{5, 10, 15, 20, 30}[r.IntN(5)]
		case 1:
			c.hour, c.onWeekdays = r.IntN(5), r.IntN(4) == 0
		}
		p.crons = append(p.crons, c)
	}
	return p
}

func (j *simJob) name() string { return string('A' + rune(j.id[0]) - 1) }

func (j *simJob) disputed() bool { return j.plan.zone == simDisputed }

// begins makes the job run by its plan from now on.
func (j *simJob) begins(w *simWorld) {
	j.runs = j.plan.runs(w.now-24*time.Hour.Milliseconds(), w.now+3*24*time.Hour.Milliseconds())
	j.next, _ = slices.BinarySearch(j.runs, w.now+1)
	j.pingAt = 0
	j.anchored(w)
	j.since = w.now
}

// anchored notes that the heartbeat counts from now.
func (j *simJob) anchored(w *simWorld) {
	stamp := w.now + w.leader.skew
	j.covered = max(j.covered, max(w.now, stamp)+simEarly)
	j.contact, j.exactly = stamp, w.leader.skew == 0 && w.uneasy != w.now
}

// nextPing tells when the job pings next, which it plans run by run.
func (j *simJob) nextPing(w *simWorld) int64 {
	if j.pingAt == 0 && j.next < len(j.runs) {
		j.pingAt = max(w.now, j.runs[j.next]-simAhead+j.r.Int64N(simAhead+j.grace-simLate))
		if j.r.IntN(2) == 0 {
			j.pingAt = max(w.now, j.runs[j.next]-simAhead+j.r.Int64N(2*simAhead))
		}
	}
	return j.pingAt
}

// ping sends the ping that is planned for now, if the job is well.
func (j *simJob) ping(w *simWorld) {
	if j.pingAt > w.now || j.next >= len(j.runs) {
		return
	}
	run := j.runs[j.next]
	j.pingAt = 0
	j.next++
	switch {
	case run < j.silentUntil:
	case j.skips > 0:
		j.skips--
		w.say("job %s skips its run of %s", j.name(), clockOf(run))
	case w.leader != nil:
		j.send(w)
	case w.now-w.commit < simHold:
		w.held = append(w.held, j)
	default:
		w.say("the ping of job %s for %s is lost", j.name(), clockOf(run))
		w.reached[simLostPing]++
	}
}

func (j *simJob) send(w *simWorld) {
	if j.next > 0 {
		j.done = max(j.done, j.runs[j.next-1])
	}
	code := w.do(fsm.Ping{Ordinal: j.ord}).Code
	w.say("job %s pings", j.name())
	if (code != fsm.CodeOK) != j.paused {
		w.fail("a ping of job %s is answered %d", j.name(), code)
	}
	if !j.paused {
		j.anchored(w)
	}
}

func clockOf(ms int64) string { return time.UnixMilli(ms).UTC().Format("02 15:04:05") }

// missed returns the first run, from a time on, that was missed: nobody pinged for it, though all of its grace was served.
func (j *simJob) missed(w *simWorld, from int64) (run int64) {
	i, _ := slices.BinarySearch(j.runs, from+1)
	for _, run := range j.runs[i:] {
		if run > w.now {
			return 0
		}
		if !slices.ContainsFunc(w.outages, func(o [2]int64) bool { return o[0] <= run+j.grace && o[1] >= run }) {
			return run
		}
	}
	return 0
}

// check holds what was promised: nothing is called missed that was not, and what was missed is told in time.
func (j *simJob) check(w *simWorld) {
	h, err := w.leader.store.Heartbeat(j.id)
	if err != nil {
		w.fail("job %s: %v", j.name(), err)
	}
	failing := h.Status == fsm.StatusFailing
	if began := failing && !j.failing; began {
		w.say("job %s is failing", j.name())
		w.reached[simDown]++
		run := j.missed(w, max(j.done, j.since))
		if !j.disputed() && (run == 0 || w.now < run+j.grace-simAhead) {
			w.fail("job %s (%v %s, %d s of grace) is called failing; its last ping was for %s, and the first run that it missed is %s",
				j.name(), j.plan.expressions(), j.plan.zone, j.grace/1000, clockOf(j.done), clockOf(run))
		}
	}
	if j.failing && !failing {
		w.reached[simRecovered]++
	}
	j.failing = failing
	if j.disputed() || j.paused {
		return
	}
	if run := j.missed(w, j.covered); run != 0 && !failing && w.now > max(run, w.uneasy)+j.grace+simSlack {
		w.fail("job %s (%v %s, %d s of grace) did not run at %s, and nobody is told; it is due at %v, with %d misses",
			j.name(), j.plan.expressions(), j.plan.zone, j.grace/1000, clockOf(run), h.NextDue, h.Misses)
	}
	j.checkDue(w, h)
}

// checkDue compares when the state expects a job next with what its clock on the wall says.
func (j *simJob) checkDue(w *simWorld, h fsm.Heartbeat) {
	if h.Status != fsm.StatusActive || h.Misses > 0 || !j.exactly || w.now < w.uneasy+simSlack || j.contact < w.uneasy+simSlack {
		return
	}
	i, _ := slices.BinarySearch(j.runs, j.contact+1)
	for _, run := range j.runs[i:min(i+2, len(j.runs))] {
		if h.NextDue.UnixMilli() == run {
			w.reached[simDueAsTold]++
			return
		}
		if run-j.contact > simEarly {
			w.fail("job %s (%v %s) is expected at %v, its clock says %s", j.name(), j.plan.expressions(), j.plan.zone, h.NextDue, clockOf(run))
		}
	}
}

// checkUnheard asks that what is told as unheard was due in an outage that was not told yet.
func (w *simWorld) checkUnheard() {
	for _, j := range w.jobs {
		list, _ := w.observer.Alerts(fsm.AlertFilter{Heartbeat: &j.id})
		n := 0
		for _, a := range list {
			if a.Kind == fsm.AlertUnheard {
				n++
			}
		}
		if n > j.unheard && !j.disputed() {
			w.reached[simUnheard]++
			for range n - j.unheard {
				if j.told = w.nextOutage(j); j.told < 0 {
					w.fail("job %s is told as unheard %d times, and nothing more was lost since its last ping", j.name(), n)
				}
			}
		}
		j.unheard = n
	}
}

// nextOutage counts the outages up to the next in which a job may have lost a ping that is not told of; negative if there is none.
func (w *simWorld) nextOutage(j *simJob) int {
	for i := j.told; i < len(w.outages); i++ {
		o := w.outages[i]
		if slices.ContainsFunc(j.runs, func(run int64) bool { return run > j.done && run <= w.now && o[0] <= run+j.grace && o[1] >= run }) {
			return i + 1
		}
	}
	return -1
}
