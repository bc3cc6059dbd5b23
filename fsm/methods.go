package fsm

import "sync/atomic"

// onlyPost are the Methods of a heartbeat that takes no others.
var onlyPost = []string{"POST"}

// OnlyPost reports whether the heartbeat with an ordinal takes pings by POST alone. It
// does not allocate, and does not wait for an entry that is being applied.
func (s *Store) OnlyPost(ordinal uint64) bool { return s.onlyPost.Load().has(ordinal) }

// ordinalSet is a set of ordinals. One goroutine at a time changes it; any number of others may
// look beside that one.
type ordinalSet struct {
	words atomic.Pointer[[]atomic.Uint64]
}

func newOrdinalSet() *ordinalSet {
	b := &ordinalSet{}
	b.words.Store(&[]atomic.Uint64{})
	return b
}

func (b *ordinalSet) has(i uint64) bool {
	words := *b.words.Load()
	return i/64 < uint64(len(words)) && words[i/64].Load()>>(i%64)&1 != 0
}

func (b *ordinalSet) put(i uint64, in bool) {
	if in == b.has(i) {
		return
	}
	words := *b.words.Load()
	if i/64 >= uint64(len(words)) {
		more := make([]atomic.Uint64, i/64+i/128+1)
		for k := range words {
			more[k].Store(words[k].Load())
		}
		words = more
		b.words.Store(&words)
	}
	if bit := uint64(1) << (i % 64); in {
		words[i/64].Or(bit)
	} else {
		words[i/64].And(^bit)
	}
}

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
		spec = onlyPost
	}
	if b&methodsPatch != 0 {
		patch = new([]string)
		if b&methodsPost != 0 {
			*patch = onlyPost
		}
	}
	return spec, patch
}
