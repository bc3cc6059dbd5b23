package fsm

// MethodsPost are the Methods of a heartbeat that takes no others.
var MethodsPost = []string{"POST"}

// Commands from before methods end without them, and so do those that say nothing of
// them. The others end with a byte.
const (
	methodsSpec  = 1 << 0 // the spec takes POST alone
	methodsPatch = 1 << 1 // the patch says which it takes:
	methodsPost  = 1 << 2 // POST alone
)

func appendMethods(dst []byte, spec []string, patch *[]string) []byte {
	b := byte(0)
	if len(spec) > 0 {
		b |= methodsSpec
	}
	if patch != nil {
		b |= methodsPatch
		if len(*patch) > 0 {
			b |= methodsPost
		}
	}
	if b == 0 {
		return dst
	}
	return append(dst, b)
}

// methods reads what appendMethods wrote at the end of a command, of what may be there.
func (r *reader) methods(may byte) (spec []string, patch *[]string) {
	if !r.OK() || r.Len() == 0 {
		return nil, nil
	}
	b := r.Byte()
	if b == 0 || b&^may != 0 || b&methodsPost != 0 && b&methodsPatch == 0 {
		r.Fail()
		return nil, nil
	}
	if b&methodsSpec != 0 {
		spec = MethodsPost
	}
	if b&methodsPatch != 0 {
		patch = new([]string)
		if b&methodsPost != 0 {
			*patch = MethodsPost
		}
	}
	return spec, patch
}
