package store

import (
	"iter"
	"slices"
	"sort"
)

// chunkKeys is how many keys a change of a keyList moves at most.
const chunkKeys = 256

// keyList is an ordered set of row keys. They lie in chunks, so that adding and
// removing cost about the same for ten keys and for 100,000.
type keyList struct {
	chunks [][]rowKey // none is empty
	n      int
}

// find returns where k is, or where it belongs: at one of the ends, mostly.
func (l *keyList) find(k rowKey) (c, i int, found bool) {
	if l.n == 0 || l.chunks[0][0] == k {
		return 0, 0, l.n > 0
	}
	if c = len(l.chunks) - 1; compareKeys(l.chunks[c][len(l.chunks[c])-1], k) < 0 {
		return c, len(l.chunks[c]), false
	}
	c = sort.Search(len(l.chunks), func(c int) bool { return compareKeys(l.chunks[c][0], k) > 0 })
	if c == 0 {
		return 0, 0, false
	}
	i, found = slices.BinarySearchFunc(l.chunks[c-1], k, compareKeys)
	return c - 1, i, found
}

func (l *keyList) contains(k rowKey) bool {
	_, _, found := l.find(k)
	return found
}

func (l *keyList) add(k rowKey) {
	c, i, found := l.find(k)
	if found {
		return
	}
	l.n++
	if len(l.chunks) == 0 {
		l.chunks = append(l.chunks, []rowKey{k})
		return
	}
	full := l.chunks[c]
	if len(full) < chunkKeys {
		l.chunks[c] = slices.Insert(full, i, k)
		return
	}
	half := chunkKeys / 2
	if c == len(l.chunks)-1 && i == len(full) {
		half = chunkKeys // what comes in order leaves full chunks behind
	}
	second := append(make([]rowKey, 0, chunkKeys), full[half:]...)
	l.chunks[c] = full[:half]
	l.chunks = slices.Insert(l.chunks, c+1, second)
	if i >= half {
		c, i = c+1, i-half
	}
	l.chunks[c] = slices.Insert(l.chunks[c], i, k)
}

func (l *keyList) remove(k rowKey) {
	c, i, found := l.find(k)
	if !found {
		return
	}
	l.n--
	chunk := l.chunks[c]
	if i == 0 {
		chunk = chunk[1:]
	} else {
		chunk = slices.Delete(chunk, i, i+1)
	}
	l.chunks[c] = chunk
	if len(chunk) == 0 {
		l.chunks = slices.Delete(l.chunks, c, c+1)
		return
	}
	l.join(c)
	l.join(c - 1)
}

// join makes one of two neighbours that have become small.
func (l *keyList) join(c int) {
	if c < 0 || c+1 >= len(l.chunks) || len(l.chunks[c])+len(l.chunks[c+1]) > chunkKeys/2 {
		return
	}
	l.chunks[c] = append(l.chunks[c], l.chunks[c+1]...)
	l.chunks = slices.Delete(l.chunks, c+1, c+2)
}

// first and last return the ends of a list that has any keys.
func (l *keyList) first() (k rowKey, ok bool) {
	if l.n == 0 {
		return k, false
	}
	return l.chunks[0][0], true
}

func (l *keyList) last() (k rowKey, ok bool) {
	if l.n == 0 {
		return k, false
	}
	end := l.chunks[len(l.chunks)-1]
	return end[len(end)-1], true
}

// all goes from the oldest key to the newest.
func (l *keyList) all() iter.Seq[rowKey] {
	return func(yield func(rowKey) bool) {
		for at := l.begin(); ; at.step() {
			if k, ok := at.key(); !ok || !yield(k) {
				return
			}
		}
	}
}

// before goes from the newest key before k to the oldest; from the newest of all
// if k is nil.
func (l *keyList) before(k *rowKey) iter.Seq[rowKey] {
	return func(yield func(rowKey) bool) {
		c, i := len(l.chunks), 0
		if k != nil {
			c, i, _ = l.find(*k)
		}
		for {
			if i == 0 {
				if c--; c < 0 {
					return
				}
				i = len(l.chunks[c])
			}
			if i--; !yield(l.chunks[c][i]) {
				return
			}
		}
	}
}

// cursor is a place in a list that does not change meanwhile.
type cursor struct {
	list *keyList
	c, i int
}

func (l *keyList) begin() cursor { return cursor{list: l} }

// key returns the key at the cursor, false at the end.
func (x *cursor) key() (k rowKey, ok bool) {
	if x.c == len(x.list.chunks) {
		return k, false
	}
	return x.list.chunks[x.c][x.i], true
}

func (x *cursor) step() {
	if x.i++; x.i == len(x.list.chunks[x.c]) {
		x.c, x.i = x.c+1, 0
	}
}
