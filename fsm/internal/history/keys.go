package history

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// A ping with an idempotency key that is in the history is a repeat. Nearly all keys are
// new, so it has to be quick to see that a key is not there: the few bytes of a run and of
// a page's log are searched for it, and the parts of an archive have filters. Only what
// may be a repeat is looked up entry by entry.

// Answered returns the answer that the ping with a key got; CodeNone if none of the newest
// MaxKeyed pings has the key.
func (p *Page) Answered(h *Head, slot int, key [16]byte) (code fsm.Code) {
	short := ShortKey(key)
	if short == nil || !p.mayHaveKey(slot, short) {
		return fsm.CodeNone
	}
	left := fsm.MaxKeyed
	p.WalkBack(h, slot, 0, func(_ int64, extra []byte, _ [16]byte) bool {
		left--
		if !bytes.Equal(keyIn(extra), short) {
			return left > 0
		}
		d, ok := ReadDetail(extra)
		switch {
		case !ok:
			return left > 0
		case d.Paused:
			code = fsm.CodePaused
		default:
			code = fsm.CodeOK
		}
		return false
	})
	return code
}

// mayHaveKey reports whether one of the newest MaxKeyed pings may have a key. If it says
// no, none has.
func (p *Page) mayHaveKey(slot int, short []byte) bool {
	r := p.runs[slot]
	if bytes.Contains(p.buf[r.at:][:r.size], short) || p.logMayHaveKey(slot, short) {
		return true
	}
	l, left := p.archives[slot], fsm.MaxKeyed-int(r.n)
	if l == nil {
		return false
	}
	for i := len(l.parts) - 1; i >= 0 && left > 0; i-- {
		x := &l.parts[i]
		if x.keys.mayHaveKey(short) && bytes.Contains(x.entries, short) {
			return true
		}
		left -= x.n
	}
	return false
}

// logMayHaveKey searches the log of the page. Jobs may use the same key for several
// heartbeats, so a hit must be of the right slot.
func (p *Page) logMayHaveKey(slot int, short []byte) (may bool) {
	if !bytes.Contains(p.buf[p.logAt:], short) {
		return false
	}
	p.eachLogged(func(s int, e []byte) {
		may = may || s == slot && bytes.HasSuffix(e, short)
	})
	return may
}

// keyIn returns the key that comes with an entry, nil if none does.
func keyIn(extra []byte) []byte {
	if told, _ := binary.Uvarint(extra); told&detailKey == 0 || len(extra) <= ShortKeyLen {
		return nil
	}
	return extra[len(extra)-ShortKeyLen:]
}

// keyFilter is a Bloom filter of keys: if it has not all four bits of a key, the key is not
// among them. The bits of a key are in one word. Keys are parts of hashes, so they need
// no hashing here. Filters are derived: no image has them.
type keyFilter []uint64

const (
	keysPerWord = 4
	bitsPerKey  = 4
)

// filterOf returns the filter of the keys of some entries, nil if there are none.
func filterOf(entries []byte) keyFilter {
	n := 0
	eachKey(entries, func([]byte) { n++ })
	if n == 0 {
		return nil
	}
	f := make(keyFilter, (n+keysPerWord-1)/keysPerWord)
	eachKey(entries, func(short []byte) {
		word, mask := f.positionOf(short)
		f[word] |= mask
	})
	return f
}

// positionOf returns the word and the bits of a key.
func (f keyFilter) positionOf(short []byte) (word int, mask uint64) {
	h := binary.LittleEndian.Uint64(short)
	high, _ := bits.Mul64(h, uint64(len(f)))
	for range bitsPerKey {
		mask |= 1 << (h & 63)
		h >>= 6
	}
	return int(high), mask
}

func (f keyFilter) mayHaveKey(short []byte) bool {
	if len(f) == 0 {
		return false
	}
	word, mask := f.positionOf(short)
	return f[word]&mask == mask
}

// eachKey calls f for each key of some entries.
func eachKey(entries []byte, f func(short []byte)) {
	for b := entries; len(b) > 0; {
		if b[0]&1 == 0 {
			b = b[entrySize(b):]
			continue
		}
		_, extra, size := readEntry(b)
		if short := keyIn(extra); short != nil {
			f(short)
		}
		b = b[size:]
	}
}
