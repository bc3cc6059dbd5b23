package fsm

import (
	"fmt"
	"slices"
	"strings"
)

// refusedFor is how long 4xx answers to a message count as passing, in ms of
// serving time.
const refusedFor = 24 * 3600 * 1000

func (st *state) runLedger(c Command) Code {
	st.missFirst(c)
	switch c := c.(type) {
	case Claim:
		return st.claim(c)
	case Fence:
		return st.fence(c)
	case Settle:
		return st.settle(c)
	case ResolveDoubt:
		return st.resolveDoubt(c)
	case RetryAlert:
		return st.retryAlert(c)
	case FormDigest:
		return st.formDigest(c)
	}
	return CodeInvalid
}

// missFirst takes the misses of the heartbeats that a step is about: a miss may cancel
// what waits, and must not depend on how far judging has got.
func (st *state) missFirst(c Command) {
	var about []AlertID
	switch c := c.(type) {
	case Claim:
		about = []AlertID{c.Alert}
	case Settle:
		about = st.ledger.withMembers(c.Alert)
	case ResolveDoubt:
		about = st.ledger.withMembers(c.Alert)
	case RetryAlert:
		about = st.ledger.withMembers(c.Alert)
	case FormDigest:
		about = c.Members
	}
	for _, id := range about {
		if r := st.ledger.rows[id]; r != nil && st.table.has(r.ord) {
			st.takeMisses(r.ord)
		}
	}
}

// withMembers names a row and, of a digest, its members.
func (l *ledger) withMembers(id AlertID) []AlertID {
	if r := l.rows[id]; r != nil && len(r.members) > 0 {
		return r.members
	}
	return []AlertID{id}
}

func (st *state) claim(c Claim) Code {
	r := st.ledger.rows[c.Alert]
	if r == nil {
		return CodeNotFound
	}
	if c.Term != st.term || c.Attempt != r.attempt+1 || !st.claimable(r, c.Term) {
		return CodeRejected
	}
	if st.singled(r) && !st.takeBurst(r.recipient) {
		return CodeGrouped
	}
	st.changeRow(c.Alert, func(r *row) {
		r.state, r.term, r.attempt, r.counted = AlertClaimed, c.Term, c.Attempt, true
	})
	return CodeOK
}

// claimable reports whether a sender of a term may take a row now, the burst
// aside.
func (st *state) claimable(r *row, term uint64) bool {
	if r.digest != (AlertID{}) {
		return false
	}
	switch r.state {
	case AlertClaimed:
		return r.term < term // its sender lost its term before the dot
	case AlertPending:
		return r.readyAt().due <= st.serving && !st.ledger.waits(r)
	}
	return false
}

// singled reports whether a row still has to use up a place in the burst.
func (st *state) singled(r *row) bool {
	return !r.counted && r.kind != AlertDigest && st.settings.GroupWait > 0
}

func (st *state) fence(c Fence) Code {
	r := st.ledger.rows[c.Alert]
	if r == nil {
		return CodeNotFound
	}
	if c.Term != st.term || r.state != AlertClaimed || r.term != c.Term || r.attempt != c.Attempt {
		return CodeRejected
	}
	st.changeRow(c.Alert, func(r *row) { r.state = AlertFenced })
	return CodeOK
}

func (st *state) settle(c Settle) Code {
	r := st.ledger.rows[c.Alert]
	if r == nil {
		return CodeNotFound
	}
	if r.term != c.Term || r.attempt != c.Attempt || !awaitsSettle(r, c.Outcome) {
		return CodeRejected
	}
	st.finish(r, func(r *row) { st.applyOutcome(r, c) })
	return CodeOK
}

// awaitsSettle reports whether an outcome fits: any for a claimed row but those
// that need the dot; any for a fenced one; a definite one for a row that was
// taken to be in doubt meanwhile.
func awaitsSettle(r *row, o Outcome) bool {
	switch r.state {
	case AlertClaimed:
		return o == OutcomeRetry || o == OutcomeFailed
	case AlertFenced:
		return true
	case AlertPending, AlertHeld:
		return r.inDoubt() && o != OutcomeInDoubt
	}
	return false
}

func (st *state) applyOutcome(r *row, c Settle) {
	r.err = c.Error
	r.notBefore = 0
	switch c.Outcome {
	case OutcomeSent:
		r.state, r.sent, r.err = AlertSent, st.wall, ""
	case OutcomeFailed:
		r.state = AlertFailed
	case OutcomeInDoubt:
		r.doubt(c.Resend)
		r.notBefore = st.serving + c.RetryIn
	case OutcomeRetry:
		r.state = AlertPending
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
		r.state = AlertFailed
	}
}

// doubt notes that an attempt may have been delivered. A row that was in doubt too
// often is held: what answers so may be a server that takes each copy.
func (r *row) doubt(resend bool) {
	r.doubts = min(r.doubts+1, MaxDoubts)
	r.state = AlertHeld
	if resend && r.doubts < MaxDoubts {
		r.state = AlertPending
	}
	if resend && r.state == AlertHeld {
		words := fmt.Sprintf("held after %d attempts that may each have been delivered; retry it by hand if it was not: %s", MaxDoubts, r.err)
		r.err = strings.ToValidUTF8(words[:min(len(words), MaxErrorLen)], "")
	}
}

func (st *state) resolveDoubt(c ResolveDoubt) Code {
	r := st.ledger.rows[c.Alert]
	if r == nil {
		return CodeNotFound
	}
	if r.state != AlertFenced || r.term != c.Term || r.attempt != c.Attempt || c.Term >= st.term {
		return CodeRejected
	}
	st.finish(r, func(r *row) {
		r.err = "the connection or the leader was lost after the message: it may have been delivered"
		r.doubt(c.Resend)
	})
	return CodeOK
}

func (st *state) retryAlert(c RetryAlert) Code {
	r := st.ledger.rows[c.Alert]
	if r == nil {
		return CodeNotFound
	}
	if r.digest != (AlertID{}) && st.ledger.rows[r.digest] != nil {
		r = st.ledger.rows[r.digest]
	}
	if (r.state != AlertFailed && r.state != AlertHeld) || r.recipient == "" || r.digest != (AlertID{}) {
		return CodeRejected
	}
	st.finish(r, func(r *row) {
		r.state, r.notBefore, r.refused, r.counted = AlertPending, 0, 0, true
		r.doubts = min(r.doubts, 1)
	})
	return CodeOK
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
	if after.state == AlertFailed {
		for _, down := range append(slices.Clone(members), id) {
			st.cancelAnswer(down)
		}
	}
}

// memberState is the state of a digest's members: theirs only ends with it.
func memberState(s AlertState) AlertState {
	if s.Settled() {
		return s
	}
	return AlertPending
}

// cancelAnswer cancels the recovery that waits for a down that has failed, unless its
// recipient knows of an earlier one.
func (st *state) cancelAnswer(id AlertID) {
	down := st.ledger.rows[id]
	if down == nil || !down.kind.alarms() {
		return
	}
	next := st.ledger.behind(down)
	if next == nil || next.answers != id {
		return
	}
	st.changeRow(next.id, func(r *row) {
		if r.kind == AlertRecovered && down.answers == (AlertID{}) {
			r.state, r.err = AlertCancelled, neverWentOut
			return
		}
		r.answers = down.answers
	})
}
