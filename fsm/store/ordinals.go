package store

import "sync/atomic"

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
