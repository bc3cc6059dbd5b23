package index

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"
)

// Index finds ordinals by a key. It is an open table without pointers, nothing for
// the garbage collector to walk, and it grows a little with each put, so that no
// entry waits for a million others to be moved.
//
// One goroutine at a time changes it. Any number of others may find beside that
// one: the token of every ping that a node is sent is looked up while batches are
// applied.
type Index struct {
	tables atomic.Pointer[indexTables]
	live   int
	used   int // slots of tables.cur that are not free
	moved  int // slots of tables.old that are in tables.cur by now
}

// Key is a token, or the ID of a heartbeat and zeros.
type Key [16]byte

// indexTables are the table, and while it grows the one before, which still has
// everything that it had.
type indexTables struct{ cur, old indexTable }

type indexTable []indexSlot

// indexSlot is free until its ordinal is set; from then on its key never changes,
// so that it can be read beside the one who writes.
type indexSlot struct {
	key Key
	ord atomic.Uint64 // 0: free; removedSlot: was removed
}

const (
	removedSlot = 1<<64 - 1
	movedAtOnce = 64 // slots, with each put; a few would do to be done in time
)

// New returns an empty index with room for so many heartbeats.
func New(heartbeats int) *Index {
	x := &Index{}
	x.tables.Store(&indexTables{cur: make(indexTable, slotsFor(heartbeats))})
	return x
}

// slotsFor is the size at which a table is two thirds full; it grows at three
// quarters, to twice what is in it.
func slotsFor(n int) int { return n + n/2 + 64 }

// hash mixes the bits of a key. Tokens and IDs are made at random by the nodes;
// nobody outside can choose them.
func (k *Key) hash() uint32 {
	a, b := binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:])
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd1b54a32d192ed03)
	return uint32(bits.ReverseBytes64(hi^lo) * 0x2545f4914f6cdd1d >> 32)
}

// Find returns the ordinal that is put under a key.
func (x *Index) Find(k Key) (uint64, bool) {
	t := x.tables.Load()
	if s := t.cur.slot(&k); s != nil {
		return s.ordinal()
	}
	if s := t.old.slot(&k); s != nil {
		return s.ordinal()
	}
	return 0, false
}

func (s *indexSlot) ordinal() (uint64, bool) {
	ord := s.ord.Load()
	if ord == removedSlot {
		return 0, false
	}
	return ord, true
}

// slot returns the slot of a key, nil if it was never put.
func (t indexTable) slot(k *Key) *indexSlot {
	for i := range t {
		s := t.probe(k, i)
		if s.ord.Load() == 0 {
			break
		}
		if s.key == *k {
			return s
		}
	}
	return nil
}

func (t indexTable) probe(k *Key, i int) *indexSlot {
	at := int(uint64(k.hash())*uint64(len(t))>>32) + i
	if at >= len(t) {
		at -= len(t)
	}
	return &t[at]
}

// Put adds a key that is not there.
func (x *Index) Put(k Key, ord uint64) {
	t := x.tables.Load()
	if t.old == nil && x.used >= len(t.cur)/4*3 {
		t = &indexTables{cur: make(indexTable, slotsFor(x.live+x.live/3)), old: t.cur}
		x.used, x.moved = 0, 0
		x.tables.Store(t)
	}
	if t.old != nil {
		x.move(t)
	}
	x.insert(t.cur, &k, ord)
	x.live++
}

func (x *Index) insert(t indexTable, k *Key, ord uint64) {
	for i := range t {
		s := t.probe(k, i)
		switch was := s.ord.Load(); {
		case was == 0:
			s.key = *k
			x.used++
			fallthrough
		case s.key == *k: // it was removed, and is put again
			s.ord.Store(ord)
			return
		}
	}
}

// move takes the next slots of the old table to the new one.
func (x *Index) move(t *indexTables) {
	end := min(x.moved+movedAtOnce, len(t.old))
	for ; x.moved < end; x.moved++ {
		s := &t.old[x.moved]
		if ord := s.ord.Load(); ord != 0 && ord != removedSlot {
			x.insert(t.cur, &s.key, ord)
		}
	}
	if end == len(t.old) {
		x.tables.Store(&indexTables{cur: t.cur})
	}
}

// Remove takes a key out.
func (x *Index) Remove(k Key) {
	t := x.tables.Load()
	for _, table := range []indexTable{t.cur, t.old} {
		if s := table.slot(&k); s != nil {
			s.ord.Store(removedSlot)
		}
	}
	x.live--
}

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
