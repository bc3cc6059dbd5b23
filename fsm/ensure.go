package fsm

// Ensure is a Create unless there is a heartbeat with the spec's slug already, of
// which it answers with: so that a heartbeat is made once, however many nodes are
// asked for it at the same time. Result: CodeOK, CodeAmbiguous if several have the
// slug, else as Create.
type Ensure struct {
	ID    HeartbeatID // a heartbeat with another ID in the answer was there before
	Token Token
	Spec  Spec
}

func (Ensure) Kind() Kind { return KindEnsure }

func (st *state) ensure(c Ensure) Result {
	switch ord, n := st.slugs.find(&st.table, c.Spec.Slug); n {
	case 0:
		return st.create(Create(c))
	case 1:
		st.takeMisses(ord)
		return st.answer(st.table.record(ord))
	}
	return Result{Code: CodeAmbiguous}
}

func appendCreate(dst []byte, c Create) []byte {
	dst = append(append(dst, c.ID[:]...), c.Token[:]...)
	return appendSpec(dst, c.Spec)
}

func (r *reader) create() (c Create) {
	r.Fill(c.ID[:])
	r.Fill(c.Token[:])
	c.Spec = r.spec()
	return c
}
