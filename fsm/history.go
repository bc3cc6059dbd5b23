package fsm

import "encoding/binary"

// history holds the newest pings of one heartbeat as differences, a few bytes a
// ping. Each entry is a uvarint: zigzag(ms since the entry before) << 1; the low
// bit is kept for entries that will carry more. Bytes once written are never
// written again, so snapshots may share them.
type history struct {
	buf    []byte
	n      int
	oldest int64 // wall of the first entry, whose difference no longer counts
	newest int64 // wall of the last entry
}

func (h *history) add(at int64, limit int) {
	if limit == 0 {
		return
	}
	if h.n == 0 {
		h.oldest, h.newest, h.buf = at, at, nil
	}
	d := at - h.newest
	var e [binary.MaxVarintLen64]byte
	size := binary.PutUvarint(e[:], zigzag(d)<<1)
	h.buf = append(h.room(size), e[:size]...)
	h.newest = at
	h.n++
	h.trim(limit)
}

// room grows the buffer by a quarter rather than doubling it: a million of these
// are most of the memory.
func (h *history) room(size int) []byte {
	if len(h.buf)+size <= cap(h.buf) {
		return h.buf
	}
	grown := make([]byte, len(h.buf), len(h.buf)+len(h.buf)/4+size+8)
	copy(grown, h.buf)
	return grown
}

// trim drops the oldest entries beyond the limit.
func (h *history) trim(limit int) {
	for h.n > limit {
		_, size := binary.Uvarint(h.buf)
		h.buf = h.buf[size:]
		h.n--
		if h.n == 0 {
			*h = history{}
			return
		}
		e, _ := binary.Uvarint(h.buf)
		h.oldest += unzigzag(e >> 1)
	}
}

// times calls f for each entry, oldest first.
func (h *history) times(f func(at int64)) {
	at := h.oldest
	for b, i := h.buf, 0; i < h.n; i++ {
		e, size := binary.Uvarint(b)
		if size <= 0 {
			return
		}
		b = b[size:]
		if i > 0 {
			at += unzigzag(e >> 1)
		}
		f(at)
	}
}

// whole reports whether the buffer holds exactly n entries from oldest to newest.
func (h *history) whole() bool {
	b, at := h.buf, h.oldest
	for i := range h.n {
		e, size := binary.Uvarint(b)
		if size <= 0 || e&1 != 0 {
			return false
		}
		b = b[size:]
		if i > 0 {
			at += unzigzag(e >> 1)
		}
	}
	return len(b) == 0 && at == h.newest
}

func zigzag(v int64) uint64   { return uint64(v<<1) ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }
