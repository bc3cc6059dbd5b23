package fsm

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// maxImageString bounds a single string or list of an image, so that a damaged
// length cannot ask for all the memory there is.
const maxImageString = 64 << 20

// imageReader reads what imageWriter wrote. The first error sticks, and from then
// on every read returns zero.
type imageReader struct {
	from io.Reader
	buf  []byte // read, and summed but for what lies from 0 to pos
	pos  int    // of what was given out
	sum  uint32
	err  error
}

func newImageReader(from io.Reader) *imageReader {
	return &imageReader{from: from, buf: make([]byte, 0, 1<<18)}
}

func (r *imageReader) fail() {
	if r.err == nil {
		r.err = ErrCorrupt
	}
}

// peek returns the next n bytes, fewer only at the end of the image. n is small.
func (r *imageReader) peek(n int) []byte {
	for len(r.buf)-r.pos < n {
		r.sum = crc32.Update(r.sum, castagnoli, r.buf[:r.pos])
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

func (r *imageReader) raw(b []byte) {
	if r.err != nil {
		clear(b)
		return
	}
	for rest := b; len(rest) > 0; {
		n := copy(rest, r.peek(1))
		if n == 0 {
			clear(b)
			r.fail()
			return
		}
		r.pos += n
		rest = rest[n:]
	}
}

func (r *imageReader) byte() byte {
	var one [1]byte
	r.raw(one[:])
	return one[0]
}

// uint reads a varint in its shortest form: an image has one encoding only.
func (r *imageReader) uint() uint64 {
	if r.err != nil {
		return 0
	}
	b := r.peek(binary.MaxVarintLen64)
	v, n := binary.Uvarint(b)
	if n <= 0 || (n > 1 && b[n-1] == 0) {
		r.fail()
		return 0
	}
	r.pos += n
	return v
}

// uint32 reads a number that must fit.
func (r *imageReader) uint32() uint32 {
	v := r.uint()
	if v > math.MaxUint32 {
		r.fail()
		return 0
	}
	return uint32(v)
}

func (r *imageReader) int() int64 { return unzigzag(r.uint()) }

func (r *imageReader) bool() bool {
	b := r.byte()
	if b > 1 {
		r.fail()
	}
	return b == 1
}

// count reads the length of a list. Lists are read item by item, so a wrong
// length meets the end of the image before it costs memory.
func (r *imageReader) count() int {
	n := r.uint()
	if n > maxImageString {
		r.fail()
		return 0
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

func (r *imageReader) bytes() []byte {
	n := r.count()
	if n == 0 {
		return nil
	}
	return r.into(nil, n)
}

// into reads n bytes into the memory of b, or more if that is not enough: step by
// step, so that a wrong length meets the end of the image before it costs memory.
func (r *imageReader) into(b []byte, n int) []byte {
	const step = 1 << 16
	b = b[:0]
	for len(b) < n && r.err == nil {
		at := len(b)
		b = slices.Grow(b, min(n-at, step))[:at+min(n-at, step)]
		r.raw(b[at:])
	}
	return b
}

// block reads bytes with their length before them, into the memory of b.
func (r *imageReader) block(b []byte) []byte {
	var size [blockHead]byte
	r.raw(size[:])
	return r.into(b, int(binary.LittleEndian.Uint32(size[:])))
}

func (r *imageReader) str() string { return string(r.bytes()) }

func (r *imageReader) strs() (list []string) {
	for n := r.count(); n > 0 && r.err == nil; n-- {
		list = append(list, r.str())
	}
	return list
}

// close checks the checksum and that nothing follows it.
func (r *imageReader) close() error {
	if r.err != nil {
		return r.err
	}
	rest := r.peek(5)
	sum := crc32.Update(r.sum, castagnoli, r.buf[:r.pos])
	if len(rest) != 4 || binary.LittleEndian.Uint32(rest) != sum {
		return ErrCorrupt
	}
	return nil
}
