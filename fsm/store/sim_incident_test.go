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
	due, began int64
	targets    []simTarget
}

func (b *beat) quiet() bool { return b.acked || b.snooze > 0 }

func (m *model) nextReminder(b *beat, at int64) int64 {
	every := m.remindEvery(b.spec)
	if every == 0 {
		return 0
	}
	return at + every*1000
}

// remindEvery is how often an incident is told again, in s; 0: never.
func (m *model) remindEvery(s fsm.Spec) int64 {
	switch {
	case s.NeverRemind:
		return 0
	case s.RemindEvery > 0:
		return s.RemindEvery
	}
	return m.settings.RemindEvery
}

// planReminders plans the reminders anew of those incidents that go by the settings, for these have changed.
func (m *model) planReminders() {
	for _, b := range append(slices.Clone(m.beats), m.systems...) {
		if b.failing && !b.deleted && !b.quiet() && b.spec.RemindEvery == 0 && !b.spec.NeverRemind {
			b.tellAt = m.nextReminder(b, m.serving)
		}
	}
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
	return m.actOnSystem(in, f), nil
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
	m.reminders[in] = append(m.reminders[in], simReminder{b.tellAt, b.began, m.targetsFor(b, fsm.AlertReminder)})
	b.acked, b.snooze, b.tellAt = false, 0, m.nextReminder(b, b.tellAt)
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
	if open := w.model.openSystems(); !w.setup.plain && len(open) > 0 && which/64%2 == 0 {
		b = open[int(which/128)%len(open)]
	}
	if b == nil {
		return nil
	}
	id = b.id
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
	case !slices.ContainsFunc(list[n-1].targets, func(x simTarget) bool { return x.name == r.Recipient }):
		w.fail("row %x, reminder %d, goes to %q, want one of %v", r.ID[:3], n, r.Recipient, list[n-1].targets)
	}
}

// checkQuiet asks that nothing of a silent incident can go out any more, but what a digest
// carries, a person has retried, or a sender had fenced already.
func (w *world) checkQuiet(r *ledger.Row) {
	seen := w.rows[r.ID]
	w.saw(sawSilenced, r.State == fsm.AlertCancelled && w.isSilenced(r))
	w.saw(sawReminded, r.State == fsm.AlertSent && r.Kind == fsm.AlertReminder)
	w.saw(sawSystemAgain, r.State == fsm.AlertSent && r.Kind == fsm.AlertReminder && r.Evidence.Unpack().System.Kind != 0)
	w.saw(sawNotEscalated, r.State == fsm.AlertCancelled && r.Kind == fsm.AlertDown && w.model.lasts(r) > 0 && w.mail.delivered[r.ID] == 0)
	if !r.Kind.Alarms() || r.State != fsm.AlertPending && r.State != fsm.AlertClaimed || r.Digest != (fsm.AlertID{}) || seen.failed || seen.held {
		return
	}
	if r.State == fsm.AlertPending && r.Attempt == 0 && w.model.hands[r.ID] != fsm.AlertPending && w.model.byHand[simIncident{r.Heartbeat, r.Incident}] {
		w.fail("row %x, a %v of an incident that ended by hand, waits still", r.ID[:3], r.Kind)
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

// wasReminded reports whether the recipient of a row had a reminder of its incident, also one that may have come and been
// dropped within one entry.
func (w *world) wasReminded(r *ledger.Row) bool {
	for n, x := range w.model.reminders[simIncident{r.Heartbeat, r.Incident}] {
		id := ledger.ReminderID(r.Heartbeat, r.Incident, int64(n+1), r.Recipient)
		mayBeGone := w.wasCrowded(r.Heartbeat) && slices.ContainsFunc(x.targets, func(t simTarget) bool { return t.name == r.Recipient })
		if w.rows[id] != nil || w.observer.st.ledger.Rows[id] != nil || mayBeGone {
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
		if r.Kind.Alarms() && w.wasReminded(r) && x.Kind == fsm.AlertRecovered && x.Heartbeat == r.Heartbeat && x.Incident == r.Incident && x.Recipient == r.Recipient {
			return true
		}
		if x.Kind == fsm.AlertReminder && x.Heartbeat == r.Heartbeat && x.Recipient == r.Recipient && r.Kind != fsm.AlertUnheard &&
			(x.Incident > r.Incident || x.Incident == r.Incident && r.Kind == fsm.AlertRecovered && x.State != fsm.AlertSent) {
			return true
		}
	}
	return false
}

// checkReturns asks, of each time at which an incident was to be told again, that each who was to be told
// has a reminder, or had another alarm of it under way, which tells the same.
func (w *world) checkReturns() {
	for in, list := range w.model.reminders {
		for n := w.returned[in] + 1; n <= len(list); n++ {
			for _, x := range list[n-1].targets {
				id := ledger.ReminderID(in.hb, in.number, int64(n), x.name)
				if x.name != "" && w.rows[id] == nil && w.observer.st.ledger.Rows[id] == nil && !w.wasCrowded(in.hb) && !w.openAlarms[alertKey{hb: in.hb, incident: in.number, to: x.name}] {
					w.fail("incident %d of %x was to be told again at %d, and %q has no reminder %d", in.number, in.hb[:3], list[n-1].due, x.name, n)
				}
			}
		}
		w.returned[in] = len(list)
	}
	w.openAlarms = map[alertKey]bool{}
	w.noteOpenAlarms()
}

// noteOpenAlarms notes which alarms have not settled, or are held back: openAlarms has those of any time since the reminders were looked at.
func (w *world) noteOpenAlarms() {
	for _, r := range w.observer.st.ledger.Rows {
		if r.Kind.Alarms() && (r.State == fsm.AlertHeld || !w.observer.st.ledger.CarrierState(r).Settled()) {
			w.openAlarms[alertKey{hb: r.Heartbeat, incident: r.Incident, to: r.Recipient}] = true
		}
	}
}

// checkReminded asks at the end that whoever was to be told again of an incident that goes on, and
// that nobody sees to, has an alarm of it that is not cancelled.
func (w *world) checkReminded() {
	for _, b := range append(slices.Clone(w.model.beats), w.model.systems...) {
		list := w.model.reminders[simIncident{b.id, b.incident}]
		if b.deleted || !b.failing || b.quiet() || len(list) == 0 {
			continue
		}
		for _, x := range list[len(list)-1].targets {
			if to := x.name; to != "" && !w.hasAlarm(b, to) && !w.byHand(teller{b.id, to}) {
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
