package cluster

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// gapAfter is how long nothing must have committed before it is an ingest gap, if
// some node held pings meanwhile. If none could, every moment counts.
const gapAfter = 10 * time.Second

// gapAtElection returns the gap that ends with this node's election at now, if
// there was one. stamp is that of the newest batch, by the wall clock, which
// counts only if no node knows better, and which now shows off wrongly (0 but in
// tests).
func gapAtElection(now, stamp time.Time, w witness, off time.Duration) (fsm.RecordGap, bool) {
	wall := now.Add(off).Round(0)
	switch {
	case w.quiet >= 0 && w.held:
		return gapBetween(now.Add(-w.quiet), now, off)
	case w.quiet >= 0:
		return newGap(wall, w.quiet)
	case stamp.IsZero():
		return fsm.RecordGap{}, false // a new cluster
	case !wall.After(stamp): // the clock is wrong: nobody knows how long it was
		return fsm.RecordGap{From: stamp.UnixMilli(), To: stamp.UnixMilli()}, true
	}
	return newGap(wall, wall.Sub(stamp))
}

// gapBetween measures by the clock that both times share, and dates the gap by
// the wall clock at its end.
func gapBetween(from, to time.Time, off time.Duration) (fsm.RecordGap, bool) {
	d := to.Sub(from)
	if d <= gapAfter {
		return fsm.RecordGap{}, false
	}
	return newGap(to.Add(off), d)
}

// newGap returns a gap of some length, unless that is less than a millisecond.
func newGap(end time.Time, d time.Duration) (fsm.RecordGap, bool) {
	gap := fsm.RecordGap{From: end.Add(-d).UnixMilli(), To: end.UnixMilli()}
	return gap, d >= time.Millisecond
}
