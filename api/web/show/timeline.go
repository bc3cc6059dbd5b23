package show

import "time"

// Timeline places moments of the last while on a line.
type Timeline struct {
	From, To time.Time
	Marks    []Mark
	Hours    []Mark // where to write the time
}

// Mark is one thing on the line, in pixels.
type Mark struct {
	X, Width    int
	Kind, Words string
}

const (
	TimelineWidth = 960
	timelineTicks = 6
)

// NewTimeline is a line that ends now.
func NewTimeline(now time.Time, span time.Duration) *Timeline {
	t := &Timeline{From: now.Add(-span), To: now}
	for n := range timelineTicks {
		at := now.Add(-span * time.Duration(timelineTicks-1-n) / (timelineTicks - 1))
		t.Hours = append(t.Hours, Mark{X: t.x(at), Words: at.UTC().Format("15:04")})
	}
	return t
}

// Width is that of the whole line.
func (*Timeline) Width() int { return TimelineWidth }

func (t *Timeline) x(at time.Time) int {
	return int(int64(TimelineWidth) * int64(at.Sub(t.From)) / int64(t.To.Sub(t.From)))
}

// Add places what went on from one moment to another; what was over before the line begins
// is left out.
func (t *Timeline) Add(kind, words string, from, to time.Time) {
	if to.Before(t.From) || from.After(t.To) {
		return
	}
	x := max(t.x(from), 0)
	width := max(min(t.x(to), TimelineWidth)-x, 3)
	t.Marks = append(t.Marks, Mark{X: min(x, TimelineWidth-width), Width: width, Kind: kind, Words: words})
}
