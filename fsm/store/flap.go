package store

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// Reasons of rows that are cancelled because something newer is told instead.
const (
	recoveredUnsent = "it recovered before this could be sent"
	failedAgain     = "it failed again before this could be sent"
	overtaken       = "a newer alert took its place before this could be sent"
	neverWentOut    = "the alert that it answers never went out"
	toldAtOnce      = "the alert of its incident had not gone out yet, and tells it"
)

// hold counts an incident that begins at a serving time, and returns from when its
// alert may go out: 0, at once, if it is the first in the heartbeat's flap window,
// else the window's end. If anything was held back, the next window begins there,
// for that is when it is told.
func (st *state) hold(r *table.Record, at int64) int64 {
	length := st.settings.FlapWindow
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

// waiting reports whether nobody has a row in hand, or may have had it delivered: it
// can be cancelled unsent.
func (r *row) waiting() bool {
	return r.state == fsm.AlertPending && !r.inDoubt() && r.digest == (fsm.AlertID{})
}

// supersede readies a new row to take the place of what waits for its recipient. What
// is in a sender's hands is waited for, so that no more than one row of a heartbeat
// and recipient ever waits: the newest.
func (st *state) supersede(r *table.Record, x *row) {
	for _, old := range st.openRows(r, x.recipient) {
		switch {
		case (old.kind == fsm.AlertUnheard) != (x.kind == fsm.AlertUnheard):
			// A notice of what was not heard is another story.
		case old.waiting():
			x.answers, x.after = old.answers, old.after
			x.succeed(old, 1)
			st.cancel(old.id, overtakenBy(x, old))
		default:
			x.after = old.id
		}
	}
}

// succeed lets a row tell of the flapping that an older one would have told of, with
// some more failures, and no later than that.
func (x *row) succeed(old *row, more int64) {
	told, own := old.evidence.unpack(), x.evidence.unpack()
	if told.Flaps == 0 {
		return
	}
	own.Flaps = max(own.Flaps, told.Flaps+more)
	own.Within = max(own.Within, told.Within+time.Duration(x.due-old.due)*time.Millisecond)
	x.evidence = packEvidence(own)
	x.notBefore = min(x.notBefore, old.notBefore)
}

// openRows returns the rows for a recipient that have not settled, oldest first.
func (st *state) openRows(r *table.Record, to string) (rows []*row) {
	for _, k := range st.ledger.byHeart[r.Cold.Id] {
		x := st.ledger.rows[k.id]
		if x.ord == r.Ordinal && x.recipient == to && x.kind != fsm.AlertDigest && !st.ledger.carrierState(x).Settled() {
			rows = append(rows, x)
		}
	}
	return rows
}

func (st *state) cancel(id fsm.AlertID, why string) {
	st.changeRow(id, func(r *row) { r.state, r.err = fsm.AlertCancelled, why })
}

// recovery completes the row that tells of a recovery, and cancels a down that
// nobody was sent. The recovery is then told to whoever knows of an earlier one, and
// where the heartbeat flaps, when the down would have been; else it is cancelled too.
func (st *state) recovery(down *row, x row) row {
	x.answers, x.after = down.id, down.id
	if s := st.ledger.carrierState(down); s == fsm.AlertFailed || s == fsm.AlertCancelled {
		if x.answers, x.after = down.answers, down.answers; x.answers == (fsm.AlertID{}) {
			x.unanswered(down)
		}
	}
	if !down.waiting() {
		return x
	}
	x.answers, x.after = down.answers, down.after
	if told := down.evidence.unpack(); told.Flaps > 0 {
		x.evidence, x.notBefore = x.evidence.withFlaps(told), down.notBefore
	} else if x.answers == (fsm.AlertID{}) {
		x.unanswered(down)
	}
	st.cancel(down.id, recoveredUnsent)
	return x
}

// unanswered cancels a recovery whose down is cancelled.
func (x *row) unanswered(down *row) {
	x.state, x.err, x.answers = fsm.AlertCancelled, neverWentOut, down.id
}

// giveWay cancels a row that has to wait again, for a retry, if a newer one waits
// behind it.
func (st *state) giveWay(id fsm.AlertID) {
	x := st.ledger.rows[id]
	if x == nil || !x.waiting() {
		return
	}
	next := st.ledger.behind(x)
	if next == nil {
		return
	}
	if next.kind == fsm.AlertFailure && next.incident == x.incident {
		st.changeRow(id, func(r *row) { r.evidence = next.evidence.withFlaps(x.evidence.unpack()) })
		st.cancel(next.id, toldAtOnce)
		return
	}
	st.changeRow(next.id, func(r *row) {
		r.answers, r.after = x.answers, x.answers
		r.succeed(x, r.evidence.unpack().Flaps)
		if r.kind == fsm.AlertRecovered && r.answers == (fsm.AlertID{}) && r.evidence.unpack().Flaps == 0 {
			r.unanswered(x)
		}
	})
	st.cancel(id, overtakenBy(next, x))
}

// overtakenBy tells why a row is cancelled for a newer one.
func overtakenBy(next, x *row) string {
	switch {
	case next.kind == fsm.AlertRecovered:
		return recoveredUnsent
	case x.kind == fsm.AlertRecovered:
		return failedAgain
	}
	return overtaken
}

// behind returns the row that waits until another has settled, nil if none does.
func (l *ledger) behind(x *row) *row {
	if x.ord == 0 {
		return nil
	}
	for _, k := range l.byHeart[x.heartbeat] {
		if r := l.rows[k.id]; r.after == x.id && r.waiting() {
			return r
		}
	}
	return nil
}
