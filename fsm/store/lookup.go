package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
)

// byToken returns the ordinal of the heartbeat with a token, 0 if there is none.
func (st *state) byToken(t fsm.Token) uint64 {
	ord, _ := st.tokens.Find(index.Key(t))
	return ord
}

// byID returns the ordinal of the heartbeat with an ID, 0 if there is none.
func (st *state) byID(id fsm.HeartbeatID) uint64 {
	ord, _ := st.ids.Find(keyOfID(id))
	return ord
}

func keyOfID(id fsm.HeartbeatID) (k index.Key) {
	copy(k[:], id[:])
	return k
}

// file files a heartbeat under its ID, its token and its slug.
func (st *state) file(ord uint64, id fsm.HeartbeatID, t fsm.Token, slug string) {
	st.ids.Put(keyOfID(id), ord)
	st.tokens.Put(index.Key(t), ord)
	st.slugs.Add(slug, ord)
}
