package store

import "github.com/quorumbeat/quorumbeat/fsm"

type apiKey struct {
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
	if _, taken := st.keyByHash[c.Hash]; taken {
		return fsm.CodeExists
	}
	if len(st.keys) >= fsm.MaxKeys {
		return fsm.CodeQuota
	}
	if fsm.ValidateKeyName(c.Name) != nil || fsm.ValidateScope(c.Scope) != nil || fsm.ValidateMaxHeartbeats("", c.MaxHeartbeats) != nil {
		return fsm.CodeInvalid
	}
	st.keys[c.ID] = apiKey{id: c.ID, name: c.Name, scope: c.Scope, hash: c.Hash, created: st.wall, max: c.MaxHeartbeats}
	st.keyByHash[c.Hash] = c.ID
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
	delete(st.keyByHash, k.hash)
	return fsm.CodeOK
}

func (st *state) runAuthorized(c fsm.Authorized) fsm.Result {
	if _, stands := st.keys[c.Key]; !stands {
		return fsm.Result{Code: fsm.CodeRevoked}
	}
	st.commandKey = c.Key
	defer func() { st.commandKey = fsm.KeyID{} }()
	return st.runCommand(c.Command)
}

// checkQuotas returns CodeOK if another heartbeat may be created, or else the code of the
// quota that is reached. Each API key has a quota, so that a leaked key, or a job that
// creates a heartbeat at every start, cannot use up the cluster.
func (st *state) checkQuotas() fsm.Code {
	most, own := st.settings.MaxHeartbeats, st.keys[st.commandKey].max
	switch {
	case st.table.Live >= fsm.MaxHeartbeats || st.created >= maxOrdinal:
		return fsm.CodeQuota
	case most > 0 && st.table.Live >= most:
		return fsm.CodeClusterQuota
	case own > 0 && st.madeByKey[st.commandKey] >= own:
		return fsm.CodeKeyQuota
	}
	return fsm.CodeOK
}

// countMade counts a heartbeat for the key that created it: 1 when it is created, -1 when
// it is deleted. The count outlives the key, so that every node has the same.
func (st *state) countMade(maker fsm.KeyID, n int) {
	if maker == (fsm.KeyID{}) {
		return
	}
	if st.madeByKey[maker] += n; st.madeByKey[maker] == 0 {
		delete(st.madeByKey, maker)
	}
}
