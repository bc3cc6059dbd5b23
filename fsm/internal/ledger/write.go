package ledger

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// NoRecipient is the error of a row that has no recipient.
const NoRecipient = "no recipient is configured: set --mail-to, the heartbeat's email, or a channel"

// WriteAlerts writes the rows of a new incident, or of a miss that no ping could prevent
// (AlertUnheard). due is the serving time of the event, created the wall time at which it
// was known.
func (now Now) WriteAlerts(r *table.Record, kind fsm.AlertKind, due, created int64, e fsm.Evidence) {
	plain, targets := Pack(e), now.targetsOf(r, kind)
	if kind == fsm.AlertDown && len(targets) > 0 { // what nobody takes is no flapping
		now.countFlap(&e, r, due)
	}
	packed := Pack(e)
	for _, to := range targets {
		x := Row{Kind: kind, Recipient: to.name, Due: due, NotBefore: to.notBefore(kind, due), created: created, Evidence: packed}
		switch {
		case to.after() > 0:
			x.Evidence = plain // it is told of what lasts, not of what flaps
		case kind == fsm.AlertDown:
			now.countHeldBack(&x, r.Ordinal, r.Incident)
		}
		now.supersedeWaiting(r, &x)
		now.writeRow(r, x)
	}
}

// notBefore returns when a target may be told of an event, in serving time; 0: at once.
func (t target) notBefore(kind fsm.AlertKind, due int64) int64 {
	if t.after() > 0 && kind == fsm.AlertDown {
		return due + t.after()
	}
	return 0
}

// WriteCanary writes a message to one recipient, whatever else that takes. It is sent alone. One that waits
// gives way to it.
func (now Now) WriteCanary(r *table.Record, to string, e fsm.Evidence) {
	x := Row{Kind: fsm.AlertCanary, Recipient: to, Due: now.Serving, created: now.Wall, Evidence: Pack(e)}
	now.supersedeWaiting(r, &x)
	now.writeRow(r, x)
}

// WriteRecoveries writes the recovery alerts of an incident that a good run ended, one for each
// recipient that the incident was told to.
func (now Now) WriteRecoveries(r *table.Record, e fsm.Evidence) {
	packed := Pack(e)
	alarms := now.alarmRows(r)
	for _, alarm := range alarms {
		x := Row{Kind: fsm.AlertRecovered, Recipient: alarm.Recipient, Due: now.Serving, created: now.Wall, Evidence: packed}
		if x = now.completeRecovery(alarm, x); now.takes(x.Recipient, x.Kind) {
			now.writeRow(r, x)
		}
	}
	if len(alarms) > 0 || !now.mayHaveDropped() {
		return // who takes no failures is told of no recovery
	}
	// The rows of a very long incident may be gone: its mail went out long ago.
	for _, to := range now.targetsOf(r, fsm.AlertRecovered) {
		now.writeRow(r, Row{Kind: fsm.AlertRecovered, Recipient: to.name, Due: now.Serving, created: now.Wall, Evidence: packed})
	}
}

// WriteFailures writes the alerts of the first failure in an incident that began with silence.
func (now Now) WriteFailures(r *table.Record, due, created int64, e fsm.Evidence) {
	packed := Pack(e)
	alarms := now.alarmRows(r)
	for _, down := range alarms {
		now.writeFailure(r, down, Row{Kind: fsm.AlertFailure, Recipient: down.Recipient, Due: due, created: created, Evidence: packed})
	}
	if len(alarms) > 0 {
		return
	}
	// The rows of a very long incident may be gone, or nobody took its beginning.
	for _, to := range now.targetsOf(r, fsm.AlertFailure) {
		x := Row{Kind: fsm.AlertFailure, Recipient: to.name, Due: due, created: created, Evidence: packed}
		if to.after() > 0 {
			x.NotBefore = now.beganAt(r, due) + to.after()
		}
		now.writeRow(r, x)
	}
}

// mayHaveDropped reports whether the rows of an incident may have been dropped, as the oldest of too
// many. While far fewer are kept than there may be, none was.
func (now Now) mayHaveDropped() bool { return now.settled.Len() >= fsm.MaxSettled/2 }

// writeRow fills in what all rows of a heartbeat have, and inserts the row.
func (now Now) writeRow(r *table.Record, x Row) {
	if x.ID == (fsm.AlertID{}) {
		x.ID = AlertIDOf(r.Cold.ID, r.Incident, x.Kind, x.Recipient)
	}
	x.ordinal = r.Ordinal
	x.Heartbeat = r.Cold.ID
	x.Incident = r.Incident
	x.counted = now.isAlone(x.Recipient) || x.Kind == fsm.AlertCanary
	if x.State == 0 {
		x.State = fsm.AlertPending
	}
	if x.Recipient == "" && x.State == fsm.AlertPending {
		x.State, x.Err, x.Evidence = fsm.AlertFailed, NoRecipient, x.Evidence.withoutOutput()
	}
	now.insertRow(x)
	if x.Recipient == "" {
		now.Unaddressed = x.ID
	}
}

// CancelUnsent cancels the alerts of a heartbeat's incident that no sender has claimed.
func (now Now) CancelUnsent(h *table.Record) {
	for _, r := range now.rowsOfIncident(h, h.Incident) {
		if r.Kind.Alarms() && (r.State == fsm.AlertPending && r.Digest == (fsm.AlertID{}) || r.isOnHold()) {
			now.cancelRow(r.ID, "its heartbeat was paused or deleted before this could be sent")
		}
	}
}

// rowsOfIncident returns the rows of one incident of a heartbeat, oldest first.
func (now Now) rowsOfIncident(h *table.Record, incident uint32) (rows []*Row) {
	for _, k := range now.byHeartbeat[h.Cold.ID] {
		if r := now.Rows[k.id]; r.ordinal == h.Ordinal && r.Incident == incident {
			rows = append(rows, r)
		}
	}
	return rows
}

// insertKey and removeKey keep a short list ordered.
func insertKey(keys []Key, k Key) []Key {
	i, found := slices.BinarySearchFunc(keys, k, Key.Compare)
	if found {
		return keys
	}
	return slices.Insert(keys, i, k)
}

func removeKey(keys []Key, k Key) []Key {
	i, found := slices.BinarySearchFunc(keys, k, Key.Compare)
	if !found {
		return keys
	}
	return slices.Delete(keys, i, i+1)
}
