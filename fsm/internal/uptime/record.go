package uptime

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

const (
	// MaxDays is how many days a record has at most, the newest.
	MaxDays = fsm.UptimeDays

	dayMillis = 24 * 3600 * 1000

	// maxDay keeps days in what a wall clock can show, some 11,000 years.
	maxDay = 1 << 22
)

// Day is one UTC day, in ms.
type Day struct {
	Number int64 // since 1970
	Down   int64
	Paused int64
}

// Record is what is known of a heartbeat.
type Record struct {
	PausedSince int64 // wall; 0: it is not paused, or nobody knows since when
	Days        []Day // oldest first, at most MaxDays; without those that have nothing to tell
}

// add adds the time from one moment to another to the days that it touches, if it is not
// negative. Of a long time only the newest days count.
func (r *Record) add(from, to int64, field func(*Day) *int64) {
	from = max(from, 0, to-to%dayMillis-(MaxDays-1)*dayMillis)
	for from < to && from/dayMillis <= maxDay {
		number := from / dayMillis
		until := min(to, (number+1)*dayMillis)
		sum := field(r.day(number))
		*sum = min(dayMillis, *sum+until-from) // the wall clock may have been set back meanwhile
		from = until
	}
	if more := len(r.Days) - MaxDays; more > 0 {
		r.Days = slices.Delete(r.Days, 0, more)
	}
}

// day finds a day, or makes it.
func (r *Record) day(number int64) *Day {
	i, found := slices.BinarySearchFunc(r.Days, number, func(d Day, n int64) int { return cmp.Compare(d.Number, n) })
	if !found {
		r.Days = slices.Insert(r.Days, i, Day{Number: number})
	}
	return &r.Days[i]
}

// encode writes a record; "" for one that says nothing.
func (r *Record) encode() string {
	if r.PausedSince == 0 && len(r.Days) == 0 {
		return ""
	}
	b := wire.AppendInt(nil, r.PausedSince)
	last := int64(-1)
	for _, d := range r.Days {
		b = binary.AppendUvarint(b, uint64(d.Number-last))
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(d.Down)), uint64(d.Paused))
		last = d.Number
	}
	return string(b)
}

// decode reads what encode wrote. The error is wire.ErrCorrupt.
func decode(b []byte) (r Record, err error) {
	if len(b) == 0 {
		return r, nil
	}
	in := wire.NewReader(b)
	r.PausedSince = in.Int()
	for last := int64(-1); in.Len() > 0; {
		d := Day{Number: last + int64(in.UpTo(maxDay)), Down: int64(in.UpTo(dayMillis)), Paused: int64(in.UpTo(dayMillis))}
		if d.Number <= last || d.Number > maxDay || d.Down+d.Paused == 0 || len(r.Days) == MaxDays {
			in.Fail()
		}
		last = d.Number
		r.Days = append(r.Days, d)
	}
	if r.PausedSince < 0 || r.PausedSince == 0 && len(r.Days) == 0 {
		in.Fail()
	}
	return r, in.End()
}
