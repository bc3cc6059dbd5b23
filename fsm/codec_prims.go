package fsm

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
)

// Errors of Apply and Restore. A node that meets one must stop: it cannot know
// what it missed.
var (
	ErrVersion = errors.New("written by a newer version of quorumbeat: upgrade this node")
	ErrCorrupt = errors.New("corrupt data")
)

func appendInt(dst []byte, v int64) []byte { return binary.AppendUvarint(dst, zigzag(v)) }

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendStrings(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, s := range list {
		dst = appendString(dst, s)
	}
	return dst
}

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// appendAddr writes the length of an address (0, 4 or 16) and its bytes. Zones
// mean nothing outside their host and are dropped.
func appendAddr(dst []byte, a netip.Addr) []byte {
	b := a.Unmap().WithZone("").AsSlice()
	return append(append(dst, byte(len(b))), b...)
}

// reader reads the primitives of a command. The first error sticks, and from then
// on every read returns zero. Only the shortest form of a number is right, so that
// a command has one encoding.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	r.b, r.err = nil, ErrCorrupt
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) fill(dst []byte) { copy(dst, r.take(uint64(len(dst)))) }

func (r *reader) byte() byte {
	b := r.take(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (r *reader) bool() bool {
	b := r.byte()
	if b > 1 {
		r.fail()
	}
	return b == 1
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || (n > 1 && r.b[n-1] == 0) {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uint32() uint32 {
	v := r.uint()
	if v > math.MaxUint32 {
		r.fail()
		return 0
	}
	return uint32(v)
}

// upTo reads a number that may not be above a limit.
func (r *reader) upTo(most uint64) uint64 {
	v := r.uint()
	if v > most {
		r.fail()
		return 0
	}
	return v
}

func (r *reader) int() int64 { return unzigzag(r.uint()) }

// small reads an int that the encoding of a command keeps below 2^31.
func (r *reader) small() int {
	v := r.int()
	if v < math.MinInt32 || v > math.MaxInt32 {
		r.fail()
		return 0
	}
	return int(v)
}

// count reads the length of a list whose items take at least a byte each.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) str() string { return string(r.take(r.uint())) }

func (r *reader) strs() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	list := make([]string, 0, min(n, 64))
	for ; n > 0 && r.err == nil; n-- {
		list = append(list, r.str())
	}
	return list
}

func (r *reader) addr() netip.Addr {
	n := r.byte()
	switch n {
	case 0:
		return netip.Addr{}
	case 4, 16:
		a, ok := netip.AddrFromSlice(r.take(uint64(n)))
		if !ok || a.Is4In6() {
			r.fail()
			return netip.Addr{}
		}
		return a
	}
	r.fail()
	return netip.Addr{}
}

// end returns the error, or ErrCorrupt if anything is left.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		return ErrCorrupt
	}
	return r.err
}
