package fsm

type key struct {
	id      KeyID
	name    string
	scope   string
	hash    [32]byte
	created int64 // wall
	max     int   // heartbeats made with it, at a time; 0: any number
}

func (st *state) putKey(c PutKey) Code {
	if _, taken := st.keys[c.ID]; taken {
		return CodeExists
	}
	if _, taken := st.byHash[c.Hash]; taken {
		return CodeExists
	}
	if len(st.keys) >= MaxKeys {
		return CodeQuota
	}
	if ValidateKeyName(c.Name) != nil || (c.Scope != ScopeAdmin && c.Scope != ScopePing) || ValidateMaxHeartbeats("", c.MaxHeartbeats) != nil {
		return CodeInvalid
	}
	st.keys[c.ID] = key{id: c.ID, name: c.Name, scope: c.Scope, hash: c.Hash, created: st.wall, max: c.MaxHeartbeats}
	st.byHash[c.Hash] = c.ID
	return CodeOK
}

func (st *state) updateKey(c UpdateKey) Code {
	k, ok := st.keys[c.ID]
	switch {
	case !ok:
		return CodeNotFound
	case ValidateMaxHeartbeats("", c.MaxHeartbeats) != nil:
		return CodeInvalid
	}
	k.max = c.MaxHeartbeats
	st.keys[c.ID] = k
	return CodeOK
}

func (st *state) deleteKey(c DeleteKey) Code {
	k, ok := st.keys[c.ID]
	if !ok {
		return CodeNotFound
	}
	delete(st.keys, c.ID)
	delete(st.byHash, k.hash)
	return CodeOK
}
