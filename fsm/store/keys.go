package store

import "github.com/quorumbeat/quorumbeat/fsm"

type key struct {
	id      fsm.KeyID
	name    string
	scope   string
	hash    [32]byte
	created int64 // wall
	max     int   // heartbeats made with it, at a time; 0: any number
}

func (st *state) putKey(c fsm.PutKey) fsm.Code {
	if _, taken := st.keys[c.ID]; taken {
		return fsm.CodeExists
	}
	if _, taken := st.byHash[c.Hash]; taken {
		return fsm.CodeExists
	}
	if len(st.keys) >= fsm.MaxKeys {
		return fsm.CodeQuota
	}
	if fsm.ValidateKeyName(c.Name) != nil || (c.Scope != fsm.ScopeAdmin && c.Scope != fsm.ScopePing) || fsm.ValidateMaxHeartbeats("", c.MaxHeartbeats) != nil {
		return fsm.CodeInvalid
	}
	st.keys[c.ID] = key{id: c.ID, name: c.Name, scope: c.Scope, hash: c.Hash, created: st.wall, max: c.MaxHeartbeats}
	st.byHash[c.Hash] = c.ID
	return fsm.CodeOK
}

func (st *state) updateKey(c fsm.UpdateKey) fsm.Code {
	k, ok := st.keys[c.ID]
	switch {
	case !ok:
		return fsm.CodeNotFound
	case fsm.ValidateMaxHeartbeats("", c.MaxHeartbeats) != nil:
		return fsm.CodeInvalid
	}
	k.max = c.MaxHeartbeats
	st.keys[c.ID] = k
	return fsm.CodeOK
}

func (st *state) deleteKey(c fsm.DeleteKey) fsm.Code {
	k, ok := st.keys[c.ID]
	if !ok {
		return fsm.CodeNotFound
	}
	delete(st.keys, c.ID)
	delete(st.byHash, k.hash)
	return fsm.CodeOK
}

func (st *state) authorized(c fsm.Authorized) fsm.Result {
	if _, stands := st.keys[c.Key]; !stands {
		return fsm.Result{Code: fsm.CodeRevoked}
	}
	st.maker = c.Key
	defer func() { st.maker = fsm.KeyID{} }()
	return st.run(c.Command)
}

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
