package store

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
)

type simIncident struct {
	hb     fsm.HeartbeatID
	number uint32
}

// simReminder is a time at which an incident was to be told again, and to whom.
type simReminder struct {
	due     int64
	targets []string
}

func (b *beat) quiet() bool { return b.acked || b.snooze > 0 }

func (b *beat) nextReminder(at int64) int64 {
	if b.spec.RemindEvery == 0 {
		return 0
	}
	return at + b.spec.RemindEvery*1000
}

// act is somebody who says something of an incident. The newest ones of a heartbeat are known.
func (m *model) act(in simIncident, f func(b *beat)) (fsm.Code, error) {
	for _, b := range m.beats {
		if b.id != in.hb {
			continue
		}
		if err := m.judge(b); err != nil {
			return 0, err
		}
		switch {
		case b.failing && !b.deleted && b.incident == in.number:
			f(b)
			return fsm.CodeOK, nil
		case in.number > 0 && in.number <= b.incident && b.incident-in.number < fsm.MaxIncidentsPer:
			return fsm.CodeRejected, nil
		}
	}
	return fsm.CodeNotFound, nil
}

// quieten silences an incident, until a serving time or, with 0, until it is over.
func (m *model) quieten(b *beat, until int64) {
	b.acked, b.snooze, b.tellAt = b.acked || until == 0, until, until
	m.quieted[simIncident{b.id, b.incident}] = true
}

func (m *model) unack(b *beat) {
	if b.quiet() {
		b.tellAt = m.serving
		m.wakes(b)
	}
}

// wakes tells an incident again.
func (m *model) wakes(b *beat) {
	if b.quiet() {
		m.woke++
	}
	in := simIncident{b.id, b.incident}
	m.reminders[in] = append(m.reminders[in], simReminder{b.tellAt, m.targets(b)})
	b.acked, b.snooze, b.tellAt = false, 0, b.nextReminder(b.tellAt)
}

// endSeen tells of the end of the incident that a pause had ended.
func (m *model) endSeen(b *beat) {
	if b.pausedIn == b.incident {
		m.goodWhilePaused++
		m.recovered(b)
	}
	b.pausedIn, b.good = 0, false
}

func (w *world) drawAct(id fsm.HeartbeatID, how, which uint32) fsm.Command {
	b := w.model.find(func(b *beat) bool { return b.id == id })
	if b == nil {
		return nil
	}
	n := b.incident
	if which%5 == 0 && n > 0 {
		n--
	}
	switch how % 5 {
	case 0, 1:
		return fsm.AckIncident{Heartbeat: id, Incident: n, By: []string{"Ann", "Bob"}[which/5%2]}
	case 2, 3:
		return fsm.SnoozeIncident{Heartbeat: id, Incident: n, For: 1000 + int64(which/5%8000), By: "Ann", Note: "later"}
	}
	return fsm.UnackIncident{Heartbeat: id, Incident: n}
}

// checkReminder asks that a reminder stands for a time at which its incident was to be told again.
func (w *world) checkReminder(r *ledger.Row) {
	w.reached[sawReminder]++
	n, list := r.Evidence.Unpack().Reminder, w.model.reminders[simIncident{r.Heartbeat, r.Incident}]
	switch {
	case n < 1 || int(n) > len(list) || r.ID != ledger.ReminderID(r.Heartbeat, r.Incident, n, r.Recipient):
		w.fail("row %x is reminder %d of incident %d of hb%d, of which there were to be %d", r.ID[:3], n, r.Incident, r.Heartbeat[7], len(list))
	case list[n-1].due != r.Due:
		w.fail("row %x, reminder %d, stands for %d, want %d", r.ID[:3], n, r.Due, list[n-1].due)
	case !slices.Contains(list[n-1].targets, r.Recipient):
		w.fail("row %x, reminder %d, goes to %q, want one of %q", r.ID[:3], n, r.Recipient, list[n-1].targets)
	}
}

// checkQuiet asks that nothing of a silent incident can go out any more, but what a digest
// carries, a person has retried, or a sender had fenced already.
func (w *world) checkQuiet(r *ledger.Row) {
	seen := w.rows[r.ID]
	w.saw(sawSilenced, r.State == fsm.AlertCancelled && w.isSilenced(r))
	w.saw(sawReminded, r.State == fsm.AlertSent && r.Kind == fsm.AlertReminder)
	if !r.Kind.Alarms() || r.State != fsm.AlertPending && r.State != fsm.AlertClaimed || r.Digest != (fsm.AlertID{}) || seen.failed || seen.held {
		return
	}
	b := w.model.find(func(b *beat) bool { return b.id == r.Heartbeat })
	if b != nil && b.failing && b.quiet() && b.incident == r.Incident {
		w.fail("row %x, a %v of a silent incident, is %v", r.ID[:3], r.Kind, r.State)
	}
}

// isSilenced reports whether a row may be cancelled since somebody saw to its incident.
func (w *world) isSilenced(r *ledger.Row) bool {
	return r.Kind.Alarms() && w.model.quieted[simIncident{r.Heartbeat, r.Incident}]
}

// wasReminded reports whether the recipient of a row had a reminder of its incident.
func (w *world) wasReminded(r *ledger.Row) bool {
	for n := range w.model.reminders[simIncident{r.Heartbeat, r.Incident}] {
		if w.rows[ledger.ReminderID(r.Heartbeat, r.Incident, int64(n+1), r.Recipient)] != nil || w.observer.st.ledger.Rows[ledger.ReminderID(r.Heartbeat, r.Incident, int64(n+1), r.Recipient)] != nil {
			return true
		}
	}
	return false
}

// remindedOfFailure reports whether a reminder of a row's incident tells its recipient of a failure.
func (w *world) remindedOfFailure(r *ledger.Row) bool {
	for _, seen := range w.rows {
		x := &seen.row
		if x.Kind == fsm.AlertReminder && x.Heartbeat == r.Heartbeat && x.Incident == r.Incident && x.Recipient == r.Recipient && tellsFailure(x.Evidence.Unpack()) {
			return true
		}
	}
	return false
}

// reminderAfter reports whether a reminder of a newer incident tells more than a row, or a recovery
// answers a reminder that never went out, or took its place.
func (w *world) reminderAfter(r *ledger.Row) bool {
	for _, seen := range w.rows {
		x := &seen.row
		if r.Kind == fsm.AlertReminder && x.Kind == fsm.AlertRecovered && x.Heartbeat == r.Heartbeat && x.Incident == r.Incident && x.Recipient == r.Recipient {
			return true
		}
		if x.Kind == fsm.AlertReminder && x.Heartbeat == r.Heartbeat && x.Recipient == r.Recipient && r.Kind != fsm.AlertUnheard &&
			(x.Incident > r.Incident || x.Incident == r.Incident && r.Kind == fsm.AlertRecovered && x.State != fsm.AlertSent) {
			return true
		}
	}
	return false
}

// checkReminded asks at the end that whoever was to be told again of an incident that goes on, and
// that nobody sees to, has an alarm of it that is not cancelled.
func (w *world) checkReminded() {
	for _, b := range w.model.beats {
		list := w.model.reminders[simIncident{b.id, b.incident}]
		if b.deleted || !b.failing || b.quiet() || len(list) == 0 {
			continue
		}
		for _, to := range list[len(list)-1].targets {
			if to != "" && !w.hasAlarm(b, to) && !w.byHand(teller{b.id, to}) {
				w.fail("hb%d fails and nobody sees to it, and %q is not told again", b.id[7], to)
			}
		}
	}
}

func (w *world) hasAlarm(b *beat, to string) bool {
	for _, seen := range w.rows {
		if x := &seen.row; x.Heartbeat == b.id && x.Incident == b.incident && x.Recipient == to && x.Kind.Alarms() && x.State != fsm.AlertCancelled {
			return true
		}
	}
	return false
}
