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
	if v := st.table.get(ord); !v.judged() || v.deadline() > st.horizon {
		return
	}
	r := st.table.open(ord)
	for r.judged() && r.deadline() <= st.horizon {
		st.takeMiss(r)
	}
}

func (st *state) takeMiss(r *record) {
	deadline := r.deadline()
	r.misses++
	r.missed++
	st.misses++
	if !r.is(flagResumed|flagUnheard) && r.misses < int64(r.threshold) {
		return
	}
	r.incident++
	r.lastAlert = st.passedAt(deadline)
	if !r.is(flagUnheard) && st.gaps.swallowed(r, deadline) {
		r.set(flagUnheard)
		st.writeAlerts(r, AlertUnheard, deadline)
		return
	}
	r.set(flagFailing)
	r.clear(flagResumed | flagUnheard)
	st.failing[r.ord] = struct{}{}
	st.writeAlerts(r, AlertDown, deadline)
}

// endFailing counts the misses of a failing heartbeat up to the horizon and makes
// it active. Its incident's mails are the caller's affair.
func (st *state) endFailing(r *record) {
	if !r.is(flagFailing) {
		return
	}
	st.countOn(r)
	r.clear(flagFailing)
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
		st.due.schedule(r.ord, r.deadline())
	}
}
