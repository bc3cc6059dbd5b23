package table

import (
	"math"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
)

// Hot is what the table keeps of a heartbeat in a place of fixed size; names
// and the like are in its page's text, and its pings in its page's history. It
// has no pointers: the garbage collector never looks at a million of these. What
// only few heartbeats have does not belong here. Times in ms; "wall" and
// "serving" say of which clock.
type Hot struct {
	// What a plain ping reads or writes comes first, so that it is in few cache lines.
	IntervalSecs uint32
	GraceSecs    uint32
	Flags        Flags
	textLen      uint16
	Threshold    uint8
	Anchor       int64 // serving
	AnchorWall   int64
	Carried      int64 // misses carried over by the edit that made the anchor
	Misses       int64 // consecutive, as far as taken
	Pings        uint64
	LastPing     int64 // wall; 0: never
	Head         history.Head

	Token     fsm.Token
	LastAlert int64  // wall; 0: never
	FlapStart int64  // serving: when its flap window began
	Missed    uint32 // ever, as far as taken
	Incident  uint32 // counts incidents and unheard notices
	Flaps     uint32 // incidents in the flap window; the first was told at once, 0: there is no window
	textAt    uint32 // where the page's text has the cold fields
}

type Flags uint16

const (
	Armed          Flags         = 1 << iota // judged, or would be if not paused
	Paused                                   //
	Failing                                  //
	Resumed                                  // the next miss alerts, whatever the threshold
	Unheard                                  // the last misses fell into gaps: the next one alerts
	HasCaller                                // an image has the newest caller
	FirstPing                                // the spec says ArmFirstPing
	Reported                                 // failing, and its incident has told of a failure
	HasOtherCaller                           // an image has the one before
	OnlyPost                                 // the spec's Methods are POST alone
	ImageFlags     = 1<<iota - 1             // those of an image
	Live           = 1 << 15                 // the place is taken
)

func (v *Hot) Is(f Flags) bool { return v.Flags&f != 0 }
func (v *Hot) Set(f Flags)     { v.Flags |= f }
func (v *Hot) Clear(f Flags)   { v.Flags &^= f }

func (v *Hot) Interval() int64 { return int64(v.IntervalSecs) * 1000 }
func (v *Hot) Grace() int64    { return int64(v.GraceSecs) * 1000 }

// IsJudged reports whether deadlines are running: those of intervals, and, for a
// failing one, too, those of runs.
func (v *Hot) IsJudged() bool {
	return v.Is(Armed) && !v.Is(Paused)
}

// NextMiss returns the serving time of the next miss of an interval that is not yet
// taken, which is far away for a failing heartbeat: its misses are computed when
// read. See page.deadline for runs.
func (v *Hot) NextMiss() int64 {
	if v.Is(Failing) {
		return never
	}
	return v.Anchor + (v.Misses-v.Carried+1)*v.Interval() + v.Grace()
}

// RunLimit is how long a run may take: the grace, and without one the interval.
func (v *Hot) RunLimit() int64 {
	if v.GraceSecs == 0 {
		return v.Interval()
	}
	return v.Grace()
}

// Rule says which miss alerts next.
func (v *Hot) Rule() fsm.Rule {
	switch {
	case v.Is(Unheard):
		return fsm.RuleUnheard
	case v.Is(Resumed):
		return fsm.RuleResumed
	}
	return fsm.RuleThreshold
}

// MissesAt returns the consecutive misses at a horizon: for a failing heartbeat
// they go on without anybody counting.
func (v *Hot) MissesAt(horizon int64) int64 {
	if !v.Is(Failing) {
		return v.Misses
	}
	since := horizon - v.Anchor - v.Grace()
	if since < 0 {
		return v.Misses
	}
	return max(v.Misses, v.Carried+since/v.Interval())
}

// Untaken returns the misses at a horizon that nobody has counted.
func (v *Hot) Untaken(horizon int64) uint64 { return uint64(v.MissesAt(horizon) - v.Misses) }

// MissedAt returns the misses ever, at a horizon.
func (v *Hot) MissedAt(horizon int64) uint64 { return uint64(v.Missed) + v.Untaken(horizon) }

// ExpectedAt returns the wall time of the n-th expected ping since the anchor,
// gaps not counted.
func (v *Hot) ExpectedAt(n int64) int64 { return v.AnchorWall + n*v.Interval() }

// Reanchor starts the schedule again at a time of both clocks, carrying the misses
// given.
func (v *Hot) Reanchor(serving, wall, misses int64) {
	v.Anchor, v.AnchorWall = serving, wall
	v.Carried, v.Misses = misses, misses
}

func (v *Hot) Status() fsm.Status {
	switch {
	case v.Is(Paused):
		return fsm.StatusPaused
	case v.Is(Failing):
		return fsm.StatusFailing
	}
	return fsm.StatusActive
}

// ClampMillis is a length of time within what is kept of one.
func ClampMillis(ms int64) int64 { return min(max(ms, 0), math.MaxInt64/2) }
