package fsm

import (
	"encoding/binary"
	"fmt"

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
	Node  NodeID
	Boot  uint64 // of the node's start; higher than those before
	Floor uint64
}

// Item is one command in a batch.
type Item struct {
	Origin int    // index into Origins; NoOrigin for a command that is never repeated
	Seq    uint64 // from 1, unique within (node, boot); ignored without an origin
	Cmd    []byte // as AppendCommand wrote it
}

// NoOrigin marks an item whose result is not kept for repeats.
const NoOrigin = -1

// Result answers one command.
type Result struct {
	Code Code
	Data []byte // a heartbeat for the commands that answer with one, else nil
}

// batchVersion is the first byte of every log entry. A change of the format takes
// a new one, and DecodeBatch goes on reading the old ones. Version 2 had fewer kinds of
// commands, and no tagged fields; else it is the same. (Version 1 was never released.)
const (
	batchVersion = 3
	batchOldest  = 2
)

// MaxDelta is the longest advance of the serving clock in one batch, in ms.
const MaxDelta = 2000

// AppendBatch appends the encoding of a batch.
func AppendBatch(dst []byte, b *Batch) []byte {
	dst = append(dst, batchVersion)
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
	if entry[0] < batchOldest || entry[0] > batchVersion {
		return fmt.Errorf("log entry of version %d: %w", entry[0], ErrVersion)
	}
	r := reader{Reader: wire.NewReader(entry[1:])}
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
	r.batchItems(b)
	if err := r.End(); err != nil {
		return fmt.Errorf("log entry: %w", err)
	}
	return nil
}

// AppendPing is AppendCommand of a Ping that need not become a Command
// first, which would allocate.
func AppendPing(dst []byte, p Ping) []byte {
	return appendPing(append(dst, byte(KindPing)), p)
}

func appendPing(dst []byte, p Ping) []byte {
	return wire.AppendAddr(binary.AppendUvarint(dst, p.Ordinal), p.From)
}

// DecodePing reads a Ping without allocating; false for any other command.
func DecodePing(b []byte) (Ping, bool) {
	if len(b) == 0 || Kind(b[0]) != KindPing {
		return Ping{}, false
	}
	r := reader{Reader: wire.NewReader(b[1:])}
	p := r.ping()
	return p, r.End() == nil
}

func (r *reader) ping() Ping { return Ping{Ordinal: r.Uint(), From: r.Addr()} }

func (r *reader) batchItems(b *Batch) {
	last := NoOrigin - 1
	for left := r.Count(); left > 0 && r.OK(); {
		origin, n := r.originIndex(b), r.Count()
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

// originIndex reads an index into b's origins.
func (r *reader) originIndex(b *Batch) int {
	o := r.Uint()
	if o > uint64(len(b.Origins)) {
		r.Fail()
		return NoOrigin
	}
	return int(o) - 1
}
