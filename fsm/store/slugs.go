package store

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// slugIndex finds heartbeats by their slug, which several may share. It is derived
// from the table. Nearly all slugs have one heartbeat: those cost an ordinal and 32
// bits of a hash each, and the table is asked for the slug itself.
type slugIndex struct {
	one  map[uint32]uint32    // by the hash's first bits: the only heartbeat with its slug
	rest map[slugHash]sharers // slugs of several heartbeats, and those whose bits are taken in one
}

// slugHash names a slug. Nobody finds two slugs with one of these.
type slugHash [16]byte

// sharers are the heartbeats with a slug: how many, and their ordinals combined by
// exclusive or, which is the ordinal itself when all others have gone.
type sharers struct{ xor, n uint32 }

func newSlugIndex() slugIndex {
	return slugIndex{one: map[uint32]uint32{}, rest: map[slugHash]sharers{}}
}

func hashSlug[T string | []byte](slug T) slugHash {
	sum := sha256.Sum256([]byte(slug))
	return slugHash(sum[:16])
}

func (h slugHash) bits() uint32 { return binary.LittleEndian.Uint32(h[:]) }

// find returns how many heartbeats have a slug, and the ordinal if it is one.
func (x *slugIndex) find(t *table, slug string) (ord uint64, n int) {
	h := hashSlug(slug)
	if s, ok := x.rest[h]; ok {
		if s.n > 1 {
			return 0, int(s.n)
		}
		return uint64(s.xor), 1
	}
	if only, ok := x.one[h.bits()]; ok && string(t.slug(uint64(only))) == slug {
		return uint64(only), 1
	}
	return 0, 0
}

// add files a heartbeat that is in the table. Ordinals fit 32 bits, see maxOrdinal.
func (x *slugIndex) add(t *table, slug string, ord uint64) {
	h := hashSlug(slug)
	if s, ok := x.rest[h]; ok {
		x.rest[h] = sharers{s.xor ^ uint32(ord), s.n + 1}
		return
	}
	other, taken := x.one[h.bits()]
	switch {
	case !taken:
		x.one[h.bits()] = uint32(ord)
	case string(t.slug(uint64(other))) == slug:
		delete(x.one, h.bits())
		x.rest[h] = sharers{other ^ uint32(ord), 2}
	default:
		x.rest[h] = sharers{uint32(ord), 1}
	}
}

// remove takes out a heartbeat that was added with this slug.
func (x *slugIndex) remove(slug string, ord uint64) {
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

// slug returns the slug of a heartbeat, as a part of the page's text; there must be
// one.
func (t *table) slug(ord uint64) []byte {
	p, slot := t.at(ord)
	r := wire.NewReader(p.textOf(slot))
	r.Take(uint64(len(fsm.HeartbeatID{})))
	r.Int()          // created
	r.Int()          // updated
	r.Uint()         // version
	r.Take(r.Uint()) // name
	return r.Take(r.Uint())
}
