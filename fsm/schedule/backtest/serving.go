package backtest

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// serving counts time without the gaps, as the state machine's clock does.
type serving struct{ gaps []fsm.Gap }

// at is the serving time of a moment, since the beginning of Unix time.
func (s serving) at(t time.Time) time.Duration {
	lost := time.Duration(0)
	for _, g := range s.gaps {
		if !g.From.Before(t) {
			break
		}
		lost += earlier(g.To, t).Sub(g.From)
	}
	return t.Sub(time.Unix(0, 0)) - lost
}

// moment is the latest moment of a serving time: for one at which a gap began, the gap's end.
func (s serving) moment(at time.Duration) time.Time {
	t := time.Unix(0, 0).Add(at)
	for _, g := range s.gaps {
		if t.Before(g.From) {
			break
		}
		t = t.Add(g.To.Sub(g.From))
	}
	return t.UTC()
}

// lostAfter is the length of the gaps, as far as they are after a moment.
func (s serving) lostAfter(t time.Time) (lost time.Duration) {
	for _, g := range s.gaps {
		lost += max(0, g.To.Sub(later(g.From, t)))
	}
	return lost
}

// overlaps reports whether pings could not be taken at some moment between two.
func (s serving) overlaps(from, to time.Time) bool {
	for _, g := range s.gaps {
		if !g.From.After(to) && !g.To.Before(from) {
			return true
		}
	}
	return false
}

// gapEndsBetween reports whether a gap ended after a moment, as is known at another.
func (s serving) gapEndsBetween(t, known time.Time) bool {
	for _, g := range s.gaps {
		if g.To.After(t) && g.From.Before(known) {
			return true
		}
	}
	return false
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
