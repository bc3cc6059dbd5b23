package timetables

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// simRun is everything that differs from one run to another.
type simRun struct {
	seed     uint64
	begin    int64
	jobs     int
	episodes []simEpisode
}

// simEpisode is one decision; its numbers choose among what is possible when it comes.
type simEpisode struct {
	kind    int
	a, b, c uint32
}

const (
	epElection = iota
	epOutage
	epJump
	epWrongLeader
	epCrash
	epSnapshot
	epEdit
	epPause
	epSilence
	epSkip
	epRules
	epLose
	epLand
	epImages
	episodeKinds
)

var episodeWeights = [episodeKinds]int{6, 3, 5, 5, 4, 5, 3, 3, 5, 5, 3, 5, 3, 2}

// simSituations must be come to, or the runs prove little.
const (
	simReadClock = iota
	simToppedUp
	simLateTopUp
	simSurvivor
	simGap
	simLostPing
	simDown
	simRecovered
	simUnheard
	simDueAsTold
	simRestored
	simRanOut
	simChangeInGap
	simOtherRules
	simSituations
)

var simSituationNames = [simSituations]string{
	"the clocks compared", "a timetable topped up", "a top-up that came late", "one that survived its leader", "an ingest gap", "a ping lost",
	"a job that failed", "one that came back", "one not heard", "an expected time as the job's clock has it", "a node that went on from a snapshot",
	"a timetable that ran out while nobody led", "a clock change in a gap", "a leader that knows a zone otherwise than the one before",
}

// changes are nights in which clocks change, in Berlin, New York and on Lord Howe Island, where it is half an hour.
var changes = []time.Time{
	time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC),
	time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC),
	time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC), time.Date(2026, 10, 3, 15, 30, 0, 0, time.UTC),
}

func newSimRun(seed uint64) simRun {
	r := rand.New(rand.NewPCG(seed, 18))
	begin := changes[r.IntN(len(changes))].Add(-time.Duration(30+r.IntN(300)) * time.Minute)
	run := simRun{seed: seed, begin: begin.UnixMilli() + r.Int64N(60_000), jobs: 3 + r.IntN(5)}
	total := 0
	for _, n := range episodeWeights {
		total += n
	}
	for range 20 + r.IntN(30) {
		kind, n := 0, r.IntN(total)
		for n >= episodeWeights[kind] {
			n -= episodeWeights[kind]
			kind++
		}
		run.episodes = append(run.episodes, simEpisode{kind, r.Uint32(), r.Uint32(), r.Uint32()})
	}
	return run
}

// play plays a run; it returns the world as it is then, and the promise that broke.
func (run simRun) play(tell bool) (w *simWorld, broken simBroken) {
	w = newSimWorld(run.begin, tell)
	defer func() {
		if p := recover(); p != nil {
			var ok bool
			if broken, ok = p.(simBroken); !ok {
				panic(p)
			}
		}
	}()
	r := rand.New(rand.NewPCG(run.seed, 2))
	w.elect(w.nodes[0])
	w.do(fsm.SetSettings{Settings: fsm.Settings{History: 5, Burst: 5}})
	for n := range run.jobs {
		w.create(newSimJob(byte(n+1), rand.New(rand.NewPCG(run.seed, uint64(n+3)))))
	}
	for _, e := range run.episodes {
		w.pass(int64(e.c%1200)*1000, r)
		w.happen(e, r)
	}
	w.pass(int64(time.Hour/time.Millisecond), r)
	w.checkImages()
	w.checkReplay()
	return w, broken
}

// create makes a job's heartbeat.
func (w *simWorld) create(j *simJob) {
	spec := fsm.Spec{
		Name: j.name(), Slug: "x", Grace: j.grace / 1000, Threshold: 1, Arm: fsm.ArmCreated, Schedule: j.plan.expressions(), TZ: j.plan.zone,
		Emails: []string{"a@example.com"},
	}
	w.do(w.timed(j.plan, fsm.Create{ID: j.id, Token: fsm.Token{j.id[0]}, Spec: spec}, w.leader))
	w.jobs = append(w.jobs, j)
	w.say("job %s runs at %v %s, with %d s of grace", j.name(), j.plan.expressions(), j.plan.zone, j.grace/1000)
	j.begins(w)
}

// timed sends the first timetable along, as the node computes it that took the command. One whose clock may be
// wrong does not tell by which rules.
func (w *simWorld) timed(p simPlan, cmd fsm.Command, n *simNode) fsm.Command {
	t, err := Next(n.rules, p.expressions(), p.zone, time.UnixMilli(w.now+n.skew))
	if err != nil {
		w.fail("%v", err)
	}
	if off := w.now + n.skew - w.observer.LastWall().UnixMilli(); off > 5000 || off < -5000 {
		t.Rules = 0
	}
	return fsm.WithTimetable{Timetable: t, Command: cmd}
}

func (w *simWorld) happen(e simEpisode, r *rand.Rand) {
	n := w.nodes[e.a%3]
	var j *simJob
	if len(w.jobs) > 0 {
		j = w.jobs[int(e.a/3)%len(w.jobs)]
	}
	wrong := (60 + int64(e.b%3540)) * 1000 * []int64{1, -1}[e.b/4096%2]
	lasts := 5000 + int64(e.c/16%240)*1000 // less than any grace
	switch e.kind {
	case epElection:
		w.election(e, r)
	case epOutage:
		w.outage(e, r)
	case epJump:
		w.lose = 0
		w.pass(15_000, r) // what an outage did to the clocks is known
		w.leader.skew = wrong
		w.say("the clock of %s jumps by %d s for %d s", w.leader.name, wrong/1000, lasts/1000)
		w.pass(lasts, r)
		w.leader.skew = 0
		w.say("it is right again")
		w.uneasy = w.now
	case epWrongLeader:
		if n == w.leader || !n.up {
			return
		}
		n.skew = wrong
		was := w.leader
		w.depose(int(e.b))
		w.pass(2500, r)
		w.elect(n)
		w.pass(lasts, r)
		w.depose(int(e.b / 8))
		w.pass(2500, r)
		w.elect(was)
		n.skew = 0
	case epCrash:
		w.crash(n, int(e.b))
		w.pass(int64(e.b%5000), r)
		if w.leader == nil {
			w.elect(w.nodes[(e.a+1)%3])
		}
		if e.b%3 > 0 {
			w.pass(int64(e.b%3_000_000), r)
		}
		w.restart(n)
	case epSnapshot:
		w.snapshot(n, e.b%2 == 0 && n != w.leader)
		w.install(w.nodes[e.b%3], w.nodes[e.c%3])
	case epEdit:
		if e.c%2 == 0 { // while the leader computes all anew
			w.leader.rules.version, w.lose = fmt.Sprint("edit ", e.b), 1
			w.pass(3000, r)
		}
		w.edit(j, e, n)
		w.land(len(w.flight))
	case epPause:
		w.do(fsm.Pause{ID: j.id})
		w.say("job %s is paused", j.name())
		j.paused, j.failing = true, false
		w.pass(int64(e.b%7200)*1000, r)
		w.do(fsm.Resume{ID: j.id})
		w.say("and resumed")
		j.paused, j.since = false, w.now
		j.anchored(w)
	case epSilence:
		j.silentUntil = w.now + int64(e.b%20_000)*1000
		w.say("job %s is silent until %s", j.name(), clockOf(j.silentUntil))
	case epSkip:
		j.skips++
	case epRules:
		n.rules.version, n.rules.wrong = fmt.Sprint("new ", e.b%5), e.b/8%2 == 0
		w.say("%s has rules %s", n.name, n.rules.version)
	case epLose:
		w.lose = 1 + int(e.b%3)
		w.uneasy = w.now
	case epLand:
		w.land(len(w.flight))
	case epImages:
		w.checkImages()
	}
}

// election changes the leader, and pings wait meanwhile.
func (w *simWorld) election(e simEpisode, r *rand.Rand) {
	w.depose(int(e.b))
	w.pass(int64(500+e.c%6000), r)
	for i := range w.nodes {
		w.elect(w.nodes[(int(e.a)+i)%3])
	}
}

// outage has nobody lead for long; the nodes may go down meanwhile.
func (w *simWorld) outage(e simEpisode, r *rand.Rand) {
	w.depose(int(e.b))
	long := int64(11+e.b%600) * 1000
	if e.c%3 == 0 {
		long = int64(e.b%(9*3600)) * 1000
	}
	if e.a%2 == 0 {
		for _, n := range w.nodes {
			w.crash(n, 0)
		}
	}
	w.pass(max(long, simGapAfter+1), r)
	for _, n := range w.nodes {
		w.restart(n)
	}
	for _, j := range w.jobs {
		if list, _, _ := w.observer.WantedTimes(0, w.now, 0); slices.ContainsFunc(list, func(x store.WantedTimes) bool { return x.Ordinal == j.ord && x.Last <= w.now }) {
			w.reached[simRanOut]++
		}
	}
	w.elect(w.nodes[e.a%3])
}

// edit gives a job another schedule: with the times that some node computes, or without.
func (w *simWorld) edit(j *simJob, e simEpisode, n *simNode) {
	j.plan = drawPlan(rand.New(rand.NewPCG(uint64(e.b), 1)), j.disputed())
	patch := fsm.Patch{Schedule: new(j.plan.expressions()), TZ: &j.plan.zone}
	var cmd fsm.Command = fsm.Update{ID: j.id, Patch: patch}
	if e.c%3 > 0 {
		if e.c%5 == 0 && n != w.leader {
			n.skew = 600_000
		}
		cmd = w.timed(j.plan, cmd, n)
		if n != w.leader {
			n.skew = 0
		}
	}
	w.do(cmd)
	w.say("job %s runs at %v %s from now on", j.name(), j.plan.expressions(), j.plan.zone)
	w.uneasy = w.now
	j.begins(w)
}

// checkReplay applies the whole log to an empty state.
func (w *simWorld) checkReplay() {
	fresh := store.New()
	for i := range w.log {
		w.apply(fresh, i)
	}
	if string(w.image(fresh)) != string(w.image(w.observer)) {
		w.fail("a replay of the whole log gives another state")
	}
}

const simSeeds = 40

// TestSimulationOfTimetables runs three nodes through nights in which clocks change: leaders with other rules and wrong clocks,
// nobody who leads, top-ups that come late or never, edits, crashes and snapshots, with jobs that ping by the clock on their
// own wall. Nothing that was pinged in time is called missed, all else is told, and all nodes have the same state.
//
//   - sim_oracle_test.go: when jobs run, by the clock on their wall
//   - sim_world_test.go: the log, the nodes, their clocks and rules
//   - sim_jobs_test.go: jobs, and what must come of their heartbeats
//
// QUORUMBEAT_SIM_SEED runs one seed alone, QUORUMBEAT_SIM_SEEDS as many as it says.
func TestSimulationOfTimetables(t *testing.T) {
	testkit.SkipUnderRace(t)
	if one := os.Getenv("QUORUMBEAT_SIM_SEED"); one != "" {
		playSeed(t, seedOf(t, one))
		return
	}
	seeds := seedOf(t, cmp.Or(os.Getenv("QUORUMBEAT_SIM_SEEDS"), fmt.Sprint(simSeeds)))
	var reached [simSituations]int
	for seed := uint64(1); seed <= seeds && !t.Failed(); seed++ {
		for s, n := range playSeed(t, seed) {
			reached[s] += n
		}
	}
	for s, n := range reached {
		t.Logf("%6d × %s", n, simSituationNames[s])
		if n == 0 && seeds >= simSeeds && !t.Failed() {
			t.Errorf("no run came to %s", simSituationNames[s])
		}
	}
}

func seedOf(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func playSeed(t *testing.T, seed uint64) [simSituations]int {
	t.Helper()
	run := newSimRun(seed)
	w, broken := run.play(false)
	if broken.why == "" {
		return w.reached
	}
	least := run.shrink(broken.promise)
	told, why := least.play(true)
	t.Errorf("seed %d: %s\nleast run that fails, %d episodes of %d, %d jobs: %s\n%s\nagain: QUORUMBEAT_SIM_SEED=%d go test -run Simulation ./cmd/quorumbeat/internal/timetables",
		seed, broken.why, len(least.episodes), len(run.episodes), least.jobs, why.why, strings.Join(told.story, "\n"), seed)
	return w.reached
}

// shrink takes episodes out of a run that breaks a promise, for as long as what is left still breaks it.
func (run simRun) shrink(promise string) simRun {
	fails := func(x simRun) bool {
		_, broken := x.play(false)
		return broken.promise == promise
	}
	for less := true; less; {
		less = false
		for i := len(run.episodes) - 1; i >= 0; i-- {
			x := run
			x.episodes = slices.Delete(slices.Clone(run.episodes), i, i+1)
			if fails(x) {
				run, less = x, true
			}
		}
		if x := run; x.jobs > 1 {
			if x.jobs--; fails(x) {
				run, less = x, true
			}
		}
	}
	return run
}
