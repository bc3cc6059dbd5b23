package ledger

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// Errors of rows that are cancelled because a newer row tells more.
const (
	RecoveredUnsent = "it recovered before this could be sent"
	overUnsent      = "its incident was over before this could be sent"
	failedAgain     = "it failed again before this could be sent"
	overtaken       = "a newer alert took its place before this could be sent"
	neverWentOut    = "the alert that it answers never went out"
	toldAtOnce      = "the alert of its incident had not gone out yet, and tells it"
	silenced        = "its incident was acknowledged or snoozed before this could be sent"
	silencedInDoubt = "it may have been delivered; it is not sent again, for its incident was acknowledged or snoozed"
)

// IsCancellable reports whether a row can be cancelled unsent: it is not in flight, in no
// digest, and was certainly not delivered.
func (r *Row) IsCancellable() bool {
	return r.State == fsm.AlertPending && !r.isInDoubt() && r.Digest == (fsm.AlertID{}) || r.isOnHold()
}

// supersedeWaiting prepares a new row to replace the one that waits for the same heartbeat and
// recipient. If that one is in flight, the new row waits for it. So at most one row of a
// heartbeat and recipient waits: the newest.
func (now Now) supersedeWaiting(r *table.Record, x *Row) {
	for _, old := range now.openRows(r, x.Recipient) {
		switch {
		case (old.Kind == fsm.AlertUnheard) != (x.Kind == fsm.AlertUnheard):
			// Unheard notices and other alerts do not replace each other.
		case old.IsCancellable():
			x.Answers, x.after = old.Answers, old.after
			x.inheritFlaps(old, 1)
			now.cancelRow(old.ID, overtakenBy(x, old))
		default:
			x.after = old.ID
		}
	}
}

// inheritFlaps gives a row the flapping that an older row would have told of, plus more
// failures.
func (x *Row) inheritFlaps(old *Row, more int64) {
	told, own := old.Evidence.Unpack(), x.Evidence.Unpack()
	if told.Flaps == 0 {
		return
	}
	own.Flaps = max(own.Flaps, told.Flaps+more)
	own.Within = max(own.Within, told.Within+time.Duration(x.Due-old.Due)*time.Millisecond)
	x.Evidence = Pack(own)
}

// openRows returns the rows for a recipient that have not settled, or are held back by hand, oldest
// first.
func (now Now) openRows(r *table.Record, to string) (rows []*Row) {
	for _, k := range now.byHeartbeat[r.Cold.ID] {
		x := now.Rows[k.id]
		if x.ordinal == r.Ordinal && x.Recipient == to && x.Kind != fsm.AlertDigest && (!now.CarrierState(x).Settled() || x.isOnHold()) {
			rows = append(rows, x)
		}
	}
	return rows
}

func (now Now) cancelRow(id fsm.AlertID, why string) {
	now.changeRow(id, func(r *Row) { r.State, r.Err = fsm.AlertCancelled, why })
}

// completeRecovery returns the recovery row that answers a down, and cancels the down if it
// was not sent. Then the recovery is still sent to recipients who know of an earlier down,
// and for a flapping heartbeat; else it is cancelled too.
func (now Now) completeRecovery(down *Row, x Row) Row {
	if told := now.Rows[now.lastTold(down.ID)]; told != nil {
		down = told
	}
	x.Answers, x.after = down.ID, down.ID
	if now.neverWentOut(down) {
		if x.Answers = now.lastTold(down.Answers); x.Answers == (fsm.AlertID{}) {
			x.cancelUnanswered(down)
		}
		x.after = x.Answers
	}
	if !down.IsCancellable() {
		return x
	}
	x.Answers, x.after = now.lastTold(down.Answers), down.after
	if told := down.Evidence.Unpack(); told.Flaps > 0 {
		x.Evidence = x.Evidence.withFlaps(told)
	} else if x.Answers == (fsm.AlertID{}) {
		x.cancelUnanswered(down)
	}
	now.cancelRow(down.ID, RecoveredUnsent)
	return x
}

// lastTold returns the newest alarm that came to something, or still may: one, or those before it that
// its recipient knows of. Zero: none did. What is no longer kept went out long ago.
func (now Now) lastTold(alarm fsm.AlertID) fsm.AlertID {
	for r := now.Rows[alarm]; r != nil && now.neverWentOut(r); r = now.Rows[alarm] {
		alarm = r.Answers
	}
	return alarm
}

// neverWentOut reports whether an alarm came to its end without being told.
func (now Now) neverWentOut(r *Row) bool {
	s := now.CarrierState(r)
	return s == fsm.AlertFailed || s == fsm.AlertCancelled
}

// cancelUnanswered cancels a recovery whose down was never sent.
func (x *Row) cancelUnanswered(down *Row) {
	x.State, x.Err, x.Answers = fsm.AlertCancelled, neverWentOut, down.ID
}

// yieldToNewer cancels a row that waits for a retry if a newer row waits for it.
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
		now.changeRow(id, func(r *Row) { r.Evidence = next.Evidence.insteadOf(x.Evidence) })
		now.cancelRow(next.ID, toldAtOnce)
		return
	}
	now.changeRow(next.ID, func(r *Row) {
		r.Answers, r.after = x.Answers, x.Answers
		r.inheritFlaps(x, r.Evidence.Unpack().Flaps)
		if r.Kind == fsm.AlertRecovered && r.Answers == (fsm.AlertID{}) && r.Evidence.Unpack().Flaps == 0 {
			r.cancelUnanswered(x)
		}
	})
	now.cancelRow(id, overtakenBy(next, x))
}

// overtakenBy returns the error of a row that is cancelled for a newer one.
func overtakenBy(next, x *Row) string {
	switch {
	case next.Kind == fsm.AlertRecovered:
		return RecoveredUnsent
	case x.Kind == fsm.AlertRecovered:
		return failedAgain
	}
	return overtaken
}

// waitingBehind returns the row that waits for x to settle, nil if none does.
func (l *Ledger) waitingBehind(x *Row) *Row {
	if x.ordinal == 0 {
		return nil
	}
	for _, k := range l.byHeartbeat[x.Heartbeat] {
		if r := l.Rows[k.id]; r.after == x.ID && r.IsCancellable() {
			return r
		}
	}
	return nil
}

// writeFailure tells a recipient that the job, silent until now, has failed. If the down
// alert still waits, it tells that itself.
func (now Now) writeFailure(r *table.Record, down *Row, x Row) {
	if down.IsCancellable() {
		now.changeRow(down.ID, func(r *Row) { r.Evidence = x.Evidence.insteadOf(down.Evidence) })
		return
	}
	now.supersedeWaiting(r, &x)
	if s := now.CarrierState(down); s != fsm.AlertFailed && s != fsm.AlertCancelled {
		x.Answers = down.ID
	} else if x.Answers == (fsm.AlertID{}) {
		x.Answers = down.Answers
	}
	now.writeRow(r, x)
}

// alarmRows returns, for each recipient, the newest alarm of the present or just ended
// incident.
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
