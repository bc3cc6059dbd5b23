package ledger

import "github.com/quorumbeat/quorumbeat/fsm"

// Errors of rows that somebody had to do with.
const (
	heldByHand      = "held by hand until somebody sends or cancels it"
	cancelledByHand = "cancelled by hand"
)

// isOnHold reports whether somebody holds a row back. A row that is held for it may have been
// delivered is another matter: it was in doubt.
func (r *Row) isOnHold() bool {
	return r.State == fsm.AlertHeld && !r.isInDoubt() && r.Digest == (fsm.AlertID{})
}

// carrierOf returns the digest that carries a row, or the row itself.
func (now Now) carrierOf(r *Row) *Row {
	if d := now.Rows[r.Digest]; d != nil {
		return d
	}
	return r
}

func (now Now) retryAlert(c fsm.RetryAlert) fsm.Code {
	r := now.Rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	r = now.carrierOf(r)
	if (r.State != fsm.AlertFailed && r.State != fsm.AlertHeld) || r.Recipient == "" || r.Digest != (fsm.AlertID{}) {
		return fsm.CodeRejected
	}
	now.finishAttempt(r, func(r *Row) {
		if r.isOnHold() {
			r.Err = ""
		}
		r.State, r.NotBefore, r.refused, r.counted = fsm.AlertPending, byHand, 0, true
		r.doubts = min(r.doubts, 1)
	})
	return fsm.CodeOK
}

// deliverAlert has a row that waits sent at once: it needs no place in the burst any more, and nothing
// defers it.
func (now Now) deliverAlert(c fsm.DeliverAlert) fsm.Code {
	r := now.Rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	if r = now.carrierOf(r); r.State != fsm.AlertPending {
		return fsm.CodeRejected
	}
	now.changeRow(r.ID, func(r *Row) { r.NotBefore, r.counted = byHand, true })
	return fsm.CodeOK
}

// holdAlert holds a row back. It counts as settled for the rows after it, so that it blocks none;
// a newer one takes its place as if it still waited.
func (now Now) holdAlert(c fsm.HoldAlert) fsm.Code {
	r := now.Rows[c.Alert]
	switch {
	case r == nil:
		return fsm.CodeNotFound
	case r.isOnHold():
		return fsm.CodeOK
	case !r.IsCancellable() || r.Kind == fsm.AlertDigest:
		return fsm.CodeRejected
	case now.onHold >= fsm.MaxOnHold:
		return fsm.CodeQuota
	}
	now.changeRow(r.ID, func(r *Row) { r.State, r.Err = fsm.AlertHeld, heldByHand })
	return fsm.CodeOK
}

// cancelAlert cancels a row that somebody holds back, or could.
func (now Now) cancelAlert(c fsm.CancelAlert) fsm.Code {
	r := now.Rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	if !r.IsCancellable() || r.Kind == fsm.AlertDigest {
		return fsm.CodeRejected
	}
	now.cancelRow(r.ID, cancelledByHand)
	return fsm.CodeOK
}
