package image

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"runtime"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// flushAt is how many bytes of an image are gathered before they are written.
const flushAt = 1 << 18

// Writer writes the primitives of an image and sums them. The first error
// sticks.
type Writer struct {
	to  io.Writer
	Buf []byte // gathered; whoever appends to it calls FlushIfFull in time
	sum uint32
	n   int64
	err error
}

// NewWriter returns a Writer to to, which Close does not close.
func NewWriter(to io.Writer) *Writer {
	return &Writer{to: to, Buf: make([]byte, 0, flushAt+flushAt/4)}
}

// FlushIfFull writes what has gathered, if that is enough. Every list of an image that
// may be long calls it for each of its items.
func (w *Writer) FlushIfFull() {
	if len(w.Buf) >= flushAt {
		w.Flush()
	}
}

// Flush writes what has gathered, and lets other goroutines run.
func (w *Writer) Flush() {
	if w.err == nil {
		w.sum = crc32.Update(w.sum, wire.Castagnoli, w.Buf)
		_, w.err = w.to.Write(w.Buf)
		w.n += int64(len(w.Buf))
		runtime.Gosched()
	}
	w.Buf = w.Buf[:0]
}

// These write what the functions of package wire append; Raw writes bytes as they are.
func (w *Writer) Raw(b []byte)       { w.Buf = append(w.Buf, b...) }
func (w *Writer) Uint(v uint64)      { w.Buf = binary.AppendUvarint(w.Buf, v) }
func (w *Writer) Int(v int64)        { w.Buf = wire.AppendInt(w.Buf, v) }
func (w *Writer) Byte(v byte)        { w.Buf = append(w.Buf, v) }
func (w *Writer) Count(n int)        { w.Uint(uint64(n)) }
func (w *Writer) Bool(v bool)        { w.Buf = wire.AppendBool(w.Buf, v) }
func (w *Writer) String(s string)    { w.Buf = wire.AppendString(w.Buf, s) }
func (w *Writer) Strings(l []string) { w.Buf = wire.AppendStrings(w.Buf, l) }

// Bytes writes the length of b and b.
func (w *Writer) Bytes(b []byte) {
	w.Count(len(b))
	w.Raw(b)
}

// blockHead is how many bytes the length of a block takes, before it.
const blockHead = 4

// OK reports whether there was no error so far.
func (w *Writer) OK() bool { return w.err == nil }

// BeginBlock makes room for the length of a block, and returns where it begins.
func (w *Writer) BeginBlock() int {
	w.FlushIfFull()
	w.Buf = append(w.Buf, make([]byte, blockHead)...)
	return len(w.Buf)
}

// EndBlock notes the length of a block. Nothing was flushed since it began.
func (w *Writer) EndBlock(begin int) {
	binary.LittleEndian.PutUint32(w.Buf[begin-blockHead:], uint32(len(w.Buf)-begin))
	w.FlushIfFull()
}

// Close writes the checksum of everything before it.
func (w *Writer) Close() (int64, error) {
	w.Flush()
	w.Raw(binary.LittleEndian.AppendUint32(nil, w.sum))
	w.Flush()
	return w.n, w.err
}
