package table

import (
	"math"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// Hot are the fields of a heartbeat that have a fixed size. Names and the like are in its
// page's text, its pings in its page's history. It has no pointers, so that the garbage
// collector never looks at a million of these. What only few heartbeats have belongs
// into RunState. Times are in ms; "wall" and "serving" say of which clock.
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
	Misses       int64 // consecutive, as far as counted
	Pings        uint64
	LastPing     int64 // wall; 0: never
	Head         history.Head

	Token     fsm.Token
	LastAlert int64  // wall; 0: never
	FlapStart int64  // serving: when the first of Flaps began
	Missed    uint32 // ever, as far as counted
	Incident  uint32 // counts incidents and unheard notices
	Flaps     uint32 // incidents that began within a flap window
	textAt    uint32 // where the page's text has the cold fields
}

// PageSize is the number of heartbeats on a page. They are copied together when one of
// them changes while a snapshot is being written, share the memory of their texts and
// histories, and are looked through together for the one that is due.
const PageSize = history.Slots

// Page holds heartbeats in a few large pieces of memory. Bytes of text that a snapshot may
// see are never written again: the text is appended to, and replaced when full.
type Page struct {
	// What every ping needs comes first, in one cache line.
	epoch   uint64
	live    int
	History history.Page

	fields *pageFields // nil until one has any

	text  []byte               // cold fields, in any order, some of them out of date
	runs  *[PageSize]*RunState // nil until one has any
	times *pageTimes           // nil until one has a schedule
	hots  [PageSize]Hot
}

// Hot returns the hot fields of a slot.
func (p *Page) Hot(slot int) *Hot { return &p.hots[slot] }

// Head returns the head of a slot's history; it makes a Page history.Heads.
func (p *Page) Head(slot int) *history.Head { return &p.hots[slot].Head }

// IsLive reports whether a slot has a heartbeat.
func (p *Page) IsLive(slot int) bool { return p.hots[slot].Is(Live) }

// Times returns the timetable of a slot.
func (p *Page) Times(slot int) *timetable.Timetable {
	if p.times == nil {
		return nil
	}
	return p.times.of[slot]
}

// Runs returns the run state of a slot, nil for most.
func (p *Page) Runs(slot int) *RunState {
	if p.runs == nil {
		return nil
	}
	return p.runs[slot]
}

// Deadline returns the serving time of a slot's next miss or overdue run that is not
// counted yet; if it is paused, that at which the pause ends by itself.
func (p *Page) Deadline(slot int) int64 {
	if p.hots[slot].Is(Paused) {
		return p.Runs(slot).PauseEnds()
	}
	at := p.hots[slot].NextMiss(p.Times(slot))
	if x := p.Runs(slot); x != nil {
		return min(at, x.Deadline())
	}
	return at
}

type Flags uint16

const (
	Armed          Flags         = 1 << iota // judged, or would be if not paused
	Paused                                   //
	Failing                                  //
	Resumed                                  // the next miss alerts, whatever the threshold
	Unheard                                  // the last misses fell into gaps: the next one alerts
	HasCaller                                // in images only: the newest caller follows
	FirstPing                                // the spec says ArmFirstPing
	Reported                                 // failing, and a failure of its incident was told
	HasOtherCaller                           // in images only: the caller before that one follows
	OnlyPost                                 // the spec's Methods are POST alone
	ImageFlags     = 1<<iota - 1             // all that an image may have
	Scheduled      = 1 << 13                 // it has a schedule in place of an interval; derived of its fields
	Checked        = 1 << 14                 // its good runs are checked; derived of its fields
	Live           = 1 << 15                 // the slot has a heartbeat
)

func (v *Hot) Is(f Flags) bool { return v.Flags&f != 0 }
func (v *Hot) Set(f Flags)     { v.Flags |= f }
func (v *Hot) Clear(f Flags)   { v.Flags &^= f }

func (v *Hot) Interval() int64 { return int64(v.IntervalSecs) * 1000 }
func (v *Hot) Grace() int64    { return int64(v.GraceSecs) * 1000 }

// IsJudged reports whether deadlines are running: those of intervals (not for a failing
// heartbeat) and those of runs.
func (v *Hot) IsJudged() bool {
	return v.Is(Armed) && !v.Is(Paused)
}

// NextMiss returns the serving time of the next missed interval, or time of the
// timetable t, that is not counted yet. For a failing heartbeat that is never: its misses
// are computed when read. For runs see Page.Deadline.
func (v *Hot) NextMiss(t *timetable.Timetable) int64 {
	if v.Is(Failing) {
		return never
	}
	return v.missAt(t, v.Misses-v.Carried+1)
}

// missAt returns the serving time of the n-th miss since the anchor.
func (v *Hot) missAt(t *timetable.Timetable, n int64) int64 {
	if !v.Is(Scheduled) {
		return v.Anchor + n*v.Interval() + v.Grace()
	}
	if at := t.At(v.AnchorWall, n); at != timetable.Never {
		return at + v.Grace()
	}
	return never
}

// Rule returns which miss alerts next.
func (v *Hot) Rule() fsm.Rule {
	switch {
	case v.Is(Unheard):
		return fsm.RuleUnheard
	case v.Is(Resumed):
		return fsm.RuleResumed
	}
	return fsm.RuleThreshold
}

// MissesAt returns the consecutive misses at a horizon. Those of a failing heartbeat are
// computed.
func (v *Hot) MissesAt(t *timetable.Timetable, horizon int64) int64 {
	if !v.Is(Failing) {
		return v.Misses
	}
	return max(v.Misses, v.Carried+v.missedBy(t, horizon))
}

// missedBy returns how many misses there were from the anchor to a horizon.
func (v *Hot) missedBy(t *timetable.Timetable, horizon int64) int64 {
	if !v.Is(Scheduled) {
		return max(0, horizon-v.Anchor-v.Grace()) / v.Interval()
	}
	n := v.Misses - v.Carried
	for v.missAt(t, n+1) <= horizon {
		n++
	}
	return n
}

// UncountedMisses returns the misses at a horizon that are not counted yet.
func (v *Hot) UncountedMisses(t *timetable.Timetable, horizon int64) uint64 {
	return uint64(v.MissesAt(t, horizon) - v.Misses)
}

// MissedAt returns the misses ever, at a horizon.
func (v *Hot) MissedAt(t *timetable.Timetable, horizon int64) uint64 {
	return uint64(v.Missed) + v.UncountedMisses(t, horizon)
}

// ExpectedAt returns the wall time of the n-th expected ping since the anchor, gaps not
// counted; 0 if a timetable does not know it.
func (v *Hot) ExpectedAt(t *timetable.Timetable, n int64) int64 {
	if v.Is(Scheduled) {
		return t.Nth(v.AnchorWall, n)
	}
	return v.AnchorWall + n*v.Interval()
}

// Reanchor starts the schedule again at a time, given by both clocks, and carries misses
// over.
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

// ClampMillis returns a length of time, cut to what can be stored: from 0 to 146 million
// years.
func ClampMillis(ms int64) int64 { return min(max(ms, 0), math.MaxInt64/2) }
