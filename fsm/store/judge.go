package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// countNext counts the next miss or overdue run, if one is due.
func (st *state) countNext(r *table.Record) bool {
	deadline := r.NextMiss()
	if o := r.Runs.NextRun(); o != nil && o.Deadline <= min(deadline, st.horizon) {
		st.failOverdue(r, o)
		return true
	}
	if deadline > st.horizon {
		return false
	}
	r.Misses++
	st.countMiss(r, cause{due: deadline, created: st.wallOfDeadline(deadline)})
	return true
}

// cause is why an alert is written: a missed deadline of the schedule or of a run, or a
// reported failure.
type cause struct {
	due     int64 // serving
	created int64 // wall
	run     *table.OpenRun
	failed  *received

	tolerated bool // a failure that does not alert: too few came in a row
}

// isFailure reports whether the job failed, rather than was silent.
func (c *cause) isFailure() bool { return c.failed != nil || c.run != nil }

// reason is the cause's word.
func (c *cause) reason() string {
	switch {
	case c.failed != nil:
		return "failure"
	case c.run != nil:
		return "hung_run"
	}
	return "silence"
}

// countMiss counts a miss. When the threshold is reached, the heartbeat becomes failing, or
// an unheard notice is written.
func (st *state) countMiss(r *table.Record, c cause) {
	r.Missed++
	st.misses++
	st.noteChange(r.Ordinal)
	if !r.Is(table.Resumed|table.Unheard) && r.Misses < int64(r.Threshold) {
		return
	}
	told := r.Is(table.Unheard)
	switch {
	case told && st.gaps.alsoExcuse(r, c.due): // by what it was told for
	case st.gaps.excuses(r, c.due) && (!told || st.gaps.excuseNewest(r)):
		st.reportUnheard(r, c)
	default:
		st.beginIncident(r, c)
	}
}

// reportUnheard writes the notice that pings were due only while none could be taken.
func (st *state) reportUnheard(r *table.Record, c cause) {
	r.Incident++
	r.LastAlert = c.created
	r.Set(table.Unheard)
	st.ledgerNow().WriteAlerts(r, fsm.AlertUnheard, c.due, c.created, st.failureEvidence(r, c))
}

// beginIncident makes a heartbeat failing and writes its alerts.
func (st *state) beginIncident(r *table.Record, c cause) {
	r.Incident++
	r.LastAlert = c.created
	st.failing[r.Ordinal] = struct{}{}
	r.Runs = st.table.OwnRuns(r.Ordinal)
	r.Runs.Incident = c.newIncident(r)
	st.ledgerNow().WriteAlerts(r, fsm.AlertDown, c.due, c.created, st.failureEvidence(r, c))
	r.Set(table.Failing)
	if c.isFailure() {
		r.Set(table.Reported)
	}
	r.ResetRule()
	st.changed = append(st.changed, fsm.Change{
		Ordinal: r.Ordinal, ID: r.Cold.ID, Incident: r.Incident, Since: c.created, Reason: c.reason(),
	})
}

// endIncident counts the misses of a failing heartbeat up to the horizon, makes it active,
// and returns the incident. It leaves the alerts to its caller.
func (st *state) endIncident(r *table.Record) table.Incident {
	st.countMissesUntil(r, st.horizon)
	r.Clear(table.Failing | table.Reported)
	delete(st.failing, r.Ordinal)
	ended := r.Runs.Incident
	r.Runs.Incident = table.Incident{}
	st.uptime.AddDown(r.Ordinal, ended.Since, st.wall)
	st.changed = append(st.changed, fsm.Change{Ordinal: r.Ordinal, ID: r.Cold.ID, Incident: r.Incident, Since: ended.Since, Until: st.wall})
	return ended
}

// countMissesUntil counts the misses of a failing heartbeat that nobody has counted yet, up
// to a serving time.
func (st *state) countMissesUntil(r *table.Record, until int64) {
	extra := r.MissesAt(until) - r.Misses
	r.Runs.Incident.Misses += extra
	r.Misses += extra
	r.Missed += uint32(extra)
	st.misses += uint64(extra)
}

// scheduleNext tells the table when a heartbeat is due next.
func (st *state) scheduleNext(r *table.Record) {
	if r.IsJudged() {
		st.table.Schedule(r.Ordinal, min(r.NextMiss(), r.Runs.Deadline()))
	}
}

// failAgain counts one more failure of a failing heartbeat. If its incident told of silence
// only, the failure is told too, once.
func (st *state) failAgain(r *table.Record, c cause) {
	r.Runs.Incident.Failures++
	if r.Is(table.Reported) || c.tolerated {
		return
	}
	r.Set(table.Reported)
	st.noteChange(r.Ordinal)
	e := st.failureEvidence(r, c)
	addIncident(&e, r.Runs.Incident)
	st.ledgerNow().WriteFailures(r, c.due, c.created, e)
}
