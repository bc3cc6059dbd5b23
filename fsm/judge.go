package fsm

import "math"

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
	for r.judged() && st.takeNext(r) {
	}
}

// takeNext takes the miss that is first, if one is due.
func (st *state) takeNext(r *record) bool {
	deadline := r.deadline()
	if o := r.extras.nextRun(); o != nil && o.deadline <= min(deadline, st.horizon) {
		st.takeRunMiss(r, o)
		return true
	}
	if deadline > st.horizon {
		return false
	}
	// A run that was under way when this was due is missed with it, not once more.
	r.extras.settle(func(o *openRun) bool { return o.start < deadline })
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

// count counts a miss, and flips the heartbeat when that reaches its threshold.
func (st *state) count(r *record, c cause) {
	r.missed++
	st.misses++
	if !r.is(flagResumed|flagUnheard) && r.misses < int64(r.threshold) {
		return
	}
	if r.is(flagUnheard) || !st.gaps.excuse(r, c) {
		st.fail(r, c)
		return
	}
	r.incident++
	r.lastAlert = c.created
	r.set(flagUnheard)
	st.writeAlerts(r, AlertUnheard, c)
}

// fail begins an incident.
func (st *state) fail(r *record, c cause) {
	r.incident++
	r.lastAlert = c.created
	r.set(flagFailing)
	r.clear(flagResumed | flagUnheard)
	st.failing[r.ord] = struct{}{}
	st.writeAlerts(r, AlertDown, c)
}

// endFailing counts the misses of a failing heartbeat up to the horizon and makes
// it active. Its incident's mails are the caller's affair.
func (st *state) endFailing(r *record) {
	if !r.is(flagFailing) {
		return
	}
	st.countOn(r)
	r.clear(flagFailing | flagReported)
	r.extras.settle(func(o *openRun) bool { return o.deadline <= st.horizon })
	delete(st.failing, r.ord)
}

// countOn takes the misses that a failing heartbeat had since it was last written.
func (st *state) countOn(r *record) {
	extra := r.missesAt(st.horizon) - r.misses
	r.misses += extra
	r.missed += uint32(extra)
	st.misses += uint64(extra)
}

// reschedule gives a heartbeat its place among the due ones.
func (st *state) reschedule(r *record) {
	if r.judged() {
		st.due.schedule(r.ord, min(r.deadline(), r.extras.runDeadline()))
	}
}
