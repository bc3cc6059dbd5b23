package story

import (
	"encoding/binary"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Bounds, in bytes.
const (
	MaxSize = 4096 // of a story
	maxText = 300  // of each text of an event
	maxNote = 2000 // of what a person wrote
)

// Packed is a story: the number of events that were left out, then the events. "" has none.
type Packed string

// With returns the story with an event more.
func (p Packed) With(e Event) Packed {
	e.Who, e.Text, e.Note = clip(e.Who, maxText), clip(e.Text, maxText), clip(e.Note, maxNote)
	one := Append(nil, e)
	if p == "" {
		p = Packed(binary.AppendUvarint(nil, 0))
	}
	if len(p)+len(one) <= MaxSize {
		return p + Packed(one)
	}
	events, left := p.Events()
	events = append(events, e)
	for {
		i := minWanted(events)
		events, left = append(events[:i], events[i+1:]...), left+1
		if p = pack(events, left); len(p) <= MaxSize {
			return p
		}
	}
}

// minWanted returns the event to leave out: the oldest of those of which there are many,
// else the oldest but the first.
func minWanted(events []Event) int {
	for i, e := range events[:len(events)-1] {
		if i > 0 && e.What.isMany() {
			return i
		}
	}
	return 1
}

func pack(events []Event, left uint64) Packed {
	b := binary.AppendUvarint(nil, left)
	for _, e := range events {
		b = Append(b, e)
	}
	return Packed(b)
}

// Events returns what is kept of a story, oldest first, and how many events are not.
func (p Packed) Events() (list []Event, left uint64) {
	if p == "" {
		return nil, 0
	}
	r := wire.NewReader([]byte(p))
	left = r.Uint()
	for r.Len() > 0 {
		list = append(list, Read(&r))
	}
	return list, left
}

// IsValid reports whether a story is one that With wrote.
func (p Packed) IsValid() bool {
	if p == "" {
		return true
	}
	r := wire.NewReader([]byte(p))
	left := r.Uint()
	var list []Event
	for r.Len() > 0 {
		e := Read(&r)
		if e.What.String() == "unknown" {
			return false
		}
		list = append(list, e)
	}
	return r.OK() && len(list) > 0 && len(p) <= MaxSize && pack(list, left) == p
}

// Append appends an event.
func Append(dst []byte, e Event) []byte {
	dst = append(wire.AppendInt(dst, e.At), byte(e.What))
	dst = wire.AppendString(wire.AppendString(wire.AppendString(dst, e.Who), e.Text), e.Note)
	return wire.AppendInt(dst, e.Number)
}

// Read reads what Append wrote.
func Read(r *wire.Reader) Event {
	return Event{At: r.Int(), What: What(r.Byte()), Who: r.String(), Text: r.String(), Note: r.String(), Number: r.Int()}
}
