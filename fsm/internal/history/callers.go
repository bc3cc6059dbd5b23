package history

import (
	"encoding/binary"
	"net/netip"
)

// The history tells who sent each ping, though a plain ping's entry is but a few
// bytes: most come from where the one before came from. The head holds the address of
// the newest ping that ended a run and the one before that was another. An entry says
// only how these two changed with it, in a way that is undone when the history is
// read from the newest entry backwards. So whatever the history lets go of, the rest
// can be read; and a job that has two addresses costs three bytes a change, not twenty.

// Callers are the two addresses, in the form of netip.Addr.As16; zero: none.
type Callers struct{ last, other [16]byte }

// CallersOf returns the Callers of two addresses.
func CallersOf(last, other [16]byte) Callers { return Callers{last, other} }

// Last returns the address of the newest ping that ended a run, zero if there is none.
func (c Callers) Last() [16]byte { return c.last }

// Other returns the address before that one that was another, zero if there is none.
func (c Callers) Other() [16]byte { return c.other }

// callerChange is how an entry changes the two addresses.
type callerChange uint8

const (
	sameCaller callerChange = iota
	swapCaller              // the two change places
	newCaller               // a new address is the last, the last becomes the other, the other is lost
)

// receive makes a ping's address the last one. It returns the change, and the address that
// is lost by it, for the ping's entry.
func (c *Callers) receive(from netip.Addr) (change callerChange, lost netip.Addr) {
	next := bytesOf(from)
	switch next {
	case c.last:
		return sameCaller, lost
	case c.other:
		c.last, c.other = c.other, c.last
		return swapCaller, lost
	}
	lost = AddrOf(c.other)
	c.last, c.other = next, c.last
	return newCaller, lost
}

// undoEntry undoes the change of an entry; extra is the entry's Detail, encoded.
func (c *Callers) undoEntry(extra []byte) {
	if bits, _ := binary.Uvarint(extra); bits&(detailSwap|detailNew) == 0 {
		return
	}
	d, _ := ReadDetail(extra)
	c.last, c.other = c.other, c.last
	if d.change == newCaller {
		c.other = bytesOf(d.lost)
	}
}

// AddrOf is the inverse of bytesOf: all zeros are no address.
func AddrOf(b [16]byte) netip.Addr {
	if b == ([16]byte{}) {
		return netip.Addr{}
	}
	return netip.AddrFrom16(b).Unmap()
}
