package cluster

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// gapAfter is how long nothing must have committed before it is an ingest gap.
const gapAfter = 10 * time.Second

// gapAtElection returns the gap that ends with this node's election, if there
// was one. at is when this node last applied a batch, by its monotonic clock;
// zero if it has not since its start: then the wall clock and the stamp of the
// newest batch, wall, must do. The wall clock
// is off by off, which is 0 but in tests.
func gapAtElection(now, at, wall time.Time, off time.Duration) (fsm.RecordGap, bool) {
	switch {
	case !at.IsZero():
		return gapBetween(at, now, off)
	case !wall.IsZero():
		return gapBetween(wall.Round(0).Add(-off), now.Round(0), off)
	}
	return fsm.RecordGap{}, false // a new cluster
}

// gapBetween measures by the clock that both times share, and dates the gap by
// the wall clock at its end.
func gapBetween(from, to time.Time, off time.Duration) (fsm.RecordGap, bool) {
	d := to.Sub(from)
	if d <= gapAfter {
		return fsm.RecordGap{}, false
	}
	end := to.Add(off)
	return fsm.RecordGap{From: end.Add(-d).UnixMilli(), To: end.UnixMilli()}, true
}
