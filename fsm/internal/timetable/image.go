package timetable

import (
	"encoding/binary"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Append appends the encoding of a timetable: times as differences.
func (t *Timetable) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(t.rules)), uint64(t.missed))
	dst = wire.AppendBool(dst, t.fair)
	return wire.AppendRising(dst, t.times)
}

// Read reads what Append wrote, to the end of r; nil if it is none that this program writes.
func Read(clock *Clock, r *wire.Reader) *Timetable {
	t := &Timetable{clock: clock, rules: r.Uint32(), missed: r.Millis(), fair: r.Bool()}
	t.times = r.Rising(maxKept)
	if r.End() != nil || t.fair && t.missed == 0 {
		return nil
	}
	return t
}

// Append appends the readings of a clock.
func (c *Clock) Append(dst []byte) []byte {
	for _, r := range c.readings {
		dst = wire.AppendBool(wire.AppendInt(wire.AppendInt(dst, r.serving), r.wall), r.back)
	}
	return dst
}

// Read reads what Append wrote, to the end of r, and reports whether it could be.
func (c *Clock) ReadFrom(r *wire.Reader) bool {
	for r.Len() > 0 && len(c.readings) < maxReadings {
		c.readings = append(c.readings, reading{r.Int(), r.Int(), r.Bool()})
	}
	c.findSure()
	return r.End() == nil && c.IsRead()
}
