package store

import (
	"math"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// judge takes the misses of at most bound heartbeats that are due.
func (st *state) judge(bound int) {
	for ; ; bound-- {
		e, found, _ := st.table.NextDue(st.horizon, math.MaxInt)
		if !found {
			st.passes = st.passes[:0]
			return
		}
		if bound <= 0 {
			return
		}
		st.takeMisses(e.Ord)
	}
}

// takeMisses counts what a heartbeat missed up to the horizon, and flips it when
// that reaches its threshold. Every command about a heartbeat does this first, so
// that it makes no difference when judging comes round to it.
func (st *state) takeMisses(ord uint64) {
	p, slot := st.table.At(ord)
	if !p.Hot(slot).IsJudged() || p.Deadline(slot) > st.horizon {
		return
	}
	r := st.table.OwnRecord(ord)
	for st.takeNext(r) {
	}
}

// takeNext takes the miss or the overdue run that is first, if one is due.
func (st *state) takeNext(r *table.Record) bool {
	deadline := r.NextMiss()
	if o := r.Runs.NextRun(); o != nil && o.Deadline <= min(deadline, st.horizon) {
		st.takeOverdue(r, o)
		return true
	}
	if deadline > st.horizon {
		return false
	}
	r.Misses++
	st.count(r, cause{due: deadline, created: st.passedAt(deadline)})
	return true
}

// cause is why an alert is written: a deadline that was missed, of the schedule or
// of a run, or a failure that was reported.
type cause struct {
	due     int64 // serving
	created int64 // wall
	run     *table.OpenRun
	failed  *heard
}

// isFailure reports whether the job failed, rather than that it was not heard.
func (c *cause) isFailure() bool { return c.failed != nil || c.run != nil }

// count counts a miss, and flips the heartbeat when that reaches its threshold.
func (st *state) count(r *table.Record, c cause) {
	r.Missed++
	st.misses++
	if !r.Is(table.Resumed|table.Unheard) && r.Misses < int64(r.Threshold) {
		return
	}
	if r.Is(table.Unheard) || !st.gaps.swallowed(r, c.due) {
		st.fail(r, c)
		return
	}
	st.notHeard(r, c)
}

// notHeard tells that what was due may have come to pass while no ping could be taken.
func (st *state) notHeard(r *table.Record, c cause) {
	r.Incident++
	r.LastAlert = c.created
	r.Set(table.Unheard)
	st.now().Begin(r, fsm.AlertUnheard, c.due, c.created, st.evidenceOf(r, c))
}

// fail begins an incident.
func (st *state) fail(r *table.Record, c cause) {
	r.Incident++
	r.LastAlert = c.created
	st.failing[r.Ordinal] = struct{}{}
	r.Runs = st.table.OwnRuns(r.Ordinal)
	r.Runs.Incident = c.begin(r)
	st.now().Begin(r, fsm.AlertDown, c.due, c.created, st.evidenceOf(r, c))
	r.Set(table.Failing)
	if c.isFailure() {
		r.Set(table.Reported)
	}
	r.ResetRule()
}

// endFailing counts the misses of a failing heartbeat up to the horizon, makes it
// active, and returns its incident, whose mails are the caller's affair.
func (st *state) endFailing(r *table.Record) table.Incident {
	st.countOn(r, st.horizon)
	r.Clear(table.Failing | table.Reported)
	delete(st.failing, r.Ordinal)
	ended := r.Runs.Incident
	r.Runs.Incident = table.Incident{}
	return ended
}

// countOn takes the misses that a failing heartbeat had since it was last written, up
// to a serving time.
func (st *state) countOn(r *table.Record, until int64) {
	extra := r.MissesAt(until) - r.Misses
	r.Runs.Incident.Misses += extra
	r.Misses += extra
	r.Missed += uint32(extra)
	st.misses += uint64(extra)
}

// reschedule gives a heartbeat its place among the due ones.
func (st *state) reschedule(r *table.Record) {
	if r.IsJudged() {
		st.table.Schedule(r.Ordinal, min(r.NextMiss(), r.Runs.Deadline()))
	}
}

// again counts one more failure of a heartbeat that fails already. If its incident
// told of silence only, the failure is told as well, once.
func (st *state) again(r *table.Record, c cause) {
	r.Runs.Incident.Failures++
	if r.Is(table.Reported) {
		return
	}
	r.Set(table.Reported)
	e := st.evidenceOf(r, c)
	addIncident(&e, r.Runs.Incident)
	st.now().Escalate(r, c.due, c.created, e)
}
