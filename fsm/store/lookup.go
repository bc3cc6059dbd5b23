package store

import "github.com/quorumbeat/quorumbeat/fsm"

// byToken returns the ordinal of the heartbeat with a token, 0 if there is none.
func (st *state) byToken(t fsm.Token) uint64 {
	ord, _ := st.tokens.find(indexKey(t))
	return ord
}

// byID returns the ordinal of the heartbeat with an ID, 0 if there is none.
func (st *state) byID(id fsm.HeartbeatID) uint64 {
	ord, _ := st.ids.find(keyOfID(id))
	return ord
}

func keyOfID(id fsm.HeartbeatID) (k indexKey) {
	copy(k[:], id[:])
	return k
}

// index files a heartbeat under its ID, its token and its slug.
func (st *state) index(ord uint64, id fsm.HeartbeatID, t fsm.Token, slug string) {
	st.ids.put(keyOfID(id), ord)
	st.tokens.put(indexKey(t), ord)
	st.slugs.add(&st.table, slug, ord)
}
