package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
)

// vitals is what the table keeps of a heartbeat in a place of fixed size; names
// and the like are in its page's text, and its pings in its page's history. It
// has no pointers: the garbage collector never looks at a million of these. What
// only few heartbeats have does not belong here. Times in ms; "wall" and
// "serving" say of which clock.
type vitals struct {
	token      fsm.Token
	anchor     int64 // serving
	anchorWall int64
	base       int64 // misses carried over by the edit that made the anchor
	misses     int64 // consecutive, as far as taken
	pings      uint64
	lastPing   int64 // wall; 0: never
	lastAlert  int64 // wall; 0: never
	flapStart  int64 // serving: when its flap window began

	intervalSecs uint32
	graceSecs    uint32
	missed       uint32 // ever, as far as taken
	incident     uint32 // counts incidents and unheard notices
	textAt       uint32 // where the page's text has the config
	flaps        uint32 // incidents in that window; the first was told at once, 0: there is no window
	textLen      uint16
	flags        flags
	threshold    uint8
}

type flags uint16

const (
	flagArmed     flags         = 1 << iota // judged, or would be if not paused
	flagPaused                              //
	flagFailing                             //
	flagResumed                             // the next miss alerts, whatever the threshold
	flagUnheard                             // the last misses fell into gaps: the next one alerts
	flagFrom                                // an image has the newest caller
	flagFirstPing                           // the spec says ArmFirstPing
	flagReported                            // failing, and its incident has told of a failure
	flagOther                               // an image has the one before
	flagOnlyPost                            // the spec's Methods are POST alone
	flagsKnown    = 1<<iota - 1             // those of an image
	flagLive      = 1 << 15                 // the place is taken
)

func (v *vitals) is(f flags) bool { return v.flags&f != 0 }
func (v *vitals) set(f flags)     { v.flags |= f }
func (v *vitals) clear(f flags)   { v.flags &^= f }

func (v *vitals) interval() int64 { return int64(v.intervalSecs) * 1000 }
func (v *vitals) grace() int64    { return int64(v.graceSecs) * 1000 }

// judged reports whether deadlines are running: those of intervals, and, for a
// failing one, too, those of runs.
func (v *vitals) judged() bool {
	return v.is(flagArmed) && !v.is(flagPaused)
}

// nextMiss returns the serving time of the next miss of an interval that is not yet
// taken, which is far away for a failing heartbeat: its misses are computed when
// read. See page.deadline for runs.
func (v *vitals) nextMiss() int64 {
	if v.is(flagFailing) {
		return never
	}
	return v.anchor + (v.misses-v.base+1)*v.interval() + v.grace()
}

// runLimit is how long a run may take: the grace, and without one the interval.
func (v *vitals) runLimit() int64 {
	if v.graceSecs == 0 {
		return v.interval()
	}
	return v.grace()
}

// rule says which miss alerts next.
func (v *vitals) rule() fsm.Rule {
	switch {
	case v.is(flagUnheard):
		return fsm.RuleUnheard
	case v.is(flagResumed):
		return fsm.RuleResumed
	}
	return fsm.RuleThreshold
}

// missesAt returns the consecutive misses at a horizon: for a failing heartbeat
// they go on without anybody counting.
func (v *vitals) missesAt(horizon int64) int64 {
	if !v.is(flagFailing) {
		return v.misses
	}
	since := horizon - v.anchor - v.grace()
	if since < 0 {
		return v.misses
	}
	return max(v.misses, v.base+since/v.interval())
}

// untaken returns the misses at a horizon that nobody has counted.
func (v *vitals) untaken(horizon int64) uint64 { return uint64(v.missesAt(horizon) - v.misses) }

// missedAt returns the misses ever, at a horizon.
func (v *vitals) missedAt(horizon int64) uint64 { return uint64(v.missed) + v.untaken(horizon) }

// expected returns the wall time of the n-th expected ping since the anchor,
// gaps not counted.
func (v *vitals) expected(n int64) int64 { return v.anchorWall + n*v.interval() }

// reanchor starts the schedule again at now, carrying the misses given.
func (v *vitals) reanchor(st *state, misses int64) {
	v.anchor, v.anchorWall = st.serving, st.wall
	v.base, v.misses = misses, misses
}

func (v *vitals) status() fsm.Status {
	switch {
	case v.is(flagPaused):
		return fsm.StatusPaused
	case v.is(flagFailing):
		return fsm.StatusFailing
	}
	return fsm.StatusActive
}

// callerOf returns who sent the newest ping that ended a run, "" if that is not known.
func callerOf(h *history.Head) string {
	if from := history.AddrOf(h.Callers.Last()); from.IsValid() {
		return from.String()
	}
	return ""
}
