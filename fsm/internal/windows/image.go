package windows

import (
	"encoding/binary"
	"maps"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Snapshot returns a table for an image.
func (t *Table) Snapshot() Table {
	return Table{byID: maps.Clone(t.byID), hours: maps.Clone(t.hours), list: t.list}
}

// Write writes the windows and hours to an image.
func (t *Table) Write(s *image.Section) {
	for _, w := range t.list {
		s.Add(w.append(nil))
	}
	for _, h := range t.hoursInOrder() {
		s.Add(h.append(nil))
	}
}

// append writes hours, as the window without an ID.
func (h *hours) append(dst []byte) []byte {
	var none fsm.WindowID
	dst = wire.AppendString(append(append(dst, none[:]...), h.channel[:]...), h.text)
	return fsm.AppendSpans(binary.AppendUvarint(wire.AppendInt(dst, h.asked), uint64(h.rules)), h.spans)
}

func (t *Table) readHours(item *wire.Reader) error {
	h := &hours{}
	item.Fill(h.channel[:])
	h.text, h.asked, h.rules, h.spans = item.String(), item.Int(), item.Uint32(), fsm.ReadSpans(item)
	if !item.OK() || t.hours[h.channel] != nil || h.text == "" {
		return fsm.ErrCorrupt
	}
	if t.hours == nil {
		t.hours = map[fsm.ChannelID]*hours{}
	}
	t.hours[h.channel] = h
	return nil
}

func (w *window) append(dst []byte) []byte {
	dst = fsm.AppendWindowSpec(wire.AppendInt(append(dst, w.id[:]...), w.created), w.spec)
	return wire.AppendRising(binary.AppendUvarint(dst, uint64(w.rules)), w.starts)
}

// Read reads a window, or hours, of an image. The error is ErrCorrupt.
func (t *Table) Read(item *wire.Reader) error {
	w := &window{}
	if item.Fill(w.id[:]); w.id == (fsm.WindowID{}) {
		return t.readHours(item)
	}
	w.created, w.spec = item.Int(), fsm.ReadWindowSpec(item)
	w.rules, w.starts = item.Uint32(), item.Rising(maxStarts)
	if !item.OK() || w.spec.Validate() != nil || w.spec.Once() && w.spec.From == 0 || t.byID[w.id] != nil || w.spec.Once() && len(w.starts)+int(w.rules) > 0 {
		return fsm.ErrCorrupt
	}
	t.put(w)
	t.derive()
	return nil
}
