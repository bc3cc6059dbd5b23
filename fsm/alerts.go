package fsm

import (
	"slices"
	"time"
)

// evidenceGaps is how many gaps a mail tells of at most, the newest.
const evidenceGaps = 5

// noRecipient is the reason of a row that nobody can be sent.
const noRecipient = "no recipient is configured: set --mail-to, or the heartbeat's email"

// recipients of a heartbeat's alerts; one empty string if there is none.
func (st *state) recipients(r *record) []string {
	switch {
	case len(r.config.spec.Emails) > 0:
		return r.config.spec.Emails
	case len(st.settings.MailTo) > 0:
		return st.settings.MailTo
	}
	return []string{""}
}

// writeAlerts writes the rows of an incident that begins.
func (st *state) writeAlerts(r *record, kind AlertKind, c cause) {
	e := st.evidence(r)
	e.Output = r.extras.printed(r.extras.lastEnd())
	switch {
	case c.failed != nil:
		e.Failed, e.Exit, e.Due = true, max(0, c.failed.Exit), time.Time{}
		e.Output = r.extras.printed(c.failed.ended + 1)
		if len(c.failed.Body) > 0 { // also if none are kept
			e.Output = excerpt(c.failed.Body)
		}
	case c.run != nil:
		e.Started = wallTime(c.run.began())
		e.Due = wallTime(c.run.wall + r.grace() + st.gaps.after(c.run))
	}
	from := int64(0)
	if kind == AlertDown {
		from = st.hold(r, c.due)
		e.flapped(r, c.due)
	}
	packed := packEvidence(e)
	for _, to := range st.recipients(r) {
		x := row{kind: kind, recipient: to, due: c.due, notBefore: from, created: c.created, evidence: packed}
		st.supersede(r, &x)
		st.writeRow(r, x)
	}
}

// writeRecovered answers each down of the incident that just ended. One that was
// reported lasted from its alert on; any other is a silence.
func (st *state) writeRecovered(r *record, silentSince int64, reported bool) {
	e := st.evidence(r)
	if e.Failed = reported; reported {
		silentSince, e.Due = r.lastAlert, time.Time{}
	}
	e.Silent = time.Duration(max(0, st.wall-silentSince)) * time.Millisecond
	packed, found := packEvidence(e), false
	for _, down := range st.rowsOf(r, r.incident) {
		if down.kind != AlertDown {
			continue
		}
		found = true
		x := row{kind: AlertRecovered, recipient: down.recipient, due: st.serving, created: st.wall, evidence: packed}
		st.writeRow(r, st.recovery(down, x))
	}
	if found {
		return
	}
	// The rows of a very long incident may be gone: its mail went out long ago.
	for _, to := range st.recipients(r) {
		st.writeRow(r, row{kind: AlertRecovered, recipient: to, due: st.serving, created: st.wall, evidence: packed})
	}
}

// writeRow completes a row about a heartbeat and inserts it.
func (st *state) writeRow(r *record, x row) {
	x.id = alertID(r.config.id, r.incident, x.kind, x.recipient)
	x.ord = r.ord
	x.heartbeat = r.config.id
	x.incident = r.incident
	if x.state == 0 {
		x.state = AlertPending
	}
	if x.recipient == "" && x.state == AlertPending {
		x.state, x.err, x.evidence = AlertFailed, noRecipient, x.evidence.withoutOutput()
	}
	st.ledger.insert(x)
	if x.recipient == "" {
		st.ledger.unaddressed = x.id
	}
}

func (st *state) evidence(r *record) Evidence {
	s := r.config.spec
	e := Evidence{
		Name: s.Name, LastPing: wallTime(r.lastPing), LastFrom: r.from(),
		Interval: s.Interval, Grace: s.Grace, Threshold: s.Threshold, Pings: r.pings,
		Misses: r.misses, Due: wallTime(r.expected(r.misses-r.base) + st.gaps.since(r)),
	}
	gaps := st.gaps.sinceAnchor(r)
	for _, g := range gaps[max(0, len(gaps)-evidenceGaps):] {
		e.Gaps = append(e.Gaps, Gap{wallTime(g.from), wallTime(g.to)})
	}
	return e
}

// cancelDown cancels the downs of an incident that no sender has claimed.
func (st *state) cancelDown(h *record, incident uint32) {
	for _, r := range st.rowsOf(h, incident) {
		if r.kind == AlertDown && r.state == AlertPending && r.digest == (AlertID{}) {
			st.cancel(r.id, "its heartbeat was paused or deleted before this could be sent")
		}
	}
}

// rowsOf returns the rows of one incident of a heartbeat, oldest first.
func (st *state) rowsOf(h *record, incident uint32) (rows []*row) {
	for _, k := range st.ledger.byHeart[h.config.id] {
		if r := st.ledger.rows[k.id]; r.ord == h.ord && r.incident == incident {
			rows = append(rows, r)
		}
	}
	return rows
}

// insertKey and removeKey keep a short list ordered.
func insertKey(keys []rowKey, k rowKey) []rowKey {
	i, found := slices.BinarySearchFunc(keys, k, compareKeys)
	if found {
		return keys
	}
	return slices.Insert(keys, i, k)
}

func removeKey(keys []rowKey, k rowKey) []rowKey {
	i, found := slices.BinarySearchFunc(keys, k, compareKeys)
	if !found {
		return keys
	}
	return slices.Delete(keys, i, i+1)
}
