package ordered

import (
	"iter"
	"slices"
	"sort"
)

// chunkKeys is how many keys an Add or a Remove moves at most.
const chunkKeys = 256

// Key is a key with an order of its own: Compare is negative if the key comes before
// the other, 0 if they are the same.
type Key[K any] interface {
	comparable
	Compare(other K) int
}

// Set is an ordered set of keys. They lie in chunks, so that adding and removing cost
// about the same for ten keys and for 100,000. The zero value is empty.
type Set[K Key[K]] struct {
	chunks [][]K // none is empty
	n      int
}

// Len returns the number of keys.
func (s *Set[K]) Len() int { return s.n }

// find returns where k is, or where it belongs: at one of the ends, mostly.
func (s *Set[K]) find(k K) (c, i int, found bool) {
	if s.n == 0 || s.chunks[0][0] == k {
		return 0, 0, s.n > 0
	}
	if c = len(s.chunks) - 1; s.chunks[c][len(s.chunks[c])-1].Compare(k) < 0 {
		return c, len(s.chunks[c]), false
	}
	c = sort.Search(len(s.chunks), func(c int) bool { return s.chunks[c][0].Compare(k) > 0 })
	if c == 0 {
		return 0, 0, false
	}
	i, found = slices.BinarySearchFunc(s.chunks[c-1], k, K.Compare)
	return c - 1, i, found
}

// Contains reports whether k is in the set.
func (s *Set[K]) Contains(k K) bool {
	_, _, found := s.find(k)
	return found
}

// Add puts k into the set, if it is not there.
func (s *Set[K]) Add(k K) {
	c, i, found := s.find(k)
	if found {
		return
	}
	s.n++
	if len(s.chunks) == 0 {
		s.chunks = append(s.chunks, []K{k})
		return
	}
	full := s.chunks[c]
	if len(full) < chunkKeys {
		s.chunks[c] = slices.Insert(full, i, k)
		return
	}
	half := chunkKeys / 2
	if c == len(s.chunks)-1 && i == len(full) {
		half = chunkKeys // what comes in order leaves full chunks behind
	}
	second := append(make([]K, 0, chunkKeys), full[half:]...)
	s.chunks[c] = full[:half]
	s.chunks = slices.Insert(s.chunks, c+1, second)
	if i >= half {
		c, i = c+1, i-half
	}
	s.chunks[c] = slices.Insert(s.chunks[c], i, k)
}

// Remove takes k out of the set, if it is there.
func (s *Set[K]) Remove(k K) {
	c, i, found := s.find(k)
	if !found {
		return
	}
	s.n--
	chunk := s.chunks[c]
	if i == 0 {
		chunk = chunk[1:]
	} else {
		chunk = slices.Delete(chunk, i, i+1)
	}
	s.chunks[c] = chunk
	if len(chunk) == 0 {
		s.chunks = slices.Delete(s.chunks, c, c+1)
		return
	}
	s.join(c)
	s.join(c - 1)
}

// join makes one chunk of two neighbours that have become small.
func (s *Set[K]) join(c int) {
	if c < 0 || c+1 >= len(s.chunks) || len(s.chunks[c])+len(s.chunks[c+1]) > chunkKeys/2 {
		return
	}
	s.chunks[c] = append(s.chunks[c], s.chunks[c+1]...)
	s.chunks = slices.Delete(s.chunks, c+1, c+2)
}

// First returns the first key, false if there is none.
func (s *Set[K]) First() (k K, ok bool) {
	if s.n == 0 {
		return k, false
	}
	return s.chunks[0][0], true
}

// Last returns the last key, false if there is none.
func (s *Set[K]) Last() (k K, ok bool) {
	if s.n == 0 {
		return k, false
	}
	end := s.chunks[len(s.chunks)-1]
	return end[len(end)-1], true
}

// All goes from the first key to the last.
func (s *Set[K]) All() iter.Seq[K] {
	return func(yield func(K) bool) {
		for at := s.Begin(); ; at.Step() {
			if k, ok := at.Key(); !ok || !yield(k) {
				return
			}
		}
	}
}

// Before goes backwards from the last key before k, or from the last of all if k is
// nil.
func (s *Set[K]) Before(k *K) iter.Seq[K] {
	return func(yield func(K) bool) {
		c, i := len(s.chunks), 0
		if k != nil {
			c, i, _ = s.find(*k)
		}
		for {
			if i == 0 {
				if c--; c < 0 {
					return
				}
				i = len(s.chunks[c])
			}
			if i--; !yield(s.chunks[c][i]) {
				return
			}
		}
	}
}

// Cursor is a position in a set. It is good until the set changes.
type Cursor[K Key[K]] struct {
	set  *Set[K]
	c, i int
}

// Begin returns a cursor at the first key.
func (s *Set[K]) Begin() Cursor[K] { return Cursor[K]{set: s} }

// Key returns the key at the cursor, false at the end.
func (x *Cursor[K]) Key() (k K, ok bool) {
	if x.c == len(x.set.chunks) {
		return k, false
	}
	return x.set.chunks[x.c][x.i], true
}

// Step moves on to the next key.
func (x *Cursor[K]) Step() {
	if x.i++; x.i == len(x.set.chunks[x.c]) {
		x.c, x.i = x.c+1, 0
	}
}
