package commit

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// gapAfter is how long nothing must have committed before it is an ingest gap, if
// some node held pings meanwhile. If none could, every moment counts.
const gapAfter = 10 * time.Second

// GapBetween returns the ingest gap between two readings of the monotonic clock; false
// if it is too short to be one. The wall clock at its end, which is wrong by off, dates
// it.
func GapBetween(from, to time.Time, off time.Duration) (fsm.RecordGap, bool) {
	d := to.Sub(from)
	if d <= gapAfter {
		return fsm.RecordGap{}, false
	}
	return NewGap(to.Add(off), d)
}

// NewGap returns a gap of length d that ends at a time; false if d is less than a
// millisecond.
func NewGap(end time.Time, d time.Duration) (fsm.RecordGap, bool) {
	gap := fsm.RecordGap{From: end.Add(-d).UnixMilli(), To: end.UnixMilli()}
	return gap, d >= time.Millisecond
}
