package logentry

import (
	"encoding/binary"
	"fmt"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Batch is one log entry: what the leader stamps and proposes at once.
type Batch struct {
	Term    uint64   // the leader's term; an entry of another term changes nothing
	Wall    int64    // the leader's wall clock, Unix milliseconds
	Delta   uint32   // advance of the serving clock, milliseconds
	Origins []Origin // the proposers of the items, and of no item: their floors
	Items   []Item
}

// Origin is a proposing node's one start. Floor is the oldest sequence number
// that it still awaits: results below it are dropped, and commands below it are
// refused as late copies.
type Origin struct {
	Node  fsm.NodeID
	Boot  uint64 // of the node's start; higher than those before
	Floor uint64
}

// Item is one command in a batch.
type Item struct {
	Origin int    // index into Origins; NoOrigin for a command that is never repeated
	Seq    uint64 // from 1, unique within (node, boot); ignored without an origin
	Cmd    []byte // as fsm.AppendCommand wrote it
}

// NoOrigin marks an item whose result is not kept for repeats.
const NoOrigin = -1

// version is the first byte of every log entry. A change of the format takes
// a new one, and Decode goes on reading the old ones. Version 2 had fewer kinds of
// commands, and no tagged fields; else it is the same. (Version 1 was never released.)
const (
	version = 3
	oldest  = 2
)

// MaxDelta is the longest advance of the serving clock in one batch, in ms.
const MaxDelta = 2000

// Append appends the encoding of a batch.
func Append(dst []byte, b *Batch) []byte {
	dst = append(dst, version)
	dst = binary.AppendUvarint(dst, b.Term)
	dst = wire.AppendInt(dst, b.Wall)
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
				dst = wire.AppendInt(dst, int64(it.Seq-next))
				next = it.Seq + 1
			}
			dst = binary.AppendUvarint(dst, uint64(len(it.Cmd)))
			dst = append(dst, it.Cmd...)
		}
		rest = rest[n:]
	}
	return dst
}

// Decode reads a log entry. The items' commands are parts of the entry. The
// error is fsm.ErrVersion or fsm.ErrCorrupt.
func Decode(entry []byte) (*Batch, error) {
	b := &Batch{}
	return b, DecodeInto(b, entry)
}

// DecodeInto is Decode into a batch whose slices are used again.
func DecodeInto(b *Batch, entry []byte) error {
	if len(entry) == 0 {
		return fmt.Errorf("empty log entry: %w", fsm.ErrCorrupt)
	}
	if entry[0] < oldest || entry[0] > version {
		return fmt.Errorf("log entry of version %d: %w", entry[0], fsm.ErrVersion)
	}
	r := wire.NewReader(entry[1:])
	*b = Batch{Term: r.Uint(), Wall: r.Int(), Delta: r.Uint32(), Origins: b.Origins[:0], Items: b.Items[:0]}
	if b.Delta > MaxDelta {
		r.Fail()
	}
	for n := r.Count(); n > 0 && r.OK(); n-- {
		var o Origin
		r.Fill(o.Node[:])
		o.Boot, o.Floor = r.Uint(), r.Uint()
		b.Origins = append(b.Origins, o)
	}
	readItems(&r, b)
	if err := r.End(); err != nil {
		return fmt.Errorf("log entry: %w", err)
	}
	return nil
}

func readItems(r *wire.Reader, b *Batch) {
	last := NoOrigin - 1
	for left := r.Count(); left > 0 && r.OK(); {
		origin, n := readOrigin(r, b), r.Count()
		if origin == last || n < 1 || n > left { // two runs that are one, or too long
			r.Fail()
			return
		}
		next := uint64(0)
		if origin != NoOrigin {
			next = b.Origins[origin].Floor
		}
		for range n {
			it := Item{Origin: origin}
			if origin != NoOrigin {
				it.Seq = next + uint64(r.Int())
				next = it.Seq + 1
			}
			it.Cmd = r.Take(r.Uint())
			b.Items = append(b.Items, it)
		}
		last, left = origin, left-n
	}
}

// readOrigin reads an index into b's origins.
func readOrigin(r *wire.Reader, b *Batch) int {
	o := r.Uint()
	if o > uint64(len(b.Origins)) {
		r.Fail()
		return NoOrigin
	}
	return int(o) - 1
}
