package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// refusedFor is how long 4xx answers to a message count as passing, in ms of
// serving time.
const refusedFor = 24 * 3600 * 1000

func (st *state) runLedger(c fsm.Command) fsm.Code {
	st.missFirst(c)
	switch c := c.(type) {
	case fsm.Claim:
		return st.claim(c)
	case fsm.Fence:
		return st.fence(c)
	case fsm.Settle:
		return st.settle(c)
	case fsm.ResolveDoubt:
		return st.resolveDoubt(c)
	case fsm.RetryAlert:
		return st.retryAlert(c)
	case fsm.FormDigest:
		return st.formDigest(c)
	}
	return fsm.CodeInvalid
}

// missFirst takes the misses of the heartbeats that a step is about: a miss may cancel
// what waits, and must not depend on how far judging has got.
func (st *state) missFirst(c fsm.Command) {
	var about []fsm.AlertID
	switch c := c.(type) {
	case fsm.Claim:
		about = []fsm.AlertID{c.Alert}
	case fsm.Settle:
		about = st.ledger.withMembers(c.Alert)
	case fsm.ResolveDoubt:
		about = st.ledger.withMembers(c.Alert)
	case fsm.RetryAlert:
		about = st.ledger.withMembers(c.Alert)
	case fsm.FormDigest:
		about = c.Members
	}
	for _, id := range about {
		if r := st.ledger.rows[id]; r != nil && st.table.Has(r.ord) {
			st.takeMisses(r.ord)
		}
	}
}

// withMembers names a row and, of a digest, its members.
func (l *ledger) withMembers(id fsm.AlertID) []fsm.AlertID {
	if r := l.rows[id]; r != nil && len(r.members) > 0 {
		return r.members
	}
	return []fsm.AlertID{id}
}

func (st *state) claim(c fsm.Claim) fsm.Code {
	r := st.ledger.rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	if c.Term != st.term || c.Attempt != r.attempt+1 || !st.claimable(r, c.Term) {
		return fsm.CodeRejected
	}
	if st.singled(r) && !st.takeBurst(r.recipient) {
		return fsm.CodeGrouped
	}
	st.changeRow(c.Alert, func(r *row) {
		r.state, r.term, r.attempt, r.counted = fsm.AlertClaimed, c.Term, c.Attempt, true
	})
	return fsm.CodeOK
}

// claimable reports whether a sender of a term may take a row now, the burst
// aside.
func (st *state) claimable(r *row, term uint64) bool {
	if r.digest != (fsm.AlertID{}) {
		return false
	}
	switch r.state {
	case fsm.AlertClaimed:
		return r.term < term // its sender lost its term before the dot
	case fsm.AlertPending:
		return r.readyAt().due <= st.serving && !st.ledger.waits(r)
	}
	return false
}

// singled reports whether a row still has to use up a place in the burst.
func (st *state) singled(r *row) bool {
	return !r.counted && r.kind != fsm.AlertDigest && st.settings.GroupWait > 0
}

func (st *state) fence(c fsm.Fence) fsm.Code {
	r := st.ledger.rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	if c.Term != st.term || r.state != fsm.AlertClaimed || r.term != c.Term || r.attempt != c.Attempt {
		return fsm.CodeRejected
	}
	st.changeRow(c.Alert, func(r *row) { r.state = fsm.AlertFenced })
	return fsm.CodeOK
}

func (st *state) settle(c fsm.Settle) fsm.Code {
	r := st.ledger.rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	if r.term != c.Term || r.attempt != c.Attempt || !awaitsSettle(r, c.Outcome) {
		return fsm.CodeRejected
	}
	st.finish(r, func(r *row) { st.applyOutcome(r, c) })
	return fsm.CodeOK
}

// awaitsSettle reports whether an outcome fits: any for a claimed row but those
// that need the dot; any for a fenced one; a definite one for a row that was
// taken to be in doubt meanwhile.
func awaitsSettle(r *row, o fsm.Outcome) bool {
	switch r.state {
	case fsm.AlertClaimed:
		return o == fsm.OutcomeRetry || o == fsm.OutcomeFailed
	case fsm.AlertFenced:
		return true
	case fsm.AlertPending, fsm.AlertHeld:
		return r.inDoubt() && o != fsm.OutcomeInDoubt
	}
	return false
}

func (st *state) applyOutcome(r *row, c fsm.Settle) {
	r.err = c.Error
	r.notBefore = 0
	switch c.Outcome {
	case fsm.OutcomeSent:
		r.state, r.sent, r.err = fsm.AlertSent, st.wall, ""
	case fsm.OutcomeFailed:
		r.state = fsm.AlertFailed
	case fsm.OutcomeInDoubt:
		r.doubt(c.Resend)
		r.notBefore = st.serving + c.RetryIn
	case fsm.OutcomeRetry:
		r.state = fsm.AlertPending
		r.notBefore = st.serving + c.RetryIn
		st.countRefusal(r, c.Refused)
	}
}

// countRefusal makes a failure of a message that was refused for a day.
func (st *state) countRefusal(r *row, refused bool) {
	switch {
	case !refused:
		// No answer about the message: the day goes on, neither begun nor ended.
	case r.refused == 0:
		r.refused = max(st.serving, 1)
	case st.serving-r.refused >= refusedFor:
		r.state = fsm.AlertFailed
	}
}

// doubt notes that an attempt may have been delivered. A row that was in doubt too
// often is held: what answers so may be a server that takes each copy.
func (r *row) doubt(resend bool) {
	r.doubts = min(r.doubts+1, fsm.MaxDoubts)
	r.state = fsm.AlertHeld
	if resend && r.doubts < fsm.MaxDoubts {
		r.state = fsm.AlertPending
	}
	if resend && r.state == fsm.AlertHeld {
		words := fmt.Sprintf("held after %d attempts that may each have been delivered; retry it by hand if it was not: %s", fsm.MaxDoubts, r.err)
		r.err = strings.ToValidUTF8(words[:min(len(words), fsm.MaxErrorLen)], "")
	}
}

func (st *state) resolveDoubt(c fsm.ResolveDoubt) fsm.Code {
	r := st.ledger.rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	if r.state != fsm.AlertFenced || r.term != c.Term || r.attempt != c.Attempt || c.Term >= st.term {
		return fsm.CodeRejected
	}
	st.finish(r, func(r *row) {
		r.err = "the connection or the leader was lost after the message: it may have been delivered"
		r.doubt(c.Resend)
	})
	return fsm.CodeOK
}

func (st *state) retryAlert(c fsm.RetryAlert) fsm.Code {
	r := st.ledger.rows[c.Alert]
	if r == nil {
		return fsm.CodeNotFound
	}
	if r.digest != (fsm.AlertID{}) && st.ledger.rows[r.digest] != nil {
		r = st.ledger.rows[r.digest]
	}
	if (r.state != fsm.AlertFailed && r.state != fsm.AlertHeld) || r.recipient == "" || r.digest != (fsm.AlertID{}) {
		return fsm.CodeRejected
	}
	st.finish(r, func(r *row) {
		r.state, r.notBefore, r.refused, r.counted = fsm.AlertPending, 0, 0, true
		r.doubts = min(r.doubts, 1)
	})
	return fsm.CodeOK
}

// finish changes a row and everything that follows it: the members of a digest
// share its fate, and what waits behind it may take its place or be cancelled with it.
func (st *state) finish(r *row, f func(r *row)) {
	id, members, after := r.id, r.members, *r
	f(&after)
	st.changeRow(id, func(r *row) { *r = after }) // which may drop it, as the oldest of too many
	for _, m := range members {
		if st.ledger.rows[m] != nil {
			st.changeRow(m, func(r *row) { r.state, r.err, r.sent = memberState(after.state), after.err, after.sent })
		}
	}
	st.giveWay(id)
	if after.state == fsm.AlertFailed {
		for _, down := range append(slices.Clone(members), id) {
			st.cancelAnswer(down)
		}
	}
}

// memberState is the state of a digest's members: theirs only ends with it.
func memberState(s fsm.AlertState) fsm.AlertState {
	if s.Settled() {
		return s
	}
	return fsm.AlertPending
}

// cancelAnswer cancels the recovery that waits for a down that has failed, unless its
// recipient knows of an earlier one.
func (st *state) cancelAnswer(id fsm.AlertID) {
	down := st.ledger.rows[id]
	if down == nil || !down.kind.Alarms() {
		return
	}
	next := st.ledger.behind(down)
	if next == nil || next.answers != id {
		return
	}
	st.changeRow(next.id, func(r *row) {
		if r.kind == fsm.AlertRecovered && down.answers == (fsm.AlertID{}) {
			r.state, r.err = fsm.AlertCancelled, neverWentOut
			return
		}
		r.answers = down.answers
	})
}
