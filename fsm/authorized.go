package fsm

// Authorized is a command that somebody sent with an API key of the cluster. The node
// that accepted it knew the key; whether the key still stands is decided here, where
// every node decides it alike: a key that was deleted earlier in the log does nothing
// any more. Result: CodeRevoked, else that of the Command.
type Authorized struct {
	Key     KeyID
	Command Command // not an Authorized
}

func (Authorized) Kind() Kind { return KindAuthorized }

func (st *state) authorized(c Authorized) Result {
	if _, stands := st.keys[c.Key]; !stands {
		return Result{Code: CodeRevoked}
	}
	st.maker = c.Key
	defer func() { st.maker = KeyID{} }()
	return st.run(c.Command)
}

const authorizedHead = 1 + len(KeyID{})

func (r *reader) authorized() Command {
	var c Authorized
	r.Fill(c.Key[:])
	if kind := Kind(r.Byte()); kind != KindAuthorized {
		c.Command = r.command(kind)
	}
	if c.Command == nil {
		return nil
	}
	return c
}
