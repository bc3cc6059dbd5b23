package ledger

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// Reasons of rows that are cancelled because something newer is told instead.
const (
	RecoveredUnsent = "it recovered before this could be sent"
	failedAgain     = "it failed again before this could be sent"
	overtaken       = "a newer alert took its place before this could be sent"
	neverWentOut    = "the alert that it answers never went out"
	toldAtOnce      = "the alert of its incident had not gone out yet, and tells it"
)

// holdBack counts an incident that begins at a serving time, and returns from when its
// alert may go out: 0, at once, if it is the first in the heartbeat's flap window,
// else the window's end. If anything was held back, the next window begins there,
// for that is when it is told.
func (now Now) holdBack(r *table.Record, at int64) int64 {
	length := now.Settings.FlapWindow
	end := r.FlapStart + length
	quiet := at >= end && r.Flaps <= 1
	if length == 0 || r.Flaps == 0 || quiet || at >= end+length {
		r.FlapStart, r.Flaps = at, 1
		return 0
	}
	if at >= end {
		r.FlapStart, r.Flaps = end, 1
	}
	r.Flaps++
	return r.FlapStart + length
}

// addFlaps adds to the evidence of an incident how many there were in the window, but
// for the one that was told when it began.
func addFlaps(e *fsm.Evidence, r *table.Record, at int64) {
	if r.Flaps > 1 {
		e.Flaps, e.Within = int64(r.Flaps)-1, time.Duration(max(0, at-r.FlapStart))*time.Millisecond
	}
}

// IsCancellable reports whether nobody has a row in hand, or may have had it delivered: it
// can be cancelled unsent.
func (r *Row) IsCancellable() bool {
	return r.State == fsm.AlertPending && !r.isInDoubt() && r.Digest == (fsm.AlertID{})
}

// supersede readies a new row to take the place of what waits for its recipient. What
// is in a sender's hands is waited for, so that no more than one row of a heartbeat
// and recipient ever waits: the newest.
func (now Now) supersede(r *table.Record, x *Row) {
	for _, old := range now.openRows(r, x.Recipient) {
		switch {
		case (old.Kind == fsm.AlertUnheard) != (x.Kind == fsm.AlertUnheard):
			// A notice of what was not heard is another story.
		case old.IsCancellable():
			x.Answers, x.after = old.Answers, old.after
			x.inheritFlaps(old, 1)
			now.cancelRow(old.Id, overtakenBy(x, old))
		default:
			x.after = old.Id
		}
	}
}

// inheritFlaps lets a row tell of the flapping that an older one would have told of, with
// some more failures, and no later than that.
func (x *Row) inheritFlaps(old *Row, more int64) {
	told, own := old.Evidence.Unpack(), x.Evidence.Unpack()
	if told.Flaps == 0 {
		return
	}
	own.Flaps = max(own.Flaps, told.Flaps+more)
	own.Within = max(own.Within, told.Within+time.Duration(x.Due-old.Due)*time.Millisecond)
	x.Evidence = Pack(own)
	x.NotBefore = min(x.NotBefore, old.NotBefore)
}

// openRows returns the rows for a recipient that have not settled, oldest first.
func (now Now) openRows(r *table.Record, to string) (rows []*Row) {
	for _, k := range now.byHeartbeat[r.Cold.Id] {
		x := now.Rows[k.id]
		if x.ordinal == r.Ordinal && x.Recipient == to && x.Kind != fsm.AlertDigest && !now.CarrierState(x).Settled() {
			rows = append(rows, x)
		}
	}
	return rows
}

func (now Now) cancelRow(id fsm.AlertID, why string) {
	now.changeRow(id, func(r *Row) { r.State, r.Err = fsm.AlertCancelled, why })
}

// completeRecovery completes the row that tells of a recovery, and cancels a down that
// nobody was sent. The recovery is then told to whoever knows of an earlier one, and
// where the heartbeat flaps, when the down would have been; else it is cancelled too.
func (now Now) completeRecovery(down *Row, x Row) Row {
	x.Answers, x.after = down.Id, down.Id
	if s := now.CarrierState(down); s == fsm.AlertFailed || s == fsm.AlertCancelled {
		if x.Answers, x.after = down.Answers, down.Answers; x.Answers == (fsm.AlertID{}) {
			x.cancelUnanswered(down)
		}
	}
	if !down.IsCancellable() {
		return x
	}
	x.Answers, x.after = down.Answers, down.after
	if told := down.Evidence.Unpack(); told.Flaps > 0 {
		x.Evidence, x.NotBefore = x.Evidence.withFlaps(told), down.NotBefore
	} else if x.Answers == (fsm.AlertID{}) {
		x.cancelUnanswered(down)
	}
	now.cancelRow(down.Id, RecoveredUnsent)
	return x
}

// cancelUnanswered cancels a recovery whose down is cancelled.
func (x *Row) cancelUnanswered(down *Row) {
	x.State, x.Err, x.Answers = fsm.AlertCancelled, neverWentOut, down.Id
}

// yieldToNewer cancels a row that has to wait again, for a retry, if a newer one waits
// behind it.
func (now Now) yieldToNewer(id fsm.AlertID) {
	x := now.Rows[id]
	if x == nil || !x.IsCancellable() {
		return
	}
	next := now.waitingBehind(x)
	if next == nil {
		return
	}
	if next.Kind == fsm.AlertFailure && next.Incident == x.Incident {
		now.changeRow(id, func(r *Row) { r.Evidence = next.Evidence.withFlaps(x.Evidence.Unpack()) })
		now.cancelRow(next.Id, toldAtOnce)
		return
	}
	now.changeRow(next.Id, func(r *Row) {
		r.Answers, r.after = x.Answers, x.Answers
		r.inheritFlaps(x, r.Evidence.Unpack().Flaps)
		if r.Kind == fsm.AlertRecovered && r.Answers == (fsm.AlertID{}) && r.Evidence.Unpack().Flaps == 0 {
			r.cancelUnanswered(x)
		}
	})
	now.cancelRow(id, overtakenBy(next, x))
}

// overtakenBy tells why a row is cancelled for a newer one.
func overtakenBy(next, x *Row) string {
	switch {
	case next.Kind == fsm.AlertRecovered:
		return RecoveredUnsent
	case x.Kind == fsm.AlertRecovered:
		return failedAgain
	}
	return overtaken
}

// waitingBehind returns the row that waits until another has settled, nil if none does.
func (l *Ledger) waitingBehind(x *Row) *Row {
	if x.ordinal == 0 {
		return nil
	}
	for _, k := range l.byHeartbeat[x.Heartbeat] {
		if r := l.Rows[k.id]; r.after == x.Id && r.IsCancellable() {
			return r
		}
	}
	return nil
}

// writeFailure tells a recipient that what was silent has failed by now. A down that
// waits tells it in its own mail.
func (now Now) writeFailure(r *table.Record, down *Row, x Row) {
	if down.IsCancellable() {
		now.changeRow(down.Id, func(r *Row) { r.Evidence = x.Evidence.withFlaps(down.Evidence.Unpack()) })
		return
	}
	now.supersede(r, &x)
	if s := now.CarrierState(down); s != fsm.AlertFailed && s != fsm.AlertCancelled {
		x.Answers = down.Id
	} else if x.Answers == (fsm.AlertID{}) {
		x.Answers = down.Answers
	}
	now.writeRow(r, x)
}

// alarmRows returns what tells each recipient of the incident that is going on, or just
// ended: the newest row.
func (now Now) alarmRows(r *table.Record) (newest []*Row) {
	for _, x := range now.rowsOfIncident(r, r.Incident) {
		if !x.Kind.Alarms() {
			continue
		}
		i := slices.IndexFunc(newest, func(y *Row) bool { return y.Recipient == x.Recipient })
		switch {
		case i < 0:
			newest = append(newest, x)
		case x.State != fsm.AlertCancelled:
			newest[i] = x
		}
	}
	return newest
}
