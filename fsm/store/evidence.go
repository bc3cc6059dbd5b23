package store

import (
	"cmp"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// evidenceGaps is how many gaps a mail tells of at most, the newest.
const evidenceGaps = 5

// failureEvidence returns the evidence of a missed deadline or a failure.
func (st *state) failureEvidence(r *table.Record, c cause) fsm.Evidence {
	e := st.scheduleEvidence(r)
	e.Output = r.Runs.OutputSince(r.Runs.LastEnd())
	switch {
	case c.failed != nil:
		e.Failed, e.Exit, e.Due, e.Broke = true, max(0, c.failed.Exit), time.Time{}, c.failed.broke
		e.Output = r.Runs.OutputSince(c.failed.ended + 1)
		if len(c.failed.Body) > 0 { // also if none are kept
			e.Output = table.Excerpt(c.failed.Body)
		}
	case c.run != nil:
		e.Started = fsm.WallTime(c.run.Began())
		e.Due = fsm.WallTime(c.run.Wall + r.RunLimit() + st.gaps.lengthSinceRun(c.run))
	}
	return e
}

func (st *state) scheduleEvidence(r *table.Record) fsm.Evidence {
	s := r.Cold.Spec
	e := fsm.Evidence{
		Name: s.Name, LastPing: fsm.WallTime(r.LastPing), LastFrom: table.CallerOf(&r.Head),
		Interval: s.Interval, Grace: s.Grace, Threshold: s.Threshold, Pings: r.Pings,
		Rule: r.Rule(), Misses: r.Misses, Due: fsm.WallTime(st.expectedAt(r, r.Misses-r.Carried)),
		Schedule: scheduleInWords(&s),
	}
	if r.Runs != nil {
		e.Resumed = fsm.WallTime(r.Runs.Resumed)
	}
	gaps := st.gaps.sinceAnchor(r)
	for _, g := range gaps[max(0, len(gaps)-evidenceGaps):] {
		e.Gaps = append(e.Gaps, fsm.Gap{From: fsm.WallTime(g.from), To: fsm.WallTime(g.to)})
	}
	return e
}

// newIncident returns the incident that a cause begins.
func (c *cause) newIncident(r *table.Record) table.Incident {
	in := table.Incident{Since: c.created, Misses: r.Misses}
	if c.isFailure() {
		in.Failures = 1
	} else {
		in.Silent = fsm.NotKnown
	}
	return in
}

// endSilence ends the silence that began an incident.
func endSilence(in *table.Incident, r *table.Record, h *received) {
	if in.Silent == fsm.NotKnown {
		in.Silent = max(0, h.at-silentSince(r, h))
	}
}

// silentSince returns the wall time of the last ping before a signal.
func silentSince(r *table.Record, h *received) int64 {
	if h.before == 0 {
		return r.Cold.Created
	}
	return h.before
}

// addIncident adds an incident's figures to the evidence.
func addIncident(e *fsm.Evidence, in table.Incident) {
	e.Since, e.Misses, e.Failures = fsm.WallTime(in.Since), in.Misses, in.Failures
	e.Silent = millis(in.Silent)
}

func millis(ms int64) time.Duration { return time.Duration(max(0, ms)) * time.Millisecond }

// reminderEvidence returns what the n-th reminder of an incident tells, at a wall time.
func (st *state) reminderEvidence(r *table.Record, n, wall int64) fsm.Evidence {
	e := st.scheduleEvidence(r)
	addIncident(&e, r.Runs.Incident)
	e.Due, e.Reminder, e.Down = time.Time{}, n, millis(wall-r.Runs.Incident.Since)
	e.Acts = st.actsOf(r.Cold.ID, r.Incident)
	return e
}

// recoveryEvidence returns the evidence of a good run that ended an incident.
func (st *state) recoveryEvidence(r *table.Record, ended table.Incident) fsm.Evidence {
	e := st.scheduleEvidence(r)
	addIncident(&e, ended)
	e.Due = time.Time{}
	e.Down = millis(st.wall - ended.Since)
	e.Acts = st.actsOf(r.Cold.ID, r.Incident)
	return e
}

// scheduleInWords is what an alert shows of a schedule, "" for an interval.
func scheduleInWords(s *fsm.Spec) string {
	if len(s.Schedule) == 0 {
		return ""
	}
	return strings.Join(s.Schedule, "; ") + " " + cmp.Or(s.TZ, "UTC")
}
