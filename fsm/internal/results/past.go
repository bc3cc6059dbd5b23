package results

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/check"
)

// series are the values of one number, the newest last, at most check.Kept. Those of runs
// that broke a check are marked: nothing is compared with them unless somebody accepts
// them.
type series struct {
	name   string
	values []float64
	broke  uint32 // a bit for each value, the newest lowest
}

// Past returns the values of a number that checks compare with, the newest last.
func (s *State) Past(name string) (list []float64) {
	if s == nil {
		return nil
	}
	for _, x := range s.past {
		if x.name != name {
			continue
		}
		for i, v := range x.values {
			if x.broke>>(len(x.values)-1-i)&1 == 0 {
				list = append(list, v)
			}
		}
	}
	return list
}

// WithRun returns the state with the values of another run, of those names that checks
// compare; the values of other names are let go of.
func (s *State) WithRun(values []fsm.Number, compared []string, broke bool) *State {
	if len(compared) == 0 && (s == nil || len(s.past) == 0) {
		return s
	}
	next := s.copied()
	next.past = nil
	for _, name := range compared {
		x := s.seriesOf(name)
		if i := slices.IndexFunc(values, func(n fsm.Number) bool { return n.Name == name }); i >= 0 {
			x = x.with(values[i].Value, broke)
		}
		if len(x.values) > 0 {
			next.past = append(next.past, x)
		}
	}
	return next.orNil()
}

func (s *State) seriesOf(name string) series {
	if s != nil {
		for _, x := range s.past {
			if x.name == name {
				return x
			}
		}
	}
	return series{name: name}
}

// with returns the series with one more value. A good value drives out those that broke a
// check first, so that there is always something to compare with.
func (x series) with(v float64, broke bool) series {
	values := append(slices.Clone(x.values), v)
	x.broke <<= 1
	if broke {
		x.broke |= 1
	}
	if len(values) > check.Kept {
		drop := 0
		if newestGood(x.broke, len(values)) == 0 && x.broke != 0 { // the oldest is the only good one
			drop = 1
		}
		at := len(values) - 1 - drop
		low := x.broke & (1<<at - 1)
		x.broke = x.broke>>(at+1)<<at | low
		values = slices.Delete(values, drop, drop+1)
	}
	x.values = values
	return x
}

// newestGood returns the place of the newest of n values that broke no check; negative if
// there is none.
func newestGood(broke uint32, n int) int {
	for back := range n {
		if broke>>back&1 == 0 {
			return n - 1 - back
		}
	}
	return -1
}

// Accepted returns the state in which all values count, those of runs that broke a check as
// well: somebody looked at them, and has changed the checks or resumed the heartbeat.
func (s *State) Accepted() *State {
	if s == nil || !slices.ContainsFunc(s.past, func(x series) bool { return x.broke != 0 }) {
		return s
	}
	next := s.copied()
	next.past = slices.Clone(s.past)
	for i := range next.past {
		next.past[i].broke = 0
	}
	return next
}
