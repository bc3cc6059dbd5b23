package fsm

import "encoding/binary"

// PutHeartbeat gives the heartbeat with a slug the fields of Patch, and makes it as Spec
// says if there is none: one command, so that it is made once however many nodes are
// asked at the same time. Repeating it changes nothing. Result: CodeAmbiguous if several
// have the slug, CodeConflict if IfVersion is set and not that of the heartbeat, else as
// Create or Update.
type PutHeartbeat struct {
	ID        HeartbeatID // a heartbeat with another ID in the answer was there before
	Token     Token
	Spec      Spec // of a new one; its slug says which heartbeat is meant
	IfVersion uint64
	Patch     Patch // of one that is there
}

func (PutHeartbeat) Kind() Kind { return KindPutHeartbeat }

func (st *state) putHeartbeat(c PutHeartbeat) Result {
	ord, n := st.slugs.find(&st.table, c.Spec.Slug)
	switch {
	case n > 1:
		return Result{Code: CodeAmbiguous}
	case n == 1:
		return st.update(Update{ID: st.table.record(ord).config.id, IfVersion: c.IfVersion, Patch: c.Patch})
	case c.IfVersion != 0:
		return Result{Code: CodeConflict}
	}
	return st.create(Create{ID: c.ID, Token: c.Token, Spec: c.Spec})
}

func appendPut(dst []byte, c PutHeartbeat) []byte {
	dst = appendCreate(dst, Create{ID: c.ID, Token: c.Token, Spec: c.Spec})
	dst = appendPatch(binary.AppendUvarint(dst, c.IfVersion), c.Patch)
	return appendMethods(dst, c.Spec.Methods, c.Patch.Methods)
}

func (r *reader) put() PutHeartbeat {
	c := r.create()
	p := PutHeartbeat{ID: c.ID, Token: c.Token, Spec: c.Spec, IfVersion: r.Uint(), Patch: r.patch()}
	p.Spec.Methods, p.Patch.Methods = r.methods(methodsSpec | methodsPatch | methodsPost)
	return p
}
