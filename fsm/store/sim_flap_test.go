package store

import (
	"bytes"
	"math"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
)

// began expects the alerts of an incident that begins at a serving time, as DESIGN
// section 6 on flapping has it, written plainly.
func (m *model) began(b *beat, at int64) {
	m.expect(b, fsm.AlertDown)
	length := m.settings.FlapWindow
	if b.windowAt >= 0 && at >= b.windowAt+length && at < b.windowAt+2*length && b.inWindow > 1 {
		b.windowAt, b.inWindow = b.windowAt+length, 1 // what was held back is told where the next one begins
	}
	if length == 0 || b.windowAt < 0 || at >= b.windowAt+length {
		b.windowAt, b.inWindow = at, 1
		return
	}
	b.inWindow++
	for k, e := range m.alerts {
		if k.hb == b.id && k.incident == b.incident && k.kind == fsm.AlertDown {
			e.heldUntil, e.flaps = b.windowAt+length, b.inWindow-1
		}
	}
}

// teller is who is told of a heartbeat.
type teller struct {
	hb fsm.HeartbeatID
	to string
}

func isTold(k fsm.AlertKind) bool { return k.Alarms() || k == fsm.AlertRecovered }

// checkBounds asks that what a flapping heartbeat leaves waiting is bounded: one row
// in a sender's hands and one that waits, of its story and of what was unheard each.
// What a person, or a late answer, brought back comes on top.
func (w *world) checkBounds() {
	type pile struct {
		teller
		unheard bool
	}
	open, waits, slots := map[pile]int{}, map[pile]int{}, map[teller]*ledger.Row{}
	l := &w.observer.st.ledger
	for id, r := range l.Rows {
		seen := w.rows[id]
		if r.Kind == fsm.AlertDigest || l.CarrierState(r).Settled() || seen.held || seen.failed {
			continue
		}
		if carrier := w.rows[r.Digest]; carrier != nil && (carrier.held || carrier.failed) {
			continue
		}
		p := pile{teller: teller{r.Heartbeat, r.Recipient}, unheard: r.Kind == fsm.AlertUnheard}
		if open[p]++; open[p] > 2 {
			w.fail("%d rows of hb%d for %q are not settled", open[p], r.Heartbeat[7], r.Recipient)
		}
		if r.IsCancellable() {
			if waits[p]++; waits[p] > 1 {
				w.fail("%d rows of hb%d for %q wait", waits[p], r.Heartbeat[7], r.Recipient)
			}
			if isTold(r.Kind) {
				slots[p.teller] = r
			}
		}
	}
	w.checkSlots(slots)
}

// checkSlots asks that flapping never puts off what it is to tell of.
func (w *world) checkSlots(slots map[teller]*ledger.Row) {
	for to, old := range w.slots {
		seen, next := w.rows[old.ID], slots[to]
		if next == nil || next.ID == old.ID || seen.row.State != fsm.AlertCancelled || old.Evidence.Unpack().Flaps == 0 {
			continue
		}
		if next.NotBefore > old.NotBefore && !w.byHand(to) && !w.isSilenced(old) {
			w.fail("row %x puts off what %x was to tell from %d to %d", next.ID[:3], old.ID[:3], old.NotBefore, next.NotBefore)
		}
	}
	w.slots = slots
}

// checkHeld asks that a down is held back for as long as the rules say.
func (w *world) checkHeld(r *ledger.Row) {
	if r.Kind != fsm.AlertDown {
		return
	}
	e := w.model.alerts[alertKey{r.Heartbeat, r.Incident, r.Kind, r.Recipient}]
	if flaps := r.Evidence.Unpack().Flaps; r.Recipient != "" && r.State == fsm.AlertPending && (r.NotBefore > e.heldUntil || flaps < e.flaps) {
		w.fail("row %x is held back until %d for %d incidents, want at most until %d for at least %d", r.ID[:3], r.NotBefore, flaps, e.heldUntil, e.flaps)
	}
	w.saw(sawHeldBack, r.NotBefore > 0)
}

// checkWindow asks, when a down reaches somebody, that no other one of the heartbeat
// did whose incident began less than a flap window before.
func (w *world) checkWindow(r *ledger.Row) {
	w.saw(sawFlaps, r != nil && r.Evidence.Unpack().Flaps > 0)
	if r == nil || r.Kind != fsm.AlertDown || w.model.resettled || w.wasHurried(teller{r.Heartbeat, r.Recipient}) {
		return
	}
	at := w.rows[r.ID].slot
	if old, ok := w.toldAt[teller{r.Heartbeat, r.Recipient}]; ok && old.id != r.ID && at-old.at < w.model.settings.FlapWindow && at >= old.at {
		w.fail("hb%d: row %x tells %q of incident %d, %d ms after %x told of another", r.Heartbeat[7], r.ID[:3], r.Recipient, r.Incident, at-old.at, old.id[:3])
	}
}

// wasHurried reports whether somebody had an alert delivered at once: then windows bind no more.
func (w *world) wasHurried(to teller) bool {
	for id := range w.model.hurried {
		if seen := w.rows[id]; seen != nil && seen.row.Heartbeat == to.hb && seen.row.Recipient == to.to {
			return true
		}
	}
	return false
}

// told is a down that reached somebody, and from when it might.
type toldDown struct {
	id fsm.AlertID
	at int64
}

// slotOf is the end of the flap window for which a new row tells, or the beginning of
// its incident if that is told at once. What takes the place of another tells for it.
func (w *world) slotOf(r *ledger.Row) int64 {
	e := w.model.alerts[alertKey{r.Heartbeat, r.Incident, r.Kind, r.Recipient}]
	switch {
	case r.Kind != fsm.AlertDown:
		return math.MaxInt64
	case e.heldUntil > 0:
		return e.heldUntil
	}
	return r.Due
}

// noteTold notes which downs a message told of.
func (w *world) noteTold(id fsm.AlertID) {
	rows := w.observer.st.ledger.Rows
	for _, x := range append([]fsm.AlertID{id}, rows[id].Members...) {
		if r := rows[x]; r != nil && r.Kind == fsm.AlertDown {
			to, at := teller{r.Heartbeat, r.Recipient}, w.rows[x].slot
			if at >= w.toldAt[to].at {
				w.toldAt[to] = toldDown{x, at}
			}
		}
	}
}

// checkTold asks at the end that nobody is left with an old story: who was told of a
// down is told of its end, a job that fails is known to fail, and flapping is told.
func (w *world) checkTold() {
	last, down := map[teller]*ledger.Row{}, map[teller]*ledger.Row{}
	for _, seen := range w.rows {
		r := &seen.row
		to := teller{r.Heartbeat, r.Recipient}
		if !isTold(r.Kind) || r.Recipient == "" {
			continue
		}
		if old := last[to]; old == nil || later(r, old) {
			last[to] = r
		}
		delivered := w.mail.delivered[r.ID] + w.mail.delivered[r.Digest]
		if old := down[to]; r.Kind.Alarms() && delivered > 0 && (old == nil || later(r, old)) {
			down[to] = r
		}
	}
	for to, r := range last {
		b := w.model.find(func(b *beat) bool { return b.id == to.hb })
		if b == nil || w.byHand(to) || b.failing != r.Kind.Alarms() {
			continue // the last: a row may come and be dropped within one entry
		}
		known := down[to]
		switch {
		case r.State != fsm.AlertCancelled:
		case r.Kind == fsm.AlertFailure && w.merged(r):
		case r.Kind.Alarms() && w.model.quieted[simIncident{r.Heartbeat, r.Incident}]: // see checkReminded
		case r.Kind.Alarms():
			w.fail("hb%d fails, and its alert %x to %q is cancelled", to.hb[7], r.ID[:3], to.to)
		case known != nil && !bytes.Equal(r.Answers[:], known.ID[:]) && !w.endTold(known):
			w.fail("%q knows that hb%d failed by %x, and is not told of its recovery", to.to, to.hb[7], known.ID[:3])
		case r.Evidence.Unpack().Flaps > 0:
			w.fail("hb%d failed %d times in a window, and %q is not told", to.hb[7], r.Evidence.Unpack().Flaps, to.to)
		}
	}
}

// later orders the rows of a story.
func later(a, b *ledger.Row) bool {
	if a.Incident != b.Incident || a.Kind.Rank() != b.Kind.Rank() {
		return a.Incident > b.Incident || a.Incident == b.Incident && a.Kind.Rank() > b.Kind.Rank()
	}
	return a.Evidence.Unpack().Reminder > b.Evidence.Unpack().Reminder
}

// merged reports whether the failure that a row tells of is told by the alert of its
// incident.
func (w *world) merged(r *ledger.Row) bool {
	down := w.rows[ledger.AlertIDOf(r.Heartbeat, r.Incident, fsm.AlertDown, r.Recipient)]
	return down != nil && tellsFailure(down.row.Evidence.Unpack()) || w.remindedOfFailure(r)
}

func tellsFailure(e fsm.Evidence) bool { return e.Failed || !e.Started.IsZero() }

// endTold reports whether a recovery after a down was sent, or could not be.
func (w *world) endTold(down *ledger.Row) bool {
	for _, seen := range w.rows {
		r := &seen.row
		if r.Kind == fsm.AlertRecovered && r.Heartbeat == down.Heartbeat && r.Recipient == down.Recipient &&
			r.Incident >= down.Incident && r.State != fsm.AlertCancelled {
			return true
		}
	}
	return false
}

// byHand reports whether some incident of a heartbeat was ended by hand, or a row of
// it could not be sent: then what its recipients know is another matter.
func (w *world) byHand(to teller) bool {
	for k, e := range w.model.alerts {
		if k.hb == to.hb && k.to == to.to && e.mayCancel {
			return true
		}
	}
	for _, seen := range w.rows {
		if seen.row.Heartbeat == to.hb && seen.row.Recipient == to.to && (seen.failed || seen.held || w.model.hands[seen.row.ID] == fsm.AlertCancelled) {
			return true
		}
	}
	return false
}
