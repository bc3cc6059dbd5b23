package store

import (
	"math"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// judge takes the misses of at most bound heartbeats that are due.
func (st *state) judge(bound int) {
	for ; ; bound-- {
		e, found, _ := st.due.next(&st.table, st.horizon, math.MaxInt)
		if !found {
			st.passes = st.passes[:0]
			return
		}
		if bound <= 0 {
			return
		}
		st.takeMisses(e.ord)
	}
}

// takeMisses counts what a heartbeat missed up to the horizon, and flips it when
// that reaches its threshold. Every command about a heartbeat does this first, so
// that it makes no difference when judging comes round to it.
func (st *state) takeMisses(ord uint64) {
	p, slot := st.table.at(ord)
	if !p.vitals[slot].judged() || p.deadline(slot) > st.horizon {
		return
	}
	r := st.table.open(ord)
	for st.takeNext(r) {
	}
}

// takeNext takes the miss or the overdue run that is first, if one is due.
func (st *state) takeNext(r *record) bool {
	deadline := r.nextMiss()
	if o := r.extras.nextRun(); o != nil && o.deadline <= min(deadline, st.horizon) {
		st.takeOverdue(r, o)
		return true
	}
	if deadline > st.horizon {
		return false
	}
	r.misses++
	st.count(r, cause{due: deadline, created: st.passedAt(deadline)})
	return true
}

// cause is why an alert is written: a deadline that was missed, of the schedule or
// of a run, or a failure that was reported.
type cause struct {
	due     int64 // serving
	created int64 // wall
	run     *openRun
	failed  *heard
}

// isFailure reports whether the job failed, rather than that it was not heard.
func (c *cause) isFailure() bool { return c.failed != nil || c.run != nil }

// count counts a miss, and flips the heartbeat when that reaches its threshold.
func (st *state) count(r *record, c cause) {
	r.missed++
	st.misses++
	if !r.is(flagResumed|flagUnheard) && r.misses < int64(r.threshold) {
		return
	}
	if r.is(flagUnheard) || !st.gaps.swallowed(r, c.due) {
		st.fail(r, c)
		return
	}
	st.notHeard(r, c)
}

// notHeard tells that what was due may have come to pass while no ping could be taken.
func (st *state) notHeard(r *record, c cause) {
	r.incident++
	r.lastAlert = c.created
	r.set(flagUnheard)
	st.writeAlerts(r, fsm.AlertUnheard, c)
}

// fail begins an incident.
func (st *state) fail(r *record, c cause) {
	r.incident++
	r.lastAlert = c.created
	st.failing[r.ord] = struct{}{}
	r.extras = st.table.ownExtras(r.ord)
	r.extras.incident = c.begin(r)
	st.writeAlerts(r, fsm.AlertDown, c)
	r.set(flagFailing)
	if c.isFailure() {
		r.set(flagReported)
	}
	r.usual()
}

// usual makes the threshold hold again, after a resume or a notice.
func (r *record) usual() {
	r.clear(flagResumed | flagUnheard)
	if r.extras != nil {
		r.extras.resumed = 0
	}
}

// endFailing counts the misses of a failing heartbeat up to the horizon, makes it
// active, and returns its incident, whose mails are the caller's affair.
func (st *state) endFailing(r *record) incident {
	st.countOn(r, st.horizon)
	r.clear(flagFailing | flagReported)
	delete(st.failing, r.ord)
	ended := r.extras.incident
	r.extras.incident = incident{}
	return ended
}

// countOn takes the misses that a failing heartbeat had since it was last written, up
// to a serving time.
func (st *state) countOn(r *record, until int64) {
	extra := r.missesAt(until) - r.misses
	r.extras.incident.misses += extra
	r.misses += extra
	r.missed += uint32(extra)
	st.misses += uint64(extra)
}

// reschedule gives a heartbeat its place among the due ones.
func (st *state) reschedule(r *record) {
	if r.judged() {
		st.due.schedule(r.ord, min(r.nextMiss(), r.extras.runDeadline()))
	}
}
