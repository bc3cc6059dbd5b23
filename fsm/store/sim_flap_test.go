package store

import (
	"bytes"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
)

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
	open, waits := map[pile]int{}, map[pile]int{}
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
		}
	}
}

// simFlap is until when a recipient is told nothing of later incidents of a heartbeat than one.
type simFlap struct {
	until    int64
	incident uint32
}

// tellFlap notes that an attempt ended for good, or in doubt: whatever it told of opens the flap window of
// its recipient, but for a recovery of what was told before.
func (m *model) tellFlap(id fsm.AlertID) {
	carrier := m.rowOf(id)
	if carrier == nil || m.settings.FlapWindow == 0 {
		return
	}
	for _, x := range append([]fsm.AlertID{id}, carrier.Members...) {
		r := m.rowOf(x)
		if r == nil || !r.Kind.Alarms() && (r.Kind != fsm.AlertRecovered || r.Evidence.Unpack().Flaps == 0) {
			continue
		}
		to := teller{r.Heartbeat, r.Recipient}
		m.flaps[to] = simFlap{m.serving + m.settings.FlapWindow, max(r.Incident, m.flaps[to].incident)}
	}
}

// flapsUntil returns until when the flap window of a row keeps it back; 0: it does not.
func (m *model) flapsUntil(r *ledger.Row) int64 {
	f := m.flaps[teller{r.Heartbeat, r.Recipient}]
	if !isTold(r.Kind) || m.hurried[r.ID] || r.Incident <= f.incident || m.serving >= f.until {
		return 0
	}
	return f.until
}

// checkHeld asks that a row waits for nothing but what there is to wait for, and not for longer.
func (w *world) checkHeld(r *ledger.Row) {
	if r.State != fsm.AlertPending || r.Digest != (fsm.AlertID{}) || r.Kind == fsm.AlertDigest || r.Attempt > 0 {
		return
	}
	until := w.model.flapsUntil(r)
	w.saw(sawHeldBack, until > 0 && !w.model.heldBack[r.ID])
	if until > 0 {
		w.model.heldBack[r.ID] = true
	}
	a, err := w.observer.Alert(r.ID)
	if err != nil {
		w.fail("row %x: %v", r.ID[:3], err)
	}
	waits := a.Waits.UnixMilli() - w.observer.st.wall + w.model.serving
	switch until = max(until, r.NotBefore); {
	case w.model.waits(r):
	case until <= w.model.serving && !a.Waits.IsZero():
		w.fail("at %d row %x of incident %d waits until %d, and nothing keeps it", w.model.serving, r.ID[:3], r.Incident, waits)
	case until > w.model.serving && waits != until:
		w.fail("at %d row %x of incident %d waits until %d, want %d", w.model.serving, r.ID[:3], r.Incident, waits, until)
	}
}

// toldDown is the newest incident of which somebody was told, and when first.
type toldDown struct {
	incident uint32
	at       int64 // serving
}

// checkWindow asks, when a down reaches somebody, that no other one of the heartbeat did less than a flap window before.
func (w *world) checkWindow(r *ledger.Row) {
	w.saw(sawFlaps, r != nil && r.Evidence.Unpack().Flaps > 0)
	if r == nil || r.Kind != fsm.AlertDown {
		return
	}
	to, at := teller{r.Heartbeat, r.Recipient}, w.observer.st.serving
	old, ok := w.toldAt[to]
	if ok && old.incident >= r.Incident {
		return
	}
	w.toldAt[to] = toldDown{r.Incident, at}
	if ok && at-old.at < w.model.settings.FlapWindow && !w.model.resettled && !w.wasHurried(to) {
		w.fail("hb%d: row %x tells %q of incident %d, %d ms after it was told of %d", r.Heartbeat[7], r.ID[:3], r.Recipient, r.Incident, at-old.at, old.incident)
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
		case r.Kind.Alarms() && r.Incident != b.incident: // who was told of that is not told of this one
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
// incident, or by a reminder that waited: who was told of no beginning has only that.
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
