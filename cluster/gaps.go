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
// newest batch, wall, must do.
func gapAtElection(now, at, wall time.Time) (fsm.RecordGap, bool) {
	switch {
	case !at.IsZero():
		return gapBetween(at, now)
	case !wall.IsZero():
		return gapBetween(wall.Round(0), now.Round(0))
	}
	return fsm.RecordGap{}, false // a new cluster
}

// gapBetween measures by the clock that both times share, and dates the gap by
// the wall clock at its end.
func gapBetween(from, to time.Time) (fsm.RecordGap, bool) {
	d := to.Sub(from)
	if d <= gapAfter {
		return fsm.RecordGap{}, false
	}
	return fsm.RecordGap{From: to.Add(-d).UnixMilli(), To: to.UnixMilli()}, true
}
