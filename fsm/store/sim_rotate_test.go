package store

import "github.com/quorumbeat/quorumbeat/fsm"

// drawRotation is somebody who gives a heartbeat a new token.
func (w *world) drawRotation(id fsm.HeartbeatID, how uint32) fsm.Command {
	w.rotated++
	return fsm.RotateToken{ID: id, Token: testToken(100_000 + w.rotated), Overlap: []int64{0, 5000, 60_000, 600_000}[how%4]}
}

func (m *model) rotate(b *beat, c fsm.RotateToken) fsm.Code {
	old := 0
	for _, end := range b.tokens {
		if end > m.serving {
			old++
		}
	}
	if c.Overlap > 0 && old >= fsm.MaxOldTokens {
		return fsm.CodeQuota
	}
	m.rotations++
	if b.tokens == nil {
		b.tokens = map[fsm.Token]int64{}
	}
	b.tokens[b.token] = m.serving + c.Overlap
	for token, end := range b.tokens {
		b.tokens[token] = min(end, m.serving+c.Overlap)
	}
	b.token = c.Token
	return fsm.CodeOK
}

// checkTokens asks that each token leads to its heartbeat as long as it works, on every node that has applied all.
func (w *world) checkTokens(b *beat) {
	stores := []*Store{w.observer}
	for _, n := range w.nodes {
		if n.up && n.applied == len(w.log) {
			stores = append(stores, n.store)
		}
	}
	for _, s := range stores {
		ord := s.st.byID(b.id)
		if got, _ := s.Ordinal(b.token); got != ord {
			w.fail("hb%d: its token leads to #%d, want #%d", b.id[7], got, ord)
		}
		for token, end := range b.tokens {
			if got, works := s.Ordinal(token); works != (end > w.model.serving && !b.deleted) || works && got != ord {
				w.fail("hb%d: an old token, which ends at %d, leads to #%d, %v at %d", b.id[7], end, got, works, w.model.serving)
			}
		}
	}
}
