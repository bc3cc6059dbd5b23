package store

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"runtime"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

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
func (w *imageWriter) Flushed() {
	if len(w.buf) >= flushAt {
		w.Flush()
	}
}

func (w *imageWriter) Flush() {
	if w.err == nil {
		w.sum = crc32.Update(w.sum, wire.Castagnoli, w.buf)
		_, w.err = w.to.Write(w.buf)
		w.n += int64(len(w.buf))
		runtime.Gosched()
	}
	w.buf = w.buf[:0]
}

func (w *imageWriter) Raw(b []byte)       { w.buf = append(w.buf, b...) }
func (w *imageWriter) Uint(v uint64)      { w.buf = binary.AppendUvarint(w.buf, v) }
func (w *imageWriter) Int(v int64)        { w.buf = wire.AppendInt(w.buf, v) }
func (w *imageWriter) Byte(v byte)        { w.buf = append(w.buf, v) }
func (w *imageWriter) Count(n int)        { w.Uint(uint64(n)) }
func (w *imageWriter) Bool(v bool)        { w.buf = wire.AppendBool(w.buf, v) }
func (w *imageWriter) String(s string)    { w.buf = wire.AppendString(w.buf, s) }
func (w *imageWriter) Strings(l []string) { w.buf = wire.AppendStrings(w.buf, l) }

func (w *imageWriter) Bytes(b []byte) {
	w.Count(len(b))
	w.Raw(b)
}

// beginBlock makes room for the length of a block, and returns where it begins.
func (w *imageWriter) BeginBlock() int {
	w.Flushed()
	w.buf = append(w.buf, make([]byte, blockHead)...)
	return len(w.buf)
}

// endBlock notes the length of a block. Nothing was flushed since it began.
func (w *imageWriter) EndBlock(begin int) {
	binary.LittleEndian.PutUint32(w.buf[begin-blockHead:], uint32(len(w.buf)-begin))
	w.Flushed()
}

// close writes the checksum of everything before it.
func (w *imageWriter) Close() (int64, error) {
	w.Flush()
	w.Raw(binary.LittleEndian.AppendUint32(nil, w.sum))
	w.Flush()
	return w.n, w.err
}
