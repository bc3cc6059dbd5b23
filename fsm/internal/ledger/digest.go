package ledger

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// formDigest makes one row of several that wait: those that exceed their recipient's
// burst, or unheard notices.
func (now Now) formDigest(c fsm.FormDigest) fsm.Code {
	if now.Rows[c.ID] != nil {
		return fsm.CodeExists
	}
	if !now.isDigestible(c) {
		return fsm.CodeRejected
	}
	now.insertRow(Row{
		ID: c.ID, Kind: fsm.AlertDigest, Recipient: c.Recipient, State: fsm.AlertPending, counted: true,
		Due: now.Serving, created: now.Wall, Members: slices.Clone(c.Members), Evidence: noEvidence,
	})
	for _, m := range c.Members {
		now.changeRow(m, func(r *Row) { r.Digest, r.counted = c.ID, true })
	}
	if w, ok := now.windows[c.Recipient]; ok && now.hasEnded(w) {
		delete(now.windows, c.Recipient)
	}
	return fsm.CodeOK
}

func (now Now) isDigestible(c fsm.FormDigest) bool {
	n := len(c.Members)
	if now.Settings.GroupWait == 0 || n < 2 || n > fsm.MaxDigestMembers || c.ID != fsm.DigestID(c.Recipient, c.Members) {
		return false
	}
	for _, m := range c.Members {
		if r := now.Rows[m]; r == nil || r.Recipient != c.Recipient || !now.mayJoinDigest(r) {
			return false
		}
	}
	return now.areDistinct(c.Members)
}

// areDistinct reports whether no row is named twice; all of them exist. Senders name rows
// in the order of their keys, but for one or two points where another kind begins, so
// that the map is seldom needed.
func (now Now) areDistinct(ids []fsm.AlertID) bool {
	var last Key
	for i, id := range ids {
		k := now.Rows[id].orderKey()
		if i > 0 && last.Compare(k) >= 0 {
			return !hasRepeats(ids)
		}
		last = k
	}
	return true
}

func hasRepeats(ids []fsm.AlertID) bool {
	seen := make(map[fsm.AlertID]struct{}, len(ids))
	for _, id := range ids {
		seen[id] = struct{}{}
	}
	return len(seen) < len(ids)
}

// mayJoinDigest reports whether a row may join a digest now.
func (now Now) mayJoinDigest(r *Row) bool {
	if r.State != fsm.AlertPending || !now.needsBurst(r) || !now.isClaimable(r, now.Term) {
		return false
	}
	if r.Kind == fsm.AlertUnheard {
		return now.Serving >= r.Due+now.Settings.GroupWait
	}
	w, ok := now.windows[r.Recipient]
	return ok && now.hasEnded(w)
}
