package ledger

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// refusedFor is how long 4xx answers to a message are retried, in ms of serving time.
const refusedFor = 24 * 3600 * 1000

// Run runs a command of the sender.
func (now Now) Run(c fsm.Command) fsm.Code {
	switch c := c.(type) {
	case fsm.Claim:
		return now.claimRow(c)
	case fsm.Fence:
		return now.fenceRow(c)
	case fsm.Settle:
		return now.settleRow(c)
	case fsm.ResolveDoubt:
		return now.resolveDoubt(c)
	case fsm.RetryAlert:
		return now.retryAlert(c)
	case fsm.DeliverAlert:
		return now.deliverAlert(c)
	case fsm.HoldAlert:
		return now.holdAlert(c)
	case fsm.CancelAlert:
		return now.cancelAlert(c)
	case fsm.FormDigest:
		return now.formDigest(c)
	}
	return fsm.CodeInvalid
}

// Heartbeats returns the ordinals of the heartbeats that a command of the sender is
// about.
func (l *Ledger) Heartbeats(c fsm.Command) (ordinals []uint64) {
	var about []fsm.AlertID
	switch c := c.(type) {
	case fsm.Claim:
		about = l.withMembers(c.Alert)
	case fsm.Fence:
		about = l.withMembers(c.Alert)
	case fsm.Settle:
		about = l.withMembers(c.Alert)
	case fsm.ResolveDoubt:
		about = l.withMembers(c.Alert)
	case fsm.RetryAlert:
		about = l.withMembers(c.Alert)
	case fsm.DeliverAlert:
		about = l.withMembers(c.Alert)
	case fsm.HoldAlert:
		about = []fsm.AlertID{c.Alert}
	case fsm.CancelAlert:
		about = []fsm.AlertID{c.Alert}
	case fsm.FormDigest:
		about = c.Members
	}
	for _, id := range about {
		if r := l.Rows[id]; r != nil {
			ordinals = append(ordinals, r.ordinal)
		}
	}
	return ordinals
}

// withMembers returns the members of a digest, and any other row itself.
func (l *Ledger) withMembers(id fsm.AlertID) []fsm.AlertID {
	if r := l.Rows[id]; r != nil && len(r.Members) > 0 {
		return r.Members
	}
	return []fsm.AlertID{id}
}

func (now Now) claimRow(c fsm.Claim) fsm.Code {
	r := now.Rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	if c.Term != now.Term || c.Attempt != r.Attempt+1 || !now.isClaimable(r, c.Term) {
		return fsm.CodeRejected
	}
	if now.isDeferred(r) {
		now.putBack(r)
		return fsm.CodeRejected
	}
	if now.needsBurst(r) && !now.takeBurst(r.Recipient) {
		return fsm.CodeGrouped
	}
	now.changeRow(c.Alert, func(r *Row) {
		r.State, r.Term, r.Attempt, r.counted = fsm.AlertClaimed, c.Term, c.Attempt, true
	})
	return fsm.CodeOK
}

// isClaimable reports whether a sender of a term may claim a row now, if the burst allows
// it.
func (now Now) isClaimable(r *Row, term uint64) bool {
	if r.Digest != (fsm.AlertID{}) {
		return false
	}
	switch r.State {
	case fsm.AlertClaimed:
		return r.Term < term // its sender lost its term before the dot
	case fsm.AlertPending:
		return r.comes() <= now.Serving && !now.isBlocked(r)
	}
	return false
}

// needsBurst reports whether a row still needs a place in its recipient's burst.
func (now Now) needsBurst(r *Row) bool {
	return !r.counted && r.Kind != fsm.AlertDigest && now.Settings.GroupWait > 0
}

func (now Now) fenceRow(c fsm.Fence) fsm.Code {
	r := now.Rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	if c.Term != now.Term || r.State != fsm.AlertClaimed || r.Term != c.Term || r.Attempt != c.Attempt {
		return fsm.CodeRejected
	}
	if now.isDeferred(r) {
		now.putBack(r)
		return fsm.CodeRejected
	}
	now.changeRow(c.Alert, func(r *Row) { r.State = fsm.AlertFenced })
	return fsm.CodeOK
}

func (now Now) settleRow(c fsm.Settle) fsm.Code {
	r := now.Rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	if r.Term != c.Term || r.Attempt != c.Attempt || !awaitsSettle(r, c.Outcome) {
		return fsm.CodeRejected
	}
	if c.Outcome == fsm.OutcomeSent {
		now.KeepRef(c.Alert, c.Ref)
	}
	now.finishAttempt(r, func(r *Row) {
		now.applyOutcome(r, c)
		now.silenceIfQuiet(r)
	})
	return fsm.CodeOK
}

// awaitsSettle reports whether an outcome is possible: for a claimed row those before the
// final dot, for a fenced row any, and for a row that was put in doubt meanwhile a
// definite one.
func awaitsSettle(r *Row, o fsm.Outcome) bool {
	switch r.State {
	case fsm.AlertClaimed:
		return o == fsm.OutcomeRetry || o == fsm.OutcomeFailed
	case fsm.AlertFenced:
		return true
	case fsm.AlertPending, fsm.AlertHeld:
		return r.isInDoubt() && o != fsm.OutcomeInDoubt
	}
	return false
}

func (now Now) applyOutcome(r *Row, c fsm.Settle) {
	r.Err = c.Error
	r.NotBefore = 0
	switch c.Outcome {
	case fsm.OutcomeSent:
		r.State, r.sent, r.Err = fsm.AlertSent, now.Wall, ""
	case fsm.OutcomeFailed:
		r.State = fsm.AlertFailed
	case fsm.OutcomeInDoubt:
		r.addDoubt(c.Resend)
		r.NotBefore = now.Serving + c.RetryIn
	case fsm.OutcomeRetry:
		r.State = fsm.AlertPending
		r.NotBefore = now.Serving + c.RetryIn
		now.countRefusal(r, c.Refused)
	}
}

// countRefusal fails a row that was refused for a day.
func (now Now) countRefusal(r *Row, refused bool) {
	switch {
	case !refused:
		// The server said nothing about the message: the day neither begins nor ends.
	case r.refused == 0:
		r.refused = max(now.Serving, 1)
	case now.Serving-r.refused >= refusedFor:
		r.State = fsm.AlertFailed
	}
}

// addDoubt counts an attempt that may have been delivered. A row that was in doubt too
// often is held, for the server may have taken each copy.
func (r *Row) addDoubt(resend bool) {
	r.doubts = min(r.doubts+1, fsm.MaxDoubts)
	r.State = fsm.AlertHeld
	if resend && r.doubts < fsm.MaxDoubts {
		r.State = fsm.AlertPending
	}
	if resend && r.State == fsm.AlertHeld {
		words := fmt.Sprintf("held after %d attempts that may each have been delivered; retry it by hand if it was not: %s", fsm.MaxDoubts, r.Err)
		r.Err = strings.ToValidUTF8(words[:min(len(words), fsm.MaxErrorLen)], "")
	}
}

func (now Now) resolveDoubt(c fsm.ResolveDoubt) fsm.Code {
	r := now.Rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	if r.State != fsm.AlertFenced || r.Term != c.Term || r.Attempt != c.Attempt || c.Term >= now.Term {
		return fsm.CodeRejected
	}
	now.finishAttempt(r, func(r *Row) {
		r.Err = "the connection or the leader was lost after the message: it may have been delivered"
		r.addDoubt(c.Resend)
		now.silenceIfQuiet(r)
	})
	return fsm.CodeOK
}

// finishAttempt changes a row, the members of its digest likewise, and what waits for it:
// that may replace it, or be cancelled with it.
func (now Now) finishAttempt(r *Row, f func(r *Row)) {
	id, members, after := r.ID, r.Members, *r
	f(&after)
	if cameThrough(r, &after) {
		for _, m := range now.withMembers(id) {
			if told := now.Rows[m]; told != nil {
				now.openFlapWindow(told)
			}
		}
	}
	now.changeRow(id, func(r *Row) { *r = after }) // this may drop the row, as the oldest of too many
	for _, m := range members {
		if now.Rows[m] != nil {
			now.changeRow(m, func(r *Row) { r.State, r.Err, r.sent = memberState(after.State), after.Err, after.sent })
		}
	}
	now.yieldToNewer(id)
	if after.State == fsm.AlertFailed {
		for _, down := range append(slices.Clone(members), id) {
			now.cancelAnswer(down)
		}
	}
}

// memberState returns the state of a digest's members: they settle with it.
func memberState(s fsm.AlertState) fsm.AlertState {
	if s.Settled() {
		return s
	}
	return fsm.AlertPending
}

// cancelAnswer cancels the recovery that waits for a failed down, unless its recipient
// knows of an earlier down.
func (now Now) cancelAnswer(id fsm.AlertID) {
	down := now.Rows[id]
	if down == nil || !down.Kind.Alarms() {
		return
	}
	next := now.waitingBehind(down)
	if next == nil || next.Answers != id {
		return
	}
	now.changeRow(next.ID, func(r *Row) {
		if r.Kind == fsm.AlertRecovered && down.Answers == (fsm.AlertID{}) {
			r.State, r.Err = fsm.AlertCancelled, neverWentOut
			return
		}
		r.Answers = down.Answers
	})
}
