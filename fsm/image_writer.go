package fsm

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"runtime"
)

// castagnoli is the checksum of images: hardware computes it at memory speed.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// flushAt is how many bytes of an image are gathered before they are written.
const flushAt = 1 << 18

// imageWriter writes the primitives of an image and sums them. The first error
// sticks.
type imageWriter struct {
	to  io.Writer
	buf []byte
	sum uint32
	n   int64
	err error
}

func newImageWriter(to io.Writer) *imageWriter {
	return &imageWriter{to: to, buf: make([]byte, 0, flushAt+flushAt/4)}
}

// flushed writes what has gathered, if that is enough. Every list of an image that
// may be long calls it for each of its items.
func (w *imageWriter) flushed() {
	if len(w.buf) >= flushAt {
		w.flush()
	}
}

func (w *imageWriter) flush() {
	if w.err == nil {
		w.sum = crc32.Update(w.sum, castagnoli, w.buf)
		_, w.err = w.to.Write(w.buf)
		w.n += int64(len(w.buf))
		runtime.Gosched()
	}
	w.buf = w.buf[:0]
}

func (w *imageWriter) raw(b []byte)    { w.buf = append(w.buf, b...) }
func (w *imageWriter) uint(v uint64)   { w.buf = binary.AppendUvarint(w.buf, v) }
func (w *imageWriter) int(v int64)     { w.buf = appendInt(w.buf, v) }
func (w *imageWriter) byte(v byte)     { w.buf = append(w.buf, v) }
func (w *imageWriter) count(n int)     { w.uint(uint64(n)) }
func (w *imageWriter) bool(v bool)     { w.buf = appendBool(w.buf, v) }
func (w *imageWriter) str(s string)    { w.buf = appendString(w.buf, s) }
func (w *imageWriter) strs(l []string) { w.buf = appendStrings(w.buf, l) }

func (w *imageWriter) bytes(b []byte) {
	w.count(len(b))
	w.raw(b)
}

// beginBlock makes room for the length of a block, and returns where it begins.
func (w *imageWriter) beginBlock() int {
	w.flushed()
	w.buf = append(w.buf, make([]byte, blockHead)...)
	return len(w.buf)
}

// endBlock notes the length of a block. Nothing was flushed since it began.
func (w *imageWriter) endBlock(begin int) {
	binary.LittleEndian.PutUint32(w.buf[begin-blockHead:], uint32(len(w.buf)-begin))
	w.flushed()
}

// close writes the checksum of everything before it.
func (w *imageWriter) close() (int64, error) {
	w.flush()
	w.raw(binary.LittleEndian.AppendUint32(nil, w.sum))
	w.flush()
	return w.n, w.err
}
