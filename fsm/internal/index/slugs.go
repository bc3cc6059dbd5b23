package index

import (
	"crypto/sha256"
	"encoding/binary"
)

// Slugs finds heartbeats by their slug, which several may share. It is derived
// from the heartbeats. Nearly all slugs have one: those cost an ordinal and 32 bits of a
// hash each, and slugOf is asked for the slug itself.
type Slugs struct {
	slugOf func(ordinal uint64) []byte // of a heartbeat that is there

	one  map[uint32]uint32    // by the hash's first bits: the only heartbeat with its slug
	rest map[slugHash]sharers // slugs of several heartbeats, and those whose bits are taken in one
}

// slugHash names a slug. Nobody finds two slugs with one of these.
type slugHash [16]byte

// sharers are the heartbeats with a slug: how many, and their ordinals combined by
// exclusive or, which is the ordinal itself when all others have gone.
type sharers struct{ xor, n uint32 }

// NewSlugs returns an empty index. slugOf tells the slug of a heartbeat that was
// added.
func NewSlugs(slugOf func(ordinal uint64) []byte) Slugs {
	return Slugs{slugOf: slugOf, one: map[uint32]uint32{}, rest: map[slugHash]sharers{}}
}

func hashSlug[T string | []byte](slug T) slugHash {
	sum := sha256.Sum256([]byte(slug))
	return slugHash(sum[:16])
}

func (h slugHash) bits() uint32 { return binary.LittleEndian.Uint32(h[:]) }

// Find returns how many heartbeats have a slug, and the ordinal if it is one.
func (x *Slugs) Find(slug string) (ord uint64, n int) {
	h := hashSlug(slug)
	if s, ok := x.rest[h]; ok {
		if s.n > 1 {
			return 0, int(s.n)
		}
		return uint64(s.xor), 1
	}
	if only, ok := x.one[h.bits()]; ok && string(x.slugOf(uint64(only))) == slug {
		return uint64(only), 1
	}
	return 0, 0
}

// Add files a heartbeat under its slug. Ordinals must fit 32 bits.
func (x *Slugs) Add(slug string, ord uint64) {
	h := hashSlug(slug)
	if s, ok := x.rest[h]; ok {
		x.rest[h] = sharers{s.xor ^ uint32(ord), s.n + 1}
		return
	}
	other, taken := x.one[h.bits()]
	switch {
	case !taken:
		x.one[h.bits()] = uint32(ord)
	case string(x.slugOf(uint64(other))) == slug:
		delete(x.one, h.bits())
		x.rest[h] = sharers{other ^ uint32(ord), 2}
	default:
		x.rest[h] = sharers{uint32(ord), 1}
	}
}

// Remove takes out a heartbeat that was added with this slug.
func (x *Slugs) Remove(slug string, ord uint64) {
	h := hashSlug(slug)
	switch s, ok := x.rest[h]; {
	case !ok:
		delete(x.one, h.bits())
	case s.n == 1:
		delete(x.rest, h)
	default:
		x.rest[h] = sharers{s.xor ^ uint32(ord), s.n - 1}
	}
}
