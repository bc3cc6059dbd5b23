package system

import (
	"encoding/binary"
	"maps"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Snapshot returns a table for an image.
func (t *Table) Snapshot() Table {
	c := *t
	c.subjects = maps.Clone(t.subjects)
	return c
}

// What an item of the section is: its first byte. Never renumber.
const (
	itemCounters = 1
	itemSubject  = 2
)

// Write writes the counters and then the subjects, in their order; nothing if there never were any.
func (t *Table) Write(s *image.Section) {
	if t.serial == 0 {
		return
	}
	b := binary.AppendUvarint([]byte{itemCounters}, t.serial)
	b = binary.AppendUvarint(wire.AppendInt(wire.AppendInt(b, t.outage.from), t.outage.to), uint64(t.outages))
	s.Add(b)
	for _, x := range t.inOrder() {
		s.Add(x.append(b[:0]))
	}
}

func (s subject) append(b []byte) []byte {
	b = append(append(b, itemSubject, byte(s.Kind)), s.Node[:]...)
	b = binary.AppendUvarint(wire.AppendString(b, s.Part), s.serial)
	b = wire.AppendBool(binary.AppendUvarint(b, uint64(s.number)), s.open)
	b = wire.AppendInt(wire.AppendString(wire.AppendString(b, s.name), s.detail), s.since)
	return binary.AppendUvarint(wire.AppendInt(b, s.flapStart), uint64(s.flaps))
}

// Read reads the next item of an image. The error is ErrCorrupt, or ErrVersion.
func (t *Table) Read(item *wire.Reader) error {
	switch what := item.Byte(); {
	case what == itemCounters && t.serial == 0:
		return t.readCounters(item)
	case what == itemSubject && t.serial > 0:
		return t.readSubject(item)
	case what > itemSubject:
		return fsm.ErrVersion
	}
	return fsm.ErrCorrupt
}

func (t *Table) readCounters(item *wire.Reader) error {
	t.serial = item.Uint()
	t.outage = span{item.Int(), item.Int()}
	t.outages = item.Uint32()
	if !item.OK() || t.serial == 0 {
		return fsm.ErrCorrupt
	}
	return nil
}

func (t *Table) readSubject(item *wire.Reader) error {
	var s subject
	s.Kind = fsm.SystemKind(item.Byte())
	item.Fill(s.Node[:])
	s.Part, s.serial, s.number, s.open = item.String(), item.Uint(), item.Uint32(), item.Bool()
	s.name, s.detail, s.since = item.String(), item.String(), item.Int()
	s.flapStart, s.flaps = item.Int(), item.Uint32()
	if _, twice := t.subjects[s.ID()]; !item.OK() || twice || s.Validate() != nil || s.serial == 0 || s.serial > t.serial || s.number == 0 || s.number >= fsm.MaxNumber {
		return fsm.ErrCorrupt
	}
	t.put(s)
	return nil
}
