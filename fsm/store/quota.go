package store

import "github.com/quorumbeat/quorumbeat/fsm"

// room reports whether another heartbeat may be made: CodeOK, or the code of the quota
// that is reached. A key has one of its own, so that one that leaked, or a job that
// makes a heartbeat at every start, cannot use up the cluster.
func (st *state) room() fsm.Code {
	most, own := st.settings.MaxHeartbeats, st.keys[st.maker].max
	switch {
	case st.table.Live >= fsm.MaxHeartbeats || st.created >= maxOrdinal:
		return fsm.CodeQuota
	case most > 0 && st.table.Live >= most:
		return fsm.CodeClusterQuota
	case own > 0 && st.made[st.maker] >= own:
		return fsm.CodeKeyQuota
	}
	return fsm.CodeOK
}

// note counts a heartbeat for the key that made it: 1 when it is made, -1 when it is
// deleted. The count outlives the key, so that every node has the same.
func (st *state) note(maker fsm.KeyID, n int) {
	if maker == (fsm.KeyID{}) {
		return
	}
	if st.made[maker] += n; st.made[maker] == 0 {
		delete(st.made, maker)
	}
}
