package fsm

// byToken returns the ordinal of the heartbeat with a token, 0 if there is none.
func (st *state) byToken(t Token) uint64 {
	ord, _ := st.tokens.find(indexKey(t))
	return ord
}

// byID returns the ordinal of the heartbeat with an ID, 0 if there is none.
func (st *state) byID(id HeartbeatID) uint64 {
	ord, _ := st.ids.find(id.indexKey())
	return ord
}

// FailureTold reports whether the heartbeat with an ordinal is failing, and a failure
// of its incident was told: another one will not be.
func (s *Store) FailureTold(ordinal uint64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v := s.st.table.get(ordinal)
	return v != nil && v.is(flagReported)
}

func (id HeartbeatID) indexKey() (k indexKey) {
	copy(k[:], id[:])
	return k
}

// index files a heartbeat under its ID, its token and its slug.
func (st *state) index(ord uint64, id HeartbeatID, t Token, slug string) {
	st.ids.put(id.indexKey(), ord)
	st.tokens.put(indexKey(t), ord)
	st.slugs.add(&st.table, slug, ord)
}
