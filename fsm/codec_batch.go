package fsm

import (
	"encoding/binary"
	"fmt"
)

// batchVersion is the first byte of every log entry. A change of the format takes
// a new one, and DecodeBatch goes on reading the old ones. Version 1 wrote every
// item's origin and sequence number in full.
const batchVersion = 2

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
	return appendItems(dst, b)
}

// appendItems writes the items in runs of one origin. A sequence number is written
// as its distance from what would follow the one before, from the floor at first:
// most take a byte.
func appendItems(dst []byte, b *Batch) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b.Items)))
	for rest := b.Items; len(rest) > 0; {
		origin, n := rest[0].Origin, 1
		for n < len(rest) && rest[n].Origin == origin {
			n++
		}
		dst = binary.AppendUvarint(dst, uint64(origin+1))
		dst = binary.AppendUvarint(dst, uint64(n))
		next := uint64(0)
		if origin != NoOrigin {
			next = b.Origins[origin].Floor
		}
		for _, it := range rest[:n] {
			if origin != NoOrigin {
				dst = appendInt(dst, int64(it.Seq-next))
				next = it.Seq + 1
			}
			dst = binary.AppendUvarint(dst, uint64(len(it.Cmd)))
			dst = append(dst, it.Cmd...)
		}
		rest = rest[n:]
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
	version := entry[0]
	if version < 1 || version > batchVersion {
		return fmt.Errorf("log entry of version %d: %w", version, ErrVersion)
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
	if version == 1 {
		r.itemsV1(b)
	} else {
		r.items(b)
	}
	if err := r.end(); err != nil {
		return fmt.Errorf("log entry: %w", err)
	}
	return nil
}

func (r *reader) items(b *Batch) {
	last := NoOrigin - 1
	for left := r.count(); left > 0 && r.err == nil; {
		origin, n := r.origin(b), r.count()
		if origin == last || n < 1 || n > left { // two runs that are one, or too long
			r.fail()
			return
		}
		next := uint64(0)
		if origin != NoOrigin {
			next = b.Origins[origin].Floor
		}
		for range n {
			it := Item{Origin: origin}
			if origin != NoOrigin {
				it.Seq = next + uint64(r.int())
				next = it.Seq + 1
			}
			it.Cmd = r.take(r.uint())
			b.Items = append(b.Items, it)
		}
		last, left = origin, left-n
	}
}

func (r *reader) itemsV1(b *Batch) {
	for n := r.count(); n > 0 && r.err == nil; n-- {
		it := Item{Origin: r.origin(b)}
		if it.Origin != NoOrigin {
			it.Seq = r.uint()
		}
		it.Cmd = r.take(r.uint())
		b.Items = append(b.Items, it)
	}
}

// origin reads an index into b's origins.
func (r *reader) origin(b *Batch) int {
	o := r.uint()
	if o > uint64(len(b.Origins)) {
		r.fail()
		return NoOrigin
	}
	return int(o) - 1
}
