package fsm

import (
	"bufio"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
	"math"
)

// maxImageString bounds a single string or list of an image, so that a damaged
// length cannot ask for all the memory there is.
const maxImageString = 64 << 20

// imageReader reads what imageWriter wrote. The first error sticks, and from then
// on every read returns zero.
type imageReader struct {
	buf *bufio.Reader
	sum hash.Hash32
	err error
	one [1]byte
}

func newImageReader(r io.Reader) *imageReader {
	return &imageReader{buf: bufio.NewReaderSize(r, 1<<18), sum: crc32.New(castagnoli)}
}

func (r *imageReader) fail() {
	if r.err == nil {
		r.err = ErrCorrupt
	}
}

func (r *imageReader) raw(b []byte) {
	if r.err != nil {
		return
	}
	if _, err := io.ReadFull(r.buf, b); err != nil {
		clear(b)
		r.fail()
		return
	}
	r.sum.Write(b)
}

func (r *imageReader) byte() byte {
	r.one[0] = 0
	r.raw(r.one[:])
	return r.one[0]
}

// uint reads a varint in its shortest form: an image has one encoding only.
func (r *imageReader) uint() (v uint64) {
	for shift := 0; shift < 64; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if (b == 0 && shift > 0) || (shift == 63 && b > 1) {
				r.fail()
				return 0
			}
			return v
		}
	}
	r.fail()
	return 0
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
	const step = 1 << 16
	b := make([]byte, min(n, step))
	r.raw(b)
	for len(b) < n && r.err == nil {
		at := len(b)
		b = append(b, make([]byte, min(n-at, step))...)
		r.raw(b[at:])
	}
	return b
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
	want := r.sum.Sum32()
	var b [4]byte
	if _, err := io.ReadFull(r.buf, b[:]); err != nil || binary.LittleEndian.Uint32(b[:]) != want {
		return ErrCorrupt
	}
	if _, err := r.buf.ReadByte(); err != io.EOF {
		return ErrCorrupt
	}
	return nil
}
