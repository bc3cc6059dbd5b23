package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
)

// AppendUint appends v as an unsigned varint.
func AppendUint(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, v) }

// AppendInt appends v as a zigzag varint.
func AppendInt(dst []byte, v int64) []byte { return binary.AppendVarint(dst, v) }

// AppendBytes appends the length of b and b.
func AppendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// AppendString appends the length of s in bytes and s.
func AppendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// AppendStrings appends the length of the list and each of its strings.
func AppendStrings(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, s := range list {
		dst = AppendString(dst, s)
	}
	return dst
}

// AppendRising appends a list of positive numbers, each of which is higher than the one
// before.
func AppendRising(dst []byte, list []int64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	last := int64(0)
	for _, v := range list {
		dst = binary.AppendUvarint(dst, uint64(v-last))
		last = v
	}
	return dst
}

// AppendBool appends 1 for true and 0 for false.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendAddr appends the length of an address (0, 4 or 16) and its bytes. A zone
// means nothing outside its host and is dropped.
func AppendAddr(dst []byte, a netip.Addr) []byte {
	b := a.Unmap().WithZone("").AsSlice()
	return append(append(dst, byte(len(b))), b...)
}

// Zigzag maps small negative and positive numbers to small unsigned ones.
func Zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

// Unzigzag is the inverse of Zigzag.
func Unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// ErrCorrupt is the error of every decoder: the bytes are not what the encoder
// writes.
var ErrCorrupt = errors.New("corrupt data")

// Reader reads values off a slice. The first error sticks, and from then on every
// read returns zero. What it returns as a slice is part of the one that it reads.
type Reader struct {
	rest []byte
	err  error
}

// NewReader returns a Reader of b.
func NewReader(b []byte) Reader { return Reader{rest: b} }

// Fail makes ErrCorrupt the reader's error, for a caller that finds a value out of
// its limits.
func (r *Reader) Fail() { r.rest, r.err = nil, ErrCorrupt }

// OK reports whether there was no error so far.
func (r *Reader) OK() bool { return r.err == nil }

// Len returns how many bytes are left, 0 after an error.
func (r *Reader) Len() int { return len(r.rest) }

// Rest returns the bytes that are left, without taking them.
func (r *Reader) Rest() []byte { return r.rest }

// End returns the error, or ErrCorrupt if anything is left.
func (r *Reader) End() error {
	if r.err == nil && len(r.rest) > 0 {
		return ErrCorrupt
	}
	return r.err
}

// Take reads n bytes.
func (r *Reader) Take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.Fail()
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

// Fill reads as many bytes as dst has.
func (r *Reader) Fill(dst []byte) { copy(dst, r.Take(uint64(len(dst)))) }

// Byte reads one byte.
func (r *Reader) Byte() byte {
	b := r.Take(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// Bool reads what AppendBool wrote.
func (r *Reader) Bool() bool {
	b := r.Byte()
	if b > 1 {
		r.Fail()
	}
	return b == 1
}

// Uint reads an unsigned varint in its shortest form.
func (r *Reader) Uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || (n > 1 && r.rest[n-1] == 0) {
		r.Fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// UpTo reads an unsigned varint that may not be above most.
func (r *Reader) UpTo(most uint64) uint64 {
	v := r.Uint()
	if v > most {
		r.Fail()
		return 0
	}
	return v
}

// Uint32 reads an unsigned varint of at most 32 bits.
func (r *Reader) Uint32() uint32 { return uint32(r.UpTo(math.MaxUint32)) }

// Millis reads a length of time or a point of serving time, neither of which is
// negative, in milliseconds.
func (r *Reader) Millis() int64 { return int64(r.UpTo(math.MaxInt64 / 2)) }

// Int reads a zigzag varint.
func (r *Reader) Int() int64 { return Unzigzag(r.Uint()) }

// Int32 reads a zigzag varint of at most 32 bits.
func (r *Reader) Int32() int {
	v := r.Int()
	if v < math.MinInt32 || v > math.MaxInt32 {
		r.Fail()
		return 0
	}
	return int(v)
}

// Count reads the length of a list whose items take at least a byte each, so that a
// short input cannot ask for a long list.
func (r *Reader) Count() int { return int(r.UpTo(uint64(len(r.rest)))) }

// CountOf is Count for items that take at least size bytes each and of which there
// may be most.
func (r *Reader) CountOf(size, most int) int {
	n := r.Uint()
	if n > uint64(most) || n > uint64(len(r.rest)/size) {
		r.Fail()
		return 0
	}
	return int(n)
}

// Bytes reads what AppendBytes wrote, at most so many bytes; nil if there are none.
func (r *Reader) Bytes(most uint64) []byte {
	n := r.UpTo(most)
	if n == 0 {
		return nil
	}
	return r.Take(n)
}

// String reads what AppendString wrote.
func (r *Reader) String() string { return string(r.Take(r.Uint())) }

// Strings reads what AppendStrings wrote; nil if the list is empty.
func (r *Reader) Strings() []string {
	n := r.Count()
	if n == 0 {
		return nil
	}
	list := make([]string, 0, min(n, 64))
	for ; n > 0 && r.err == nil; n-- {
		list = append(list, r.String())
	}
	return list
}

// Rising reads what AppendRising wrote, at most so many; nil if the list is empty.
func (r *Reader) Rising(most int) (list []int64) {
	last, n := int64(0), r.CountOf(1, most)
	if n > 0 {
		list = make([]int64, 0, n)
	}
	for ; n > 0 && r.OK(); n-- {
		step := r.Millis()
		if last += step; step == 0 || last < 0 {
			r.Fail()
			return nil
		}
		list = append(list, last)
	}
	return list
}

// Addr reads what AppendAddr wrote.
func (r *Reader) Addr() netip.Addr {
	n := r.Byte()
	switch n {
	case 0:
		return netip.Addr{}
	case 4, 16:
		a, ok := netip.AddrFromSlice(r.Take(uint64(n)))
		if !ok || a.Is4In6() {
			r.Fail()
			return netip.Addr{}
		}
		return a
	}
	r.Fail()
	return netip.Addr{}
}
