package store

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// incident is what a failing heartbeat has come to. It is zero while none is.
type incident struct {
	since    int64 // wall: when it began
	silent   int64 // ms until something was heard again; none: nothing was yet
	misses   int64 // with those that led to it
	failures int64 // reported, and runs that did not finish
}

// begin makes the incident of a heartbeat that fails for a cause.
func (c *cause) begin(r *record) incident {
	in := incident{since: c.created, misses: r.misses}
	if c.isFailure() {
		in.failures = 1
	} else {
		in.silent = fsm.None
	}
	return in
}

// hear ends the silence that began an incident.
func (in *incident) hear(r *record, h *heard) {
	if in.silent == fsm.None {
		in.silent = max(0, h.at-silentSince(r, h))
	}
}

// silentSince is the wall time of the last ping before a signal.
func silentSince(r *record, h *heard) int64 {
	if h.before == 0 {
		return r.config.created
	}
	return h.before
}

// again counts one more failure of a heartbeat that fails already. If its incident
// told of silence only, the failure is told as well, once.
func (st *state) again(r *record, c cause) {
	r.extras.incident.failures++
	if r.is(flagReported) {
		return
	}
	r.set(flagReported)
	e := st.evidenceOf(r, c)
	addIncident(&e, r.extras.incident)
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
func (st *state) writeFailure(r *record, down *row, x row) {
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
func (st *state) alarms(r *record) (newest []*row) {
	for _, x := range st.rowsOf(r, r.incident) {
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
func addIncident(e *fsm.Evidence, in incident) {
	e.Since, e.Misses, e.Failures = fsm.WallTime(in.since), in.misses, in.failures
	e.Silent = time.Duration(max(0, in.silent)) * time.Millisecond
}
