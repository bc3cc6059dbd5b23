package store

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// evidenceGaps is how many gaps a mail tells of at most, the newest.
const evidenceGaps = 5

// noRecipient is the reason of a row that nobody can be sent.
const noRecipient = "no recipient is configured: set --mail-to, or the heartbeat's email"

// recipients of a heartbeat's alerts; one empty string if there is none.
func (st *state) recipients(r *table.Record) []string {
	switch {
	case len(r.Cold.Spec.Emails) > 0:
		return r.Cold.Spec.Emails
	case len(st.settings.MailTo) > 0:
		return st.settings.MailTo
	}
	return []string{""}
}

// writeAlerts writes the rows of an incident that begins.
func (st *state) writeAlerts(r *table.Record, kind fsm.AlertKind, c cause) {
	e := st.evidenceOf(r, c)
	from := int64(0)
	if kind == fsm.AlertDown {
		from = st.hold(r, c.due)
		addFlaps(&e, r, c.due)
	}
	packed := packEvidence(e)
	for _, to := range st.recipients(r) {
		x := row{kind: kind, recipient: to, due: c.due, notBefore: from, created: c.created, evidence: packed}
		st.supersede(r, &x)
		st.writeRow(r, x)
	}
}

// evidenceOf is the evidence of what was missed or has failed.
func (st *state) evidenceOf(r *table.Record, c cause) fsm.Evidence {
	e := st.evidence(r)
	e.Output = r.Runs.Output(r.Runs.LastEnd())
	switch {
	case c.failed != nil:
		e.Failed, e.Exit, e.Due = true, max(0, c.failed.Exit), time.Time{}
		e.Output = r.Runs.Output(c.failed.ended + 1)
		if len(c.failed.Body) > 0 { // also if none are kept
			e.Output = table.Excerpt(c.failed.Body)
		}
	case c.run != nil:
		e.Started = fsm.WallTime(c.run.Began())
		e.Due = fsm.WallTime(c.run.Wall + r.RunLimit() + st.gaps.sinceRun(c.run))
	}
	return e
}

// writeRecovered answers what told of the incident that a good run ended.
func (st *state) writeRecovered(r *table.Record, ended table.Incident, h *heard) {
	e := st.evidence(r)
	addIncident(&e, ended)
	e.Due, e.Clean = time.Time{}, h.Exit == 0
	e.Down = time.Duration(max(0, st.wall-ended.Since)) * time.Millisecond
	packed := packEvidence(e)
	alarms := st.alarms(r)
	for _, alarm := range alarms {
		x := row{kind: fsm.AlertRecovered, recipient: alarm.recipient, due: st.serving, created: st.wall, evidence: packed}
		st.writeRow(r, st.recovery(alarm, x))
	}
	if len(alarms) > 0 {
		return
	}
	// The rows of a very long incident may be gone: its mail went out long ago.
	for _, to := range st.recipients(r) {
		st.writeRow(r, row{kind: fsm.AlertRecovered, recipient: to, due: st.serving, created: st.wall, evidence: packed})
	}
}

// writeRow completes a row about a heartbeat and inserts it.
func (st *state) writeRow(r *table.Record, x row) {
	x.id = alertID(r.Cold.Id, r.Incident, x.kind, x.recipient)
	x.ord = r.Ordinal
	x.heartbeat = r.Cold.Id
	x.incident = r.Incident
	if x.state == 0 {
		x.state = fsm.AlertPending
	}
	if x.recipient == "" && x.state == fsm.AlertPending {
		x.state, x.err, x.evidence = fsm.AlertFailed, noRecipient, x.evidence.withoutOutput()
	}
	st.ledger.insert(x)
	if x.recipient == "" {
		st.ledger.unaddressed = x.id
	}
}

func (st *state) evidence(r *table.Record) fsm.Evidence {
	s := r.Cold.Spec
	e := fsm.Evidence{
		Name: s.Name, LastPing: fsm.WallTime(r.LastPing), LastFrom: table.CallerOf(r.Head),
		Interval: s.Interval, Grace: s.Grace, Threshold: s.Threshold, Pings: r.Pings,
		Rule: r.Rule(), Misses: r.Misses, Due: fsm.WallTime(r.Expected(r.Misses-r.Carried) + st.gaps.since(r)),
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

// cancelDown cancels what tells of an incident and no sender has claimed.
func (st *state) cancelDown(h *table.Record, incident uint32) {
	for _, r := range st.rowsOf(h, incident) {
		if r.kind.Alarms() && r.state == fsm.AlertPending && r.digest == (fsm.AlertID{}) {
			st.cancel(r.id, "its heartbeat was paused or deleted before this could be sent")
		}
	}
}

// rowsOf returns the rows of one incident of a heartbeat, oldest first.
func (st *state) rowsOf(h *table.Record, incident uint32) (rows []*row) {
	for _, k := range st.ledger.byHeart[h.Cold.Id] {
		if r := st.ledger.rows[k.id]; r.ord == h.Ordinal && r.incident == incident {
			rows = append(rows, r)
		}
	}
	return rows
}

// insertKey and removeKey keep a short list ordered.
func insertKey(keys []rowKey, k rowKey) []rowKey {
	i, found := slices.BinarySearchFunc(keys, k, rowKey.Compare)
	if found {
		return keys
	}
	return slices.Insert(keys, i, k)
}

func removeKey(keys []rowKey, k rowKey) []rowKey {
	i, found := slices.BinarySearchFunc(keys, k, rowKey.Compare)
	if !found {
		return keys
	}
	return slices.Delete(keys, i, i+1)
}
