package fsm

import (
	"encoding/binary"
	"fmt"
)

// batchVersion is the first byte of every log entry. A change of the format takes
// a new one, and DecodeBatch goes on reading the old ones.
const batchVersion = 1

// MaxDelta is the longest advance of the serving clock in one batch, in ms.
const MaxDelta = 2000

// AppendBatch appends the encoding of a batch.
func AppendBatch(dst []byte, b *Batch) []byte {
	dst = append(dst, batchVersion)
	dst = binary.AppendUvarint(dst, b.Term)
	dst = appendInt(dst, b.Wall)
	dst = binary.AppendUvarint(dst, uint64(b.Delta))
	dst = binary.AppendUvarint(dst, uint64(len(b.Origins)))
	for _, o := range b.Origins {
		dst = append(dst, o.Node[:]...)
		dst = binary.AppendUvarint(dst, o.Boot)
		dst = binary.AppendUvarint(dst, o.Floor)
	}
	dst = binary.AppendUvarint(dst, uint64(len(b.Items)))
	for _, it := range b.Items {
		dst = binary.AppendUvarint(dst, uint64(it.Origin+1))
		if it.Origin != NoOrigin {
			dst = binary.AppendUvarint(dst, it.Seq)
		}
		dst = binary.AppendUvarint(dst, uint64(len(it.Cmd)))
		dst = append(dst, it.Cmd...)
	}
	return dst
}

// DecodeBatch reads a log entry. The items' commands are parts of the entry. The
// error is ErrVersion or ErrCorrupt.
func DecodeBatch(entry []byte) (*Batch, error) {
	b := &Batch{}
	return b, DecodeBatchInto(b, entry)
}

// DecodeBatchInto is DecodeBatch into a batch whose slices are used again.
func DecodeBatchInto(b *Batch, entry []byte) error {
	if len(entry) == 0 {
		return fmt.Errorf("empty log entry: %w", ErrCorrupt)
	}
	if entry[0] != batchVersion {
		return fmt.Errorf("log entry of version %d: %w", entry[0], ErrVersion)
	}
	r := reader{b: entry[1:]}
	*b = Batch{Term: r.uint(), Wall: r.int(), Delta: r.uint32(), Origins: b.Origins[:0], Items: b.Items[:0]}
	if b.Delta > MaxDelta {
		r.fail()
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		var o Origin
		r.fill(o.Node[:])
		o.Boot, o.Floor = r.uint(), r.uint()
		b.Origins = append(b.Origins, o)
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		b.Items = append(b.Items, r.item(len(b.Origins)))
	}
	if err := r.end(); err != nil {
		return fmt.Errorf("log entry: %w", err)
	}
	return nil
}

func (r *reader) item(origins int) (it Item) {
	o := r.uint()
	if o > uint64(origins) {
		r.fail()
		return it
	}
	it.Origin = int(o) - 1
	if it.Origin != NoOrigin {
		it.Seq = r.uint()
	}
	it.Cmd = r.take(r.uint())
	return it
}
