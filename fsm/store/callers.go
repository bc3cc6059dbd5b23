package store

import (
	"encoding/binary"
	"net/netip"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// The history tells who sent each ping, though a plain ping's entry is but a few
// bytes: most come from where the one before came from. The vitals hold the address of
// the newest ping that ended a run and the one before that was another. An entry says
// only how these two changed with it, in a way that is undone when the history is
// read from the newest entry backwards. So whatever the history lets go of, the rest
// can be read; and a job that has two addresses costs three bytes a change, not twenty.

// callers are the two addresses, in the form of netip.Addr.As16; zero: none.
type callers struct{ last, other [16]byte }

// callerChange is what an entry does to them.
type callerChange uint8

const (
	sameCaller callerChange = iota
	swapCaller              // the other is the last, and the last the other
	newCaller               // there is a new one: the last is the other, which is lost
)

func (v *vitals) callers() callers     { return callers{v.lastFrom, v.otherFrom} }
func (v *vitals) setCallers(c callers) { v.lastFrom, v.otherFrom = c.last, c.other }

// heard notes the next ping's address, and returns what its entry has to say: the
// change, and the address that is lost by it.
func (c *callers) heard(from netip.Addr) (change callerChange, lost netip.Addr) {
	next := bytesOf(from)
	switch next {
	case c.last:
		return sameCaller, lost
	case c.other:
		c.last, c.other = c.other, c.last
		return swapCaller, lost
	}
	lost = addrOf(c.other)
	c.last, c.other = next, c.last
	return newCaller, lost
}

// undo takes back what an entry did, of which extra came with it.
func (c *callers) undo(extra []byte) {
	if bits, _ := binary.Uvarint(extra); bits&(detailSwap|detailNew) == 0 {
		return
	}
	d, _ := readDetail(extra)
	c.last, c.other = c.other, c.last
	if d.callers == newCaller {
		c.other = bytesOf(d.lost)
	}
}

func bytesOf(a netip.Addr) (b [16]byte) {
	if a.IsValid() {
		b = a.As16()
	}
	return b
}

// addrOf is the inverse of bytesOf; what is all zeros is no address.
func addrOf(b [16]byte) netip.Addr {
	if b == ([16]byte{}) {
		return netip.Addr{}
	}
	return netip.AddrFrom16(b).Unmap()
}

// flags are those of an image that has the addresses.
func (c callers) flags() (f flags) {
	if c.last != ([16]byte{}) {
		f |= flagFrom
	}
	if c.other != ([16]byte{}) {
		f |= flagOther
	}
	return f
}

// readCallers reads what an image has of them.
func (h *restored) readCallers(r *wire.Reader) {
	if h.is(flagFrom) {
		r.Fill(h.lastFrom[:])
	}
	if h.is(flagOther) {
		r.Fill(h.otherFrom[:])
	}
	c := h.callers()
	if c.flags() != h.vitals.flags&(flagFrom|flagOther) || c.last == c.other && h.is(flagOther) {
		r.Fail() // no addresses that this program writes
	}
	h.clear(flagFrom | flagOther)
}
