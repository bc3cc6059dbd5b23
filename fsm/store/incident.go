package store

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// begin makes the incident of a heartbeat that fails for a cause.
func (c *cause) begin(r *table.Record) table.Incident {
	in := table.Incident{Since: c.created, Misses: r.Misses}
	if c.isFailure() {
		in.Failures = 1
	} else {
		in.Silent = fsm.None
	}
	return in
}

// hear ends the silence that began an incident.
func hear(in *table.Incident, r *table.Record, h *heard) {
	if in.Silent == fsm.None {
		in.Silent = max(0, h.at-silentSince(r, h))
	}
}

// silentSince is the wall time of the last ping before a signal.
func silentSince(r *table.Record, h *heard) int64 {
	if h.before == 0 {
		return r.Cold.Created
	}
	return h.before
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
	packed := packEvidence(e)
	alarms := st.alarms(r)
	for _, down := range alarms {
		st.writeFailure(r, down, row{kind: fsm.AlertFailure, recipient: down.recipient, due: c.due, created: c.created, evidence: packed})
	}
	if len(alarms) > 0 {
		return
	}
	// The rows of a very long incident may be gone.
	for _, to := range st.recipients(r) {
		st.writeRow(r, row{kind: fsm.AlertFailure, recipient: to, due: c.due, created: c.created, evidence: packed})
	}
}

// writeFailure tells a recipient that what was silent has failed by now. A down that
// waits tells it in its own mail.
func (st *state) writeFailure(r *table.Record, down *row, x row) {
	if down.waiting() {
		st.changeRow(down.id, func(r *row) { r.evidence = x.evidence.withFlaps(down.evidence.unpack()) })
		return
	}
	st.supersede(r, &x)
	if s := st.ledger.carrierState(down); s != fsm.AlertFailed && s != fsm.AlertCancelled {
		x.answers = down.id
	} else if x.answers == (fsm.AlertID{}) {
		x.answers = down.answers
	}
	st.writeRow(r, x)
}

// alarms returns what tells each recipient of the incident that is going on, or just
// ended: the newest row.
func (st *state) alarms(r *table.Record) (newest []*row) {
	for _, x := range st.rowsOf(r, r.Incident) {
		if !x.kind.Alarms() {
			continue
		}
		i := slices.IndexFunc(newest, func(y *row) bool { return y.recipient == x.recipient })
		switch {
		case i < 0:
			newest = append(newest, x)
		case x.state != fsm.AlertCancelled:
			newest[i] = x
		}
	}
	return newest
}

// addIncident adds to an evidence what an incident has come to.
func addIncident(e *fsm.Evidence, in table.Incident) {
	e.Since, e.Misses, e.Failures = fsm.WallTime(in.Since), in.Misses, in.Failures
	e.Silent = time.Duration(max(0, in.Silent)) * time.Millisecond
}
