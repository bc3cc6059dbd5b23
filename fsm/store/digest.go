package store

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// formDigest makes one message of rows that wait beyond their recipient's burst,
// or that tell of times in which nothing could be heard.
func (st *state) formDigest(c fsm.FormDigest) fsm.Code {
	if st.ledger.rows[c.ID] != nil {
		return fsm.CodeExists
	}
	if !st.digestible(c) {
		return fsm.CodeRejected
	}
	st.ledger.insert(row{
		id: c.ID, kind: fsm.AlertDigest, recipient: c.Recipient, state: fsm.AlertPending, counted: true,
		due: st.serving, created: st.wall, members: slices.Clone(c.Members), evidence: noEvidence,
	})
	for _, m := range c.Members {
		st.changeRow(m, func(r *row) { r.digest, r.counted = c.ID, true })
	}
	if w, ok := st.ledger.windows[c.Recipient]; ok && st.ended(w) {
		delete(st.ledger.windows, c.Recipient)
	}
	return fsm.CodeOK
}

func (st *state) digestible(c fsm.FormDigest) bool {
	n := len(c.Members)
	if st.settings.GroupWait == 0 || n < 2 || n > fsm.MaxDigestMembers || c.ID != fsm.DigestID(c.Recipient, c.Members) {
		return false
	}
	for _, m := range c.Members {
		if r := st.ledger.rows[m]; r == nil || r.recipient != c.Recipient || !st.groups(r) {
			return false
		}
	}
	return st.distinct(c.Members)
}

// distinct reports whether rows that exist are not named twice. Senders name them
// in their order but for one or two places, where other kinds begin.
func (st *state) distinct(ids []fsm.AlertID) bool {
	var last rowKey
	for i, id := range ids {
		k := st.ledger.rows[id].key()
		if i > 0 && last.Compare(k) >= 0 {
			return !repeats(ids)
		}
		last = k
	}
	return true
}

func repeats(ids []fsm.AlertID) bool {
	seen := make(map[fsm.AlertID]struct{}, len(ids))
	for _, id := range ids {
		seen[id] = struct{}{}
	}
	return len(seen) < len(ids)
}

// groups reports whether a row may join a digest now.
func (st *state) groups(r *row) bool {
	if r.state != fsm.AlertPending || !st.singled(r) || !st.claimable(r, st.term) {
		return false
	}
	if r.kind == fsm.AlertUnheard {
		return st.serving >= r.due+st.settings.GroupWait
	}
	w, ok := st.ledger.windows[r.recipient]
	return ok && st.ended(w)
}
