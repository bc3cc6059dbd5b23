package index

import "sync/atomic"

// OrdinalSet is a set of ordinals. One goroutine at a time changes it; any number of others may
// look beside that one.
type OrdinalSet struct {
	words atomic.Pointer[[]atomic.Uint64]
}

// NewOrdinalSet returns an empty set.
func NewOrdinalSet() *OrdinalSet {
	b := &OrdinalSet{}
	b.words.Store(&[]atomic.Uint64{})
	return b
}

// Has reports whether an ordinal is in the set.
func (b *OrdinalSet) Has(i uint64) bool {
	words := *b.words.Load()
	return i/64 < uint64(len(words)) && words[i/64].Load()>>(i%64)&1 != 0
}

// Put puts an ordinal into the set, or takes it out.
func (b *OrdinalSet) Put(i uint64, in bool) {
	if in == b.Has(i) {
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
