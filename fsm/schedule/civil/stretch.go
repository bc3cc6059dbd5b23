package civil

import (
	"math"
	"time"
)

// Reach is how far into the future a schedule is searched: ten years, so that a 29
// February is found wherever one stands.
const (
	Reach      = 3653 * SecondsADay
	ReachWords = "ten years"
)

// maxStretches bounds the clock changes that one search passes; the busiest zone that there ever was had
// four a year.
const maxStretches = 200

// lookBack is how long before a clock change an earlier one may still matter: more than
// clocks have ever been put back.
const lookBack = 26 * 3600

// maxUnix is some 8,700 years: what is farther from 1970 is a mistake.
const maxUnix = 1 << 38

// Stretch is a time in which a zone keeps one offset, or a part of one.
type Stretch struct {
	Start, End int64 // Unix seconds; from Start, before End
	Offset     int64 // seconds east of UTC
	zone       *time.Location
}

// StretchAt is the stretch of a moment (Unix seconds). A nil zone is UTC.
func StretchAt(unix int64, zone *time.Location) Stretch {
	if zone == nil {
		zone = time.UTC
	}
	t := time.Unix(unix, 0).In(zone)
	_, offset := t.Zone()
	start, end := t.ZoneBounds()
	s := Stretch{Start: math.MinInt64, End: math.MaxInt64, Offset: int64(offset), zone: zone}
	if !start.IsZero() {
		s.Start = start.Unix()
	}
	if !end.IsZero() {
		s.End = end.Unix()
	}
	if s.Start > unix || s.End <= unix { // damaged rules must not lead a search in circles
		s.Start, s.End = unix, unix+1
	}
	return s
}

// HasStart reports whether a clock change or a change of rules opens the stretch.
func (s Stretch) HasStart() bool { return s.Start != math.MinInt64 }

// Before is the stretch that ends where s starts.
func (s Stretch) Before() Stretch { return StretchAt(s.Start-1, s.zone) }

// Wall is the wall time of a moment in the stretch; Unix is the way back.
func (s Stretch) Wall(unix int64) int64 { return unix + s.Offset }

// Unix is the moment of a wall time in the stretch.
func (s Stretch) Unix(wall int64) int64 { return wall - s.Offset }

// WallSeen is the first wall time that no clock has shown before the stretch: wall times of s
// below it are shown a second time.
func (s Stretch) WallSeen() int64 {
	seen := int64(math.MinInt64)
	for p := s; p.HasStart() && p.Start > s.Start-lookBack; {
		p = p.Before()
		seen = max(seen, p.Wall(p.End))
	}
	return seen
}

// Search asks find for the first moment in each stretch from a moment on, until one is found
// or Reach is exceeded. find gets the stretch, the first moment (Unix seconds) that counts, and
// the last.
func Search(after time.Time, zone *time.Location, find func(s Stretch, from, to int64) (int64, bool)) (time.Time, bool) {
	from := after.Unix() + 1
	if from < -maxUnix || from > maxUnix {
		return time.Time{}, false
	}
	limit := from + Reach
	for range maxStretches {
		s := StretchAt(from, zone)
		if unix, ok := find(s, from, min(limit, s.End-1)); ok {
			return time.Unix(unix, 0).UTC(), true
		}
		if s.End > limit {
			break
		}
		from = s.End
	}
	return time.Time{}, false
}
