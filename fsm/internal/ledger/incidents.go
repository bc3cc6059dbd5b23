package ledger

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// RowsOf returns what is kept of the rows of an incident, oldest first.
func (now Now) RowsOf(ref fsm.IncidentRef, ordinal uint64) (list []fsm.Alert) {
	for _, k := range now.byHeartbeat[ref.Heartbeat] {
		if r := now.Rows[k.id]; r.ordinal == ordinal && r.Incident == ref.Number {
			list = append(list, now.viewRow(r))
		}
	}
	return list
}

// Silence cancels the alarms of a heartbeat's incident that did not go out, and those that are left of
// earlier ones, for somebody has said that no more shall. One that may have gone out is held, so that
// its recipient is told of the recovery.
func (now Now) Silence(h *table.Record) {
	for _, k := range slices.Backward(slices.Clone(now.byHeartbeat[h.Cold.ID])) {
		r := now.Rows[k.id]
		if r == nil || r.ordinal != h.Ordinal || r.Incident != h.Incident && now.waitingBehind(r) != nil {
			continue // what waits behind an earlier one tells how it ended
		}
		if r.Kind.Alarms() && r.Digest == (fsm.AlertID{}) && (r.State == fsm.AlertPending || r.State == fsm.AlertClaimed || r.isOnHold()) {
			now.changeRow(r.ID, func(r *Row) { r.silence() })
		}
	}
}

// silence ends a row without sending it.
func (r *Row) silence() {
	r.State, r.Err = fsm.AlertCancelled, silenced
	if r.isInDoubt() {
		r.State, r.Err = fsm.AlertHeld, silencedInDoubt
	}
}

// silenceIfQuiet ends a row that would have to be tried again, if its incident is silent by now, or
// the one that its heartbeat has since.
func (now Now) silenceIfQuiet(r *Row) {
	if !r.Kind.Alarms() || r.State != fsm.AlertPending {
		return
	}
	since := now.watch.OpenIncident(r.ordinal)
	if now.watch.IsQuiet(r.Heartbeat, r.Incident) || since > r.Incident && now.watch.IsQuiet(r.Heartbeat, since) && now.waitingBehind(r) == nil {
		r.silence()
	}
}

// WriteReminders writes the n-th reminder of the incident that goes on, for each of those who are
// told of its heartbeat now. Who has another alarm under way, or waiting, is left out: it tells
// the same. due is the serving time for which it stands, created the wall time at which that came.
func (now Now) WriteReminders(r *table.Record, n, due, created int64, e fsm.Evidence) {
	packed := Pack(e)
	alarms := now.alarmRows(r)
	for _, to := range now.targetsOf(r, fsm.AlertReminder) {
		if to.name == "" || now.hasOpenAlarm(r, to.name) {
			continue
		}
		x := Row{
			ID: ReminderID(r.Cold.ID, r.Incident, n, to.name), Kind: fsm.AlertReminder, Recipient: to.name,
			Due: due, created: created, Evidence: packed,
		}
		if i := slices.IndexFunc(alarms, func(a *Row) bool { return a.Recipient == to.name }); i >= 0 {
			now.followAlarm(&x, alarms[i])
		} else if to.after() > 0 {
			x.NotBefore = now.beganAt(r, due) + to.after()
		}
		now.supersedeWaiting(r, &x)
		now.writeRow(r, x)
	}
}

// beganAt returns when the incident began that goes on, in serving time, by what is kept of it.
func (now Now) beganAt(r *table.Record, otherwise int64) int64 {
	if rows := now.rowsOfIncident(r, r.Incident); len(rows) > 0 {
		return rows[0].Due
	}
	return otherwise
}

// followAlarm lets a reminder follow the newest alarm of its recipient: the one that went out, or
// else that which went out before. What had to wait for its time does so still.
func (now Now) followAlarm(x, alarm *Row) {
	if x.Answers = now.lastTold(alarm.ID); x.Answers != alarm.ID {
		x.NotBefore = max(0, alarm.NotBefore)
	}
}

// hasOpenAlarm reports whether an alarm of a heartbeat's incident to a recipient has not settled.
func (now Now) hasOpenAlarm(r *table.Record, to string) bool {
	return slices.ContainsFunc(now.openRows(r, to), func(x *Row) bool { return x.Incident == r.Incident && x.Kind.Alarms() })
}
