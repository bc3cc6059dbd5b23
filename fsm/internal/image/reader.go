package image

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// maxString bounds a single string or list of an image, so that a damaged
// length cannot ask for all the memory there is.
const maxString = 64 << 20

// Reader reads what imageWriter wrote. The first error sticks, and from then
// on every read returns zero.
type Reader struct {
	from io.Reader
	buf  []byte // read, and summed but for what lies from 0 to pos
	pos  int    // of what was given out
	sum  uint32
	err  error
}

// NewReader returns a Reader of an image.
func NewReader(from io.Reader) *Reader {
	return &Reader{from: from, buf: make([]byte, 0, 1<<18)}
}

// OK reports whether there was no error so far.
func (r *Reader) OK() bool { return r.err == nil }

// Fail makes wire.ErrCorrupt the error, for a caller that finds a value out of its
// limits.
func (r *Reader) Fail() {
	if r.OK() {
		r.err = wire.ErrCorrupt
	}
}

// peek returns the next n bytes, fewer only at the end of the image. n is small.
func (r *Reader) peek(n int) []byte {
	for len(r.buf)-r.pos < n {
		r.sum = crc32.Update(r.sum, wire.Castagnoli, r.buf[:r.pos])
		r.buf = r.buf[:copy(r.buf, r.buf[r.pos:])]
		r.pos = 0
		m, err := io.ReadAtLeast(r.from, r.buf[len(r.buf):cap(r.buf)], n-len(r.buf))
		r.buf = r.buf[:len(r.buf)+m]
		if err != nil {
			break
		}
	}
	return r.buf[r.pos:]
}

func (r *Reader) Raw(b []byte) {
	if !r.OK() {
		clear(b)
		return
	}
	for rest := b; len(rest) > 0; {
		n := copy(rest, r.peek(1))
		if n == 0 {
			clear(b)
			r.Fail()
			return
		}
		r.pos += n
		rest = rest[n:]
	}
}

func (r *Reader) Byte() byte {
	var one [1]byte
	r.Raw(one[:])
	return one[0]
}

// Uint reads a varint in its shortest form: an image has one encoding only.
func (r *Reader) Uint() uint64 {
	if !r.OK() {
		return 0
	}
	b := r.peek(binary.MaxVarintLen64)
	v, n := binary.Uvarint(b)
	if n <= 0 || (n > 1 && b[n-1] == 0) {
		r.Fail()
		return 0
	}
	r.pos += n
	return v
}

// Uint32 reads a number that must fit.
func (r *Reader) Uint32() uint32 {
	v := r.Uint()
	if v > math.MaxUint32 {
		r.Fail()
		return 0
	}
	return uint32(v)
}

func (r *Reader) Int() int64 { return wire.Unzigzag(r.Uint()) }

func (r *Reader) Bool() bool {
	b := r.Byte()
	if b > 1 {
		r.Fail()
	}
	return b == 1
}

// Count reads the length of a list. Lists are read item by item, so a wrong
// length meets the end of the image before it costs memory.
func (r *Reader) Count() int {
	n := r.Uint()
	if n > maxString {
		r.Fail()
		return 0
	}
	if !r.OK() {
		return 0
	}
	return int(n)
}

func (r *Reader) Bytes() []byte {
	n := r.Count()
	if n == 0 {
		return nil
	}
	return r.into(nil, n)
}

// into reads n bytes into the memory of b, or more if that is not enough: step by
// step, so that a wrong length meets the end of the image before it costs memory.
func (r *Reader) into(b []byte, n int) []byte {
	const step = 1 << 16
	b = b[:0]
	for len(b) < n && r.OK() {
		at := len(b)
		b = slices.Grow(b, min(n-at, step))[:at+min(n-at, step)]
		r.Raw(b[at:])
	}
	return b
}

// Block reads bytes with their length before them, into the memory of b.
func (r *Reader) Block(b []byte) []byte {
	var size [blockHead]byte
	r.Raw(size[:])
	return r.into(b, int(binary.LittleEndian.Uint32(size[:])))
}

func (r *Reader) String() string { return string(r.Bytes()) }

func (r *Reader) Strings() (list []string) {
	for n := r.Count(); n > 0 && r.OK(); n-- {
		list = append(list, r.String())
	}
	return list
}

// Close checks the checksum and that nothing follows it.
func (r *Reader) Close() error {
	if !r.OK() {
		return r.err
	}
	rest := r.peek(5)
	sum := crc32.Update(r.sum, wire.Castagnoli, r.buf[:r.pos])
	if len(rest) != 4 || binary.LittleEndian.Uint32(rest) != sum {
		return wire.ErrCorrupt
	}
	return nil
}
