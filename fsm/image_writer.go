package fsm

import (
	"bufio"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
)

// castagnoli is the checksum of images: hardware computes it at memory speed.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// imageWriter writes the primitives of an image and sums them. The first error
// sticks.
type imageWriter struct {
	buf *bufio.Writer
	sum hash.Hash32
	n   int64
	err error
}

func newImageWriter(w io.Writer) *imageWriter {
	sum := crc32.New(castagnoli)
	return &imageWriter{buf: bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<18), sum: sum}
}

func (w *imageWriter) raw(b []byte) {
	if w.err == nil {
		_, w.err = w.buf.Write(b)
		w.n += int64(len(b))
	}
}

func (w *imageWriter) uint(v uint64) {
	var b [binary.MaxVarintLen64]byte
	w.raw(b[:binary.PutUvarint(b[:], v)])
}

func (w *imageWriter) int(v int64)  { w.uint(zigzag(v)) }
func (w *imageWriter) byte(v byte)  { w.raw([]byte{v}) }
func (w *imageWriter) count(n int)  { w.uint(uint64(n)) }
func (w *imageWriter) bool(v bool)  { w.byte(map[bool]byte{true: 1}[v]) }
func (w *imageWriter) str(s string) { w.bytes([]byte(s)) }

func (w *imageWriter) bytes(b []byte) {
	w.count(len(b))
	w.raw(b)
}

func (w *imageWriter) strs(list []string) {
	w.count(len(list))
	for _, s := range list {
		w.str(s)
	}
}

// close writes the checksum of everything before it.
func (w *imageWriter) close() (int64, error) {
	if w.err == nil {
		w.err = w.buf.Flush()
	}
	w.raw(binary.LittleEndian.AppendUint32(nil, w.sum.Sum32()))
	if w.err == nil {
		w.err = w.buf.Flush()
	}
	return w.n, w.err
}
