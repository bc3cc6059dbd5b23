package results

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
)

// State is what is kept of a heartbeat's results; nil if that is nothing.
type State struct {
	names  []name
	latest []fsm.Number // of the newest ping that told any, late ones aside
	past   []series     // by their names

	Failures int // reported in a row, up to now
}

// name is what a number is called, and by which ping it was used last. used 0 is a free
// place.
type name struct {
	text string
	used uint64
}

// Place finds places for the numbers of a ping, and returns what its history entry says of
// them. oldest is the number of the oldest ping that the history keeps with this one.
// Numbers for which there is no place are left out: then dropped is true.
func (s *State) Place(numbers []fsm.Number, ping, oldest uint64) (next *State, refs history.Numbers, dropped bool) {
	if len(numbers) == 0 {
		return s, refs, false
	}
	next = s.copied()
	next.names = slices.Clone(next.names)
	var values [fsm.MaxNumbers]float64
	for _, n := range numbers {
		i := next.placeOf(n.Name, oldest)
		if i < 0 {
			dropped = true
			continue
		}
		next.names[i] = name{n.Name, ping}
		refs.Names |= 1 << i
		values[i] = n.Value
	}
	for i, v := range values {
		if refs.Names&(1<<i) != 0 {
			refs.Values = append(refs.Values, v)
		}
	}
	return next, refs, dropped
}

// placeOf returns the place of a name, or one that no ping of the history needs; negative
// if there is none.
func (s *State) placeOf(text string, oldest uint64) int {
	free := -1
	for i, n := range s.names {
		if n.text == text {
			return i
		}
		if n.used < oldest && free < 0 {
			free = i
		}
	}
	if free < 0 && len(s.names) < fsm.MaxNumbers {
		s.names = append(s.names, name{})
		free = len(s.names) - 1
	}
	return free
}

// Named returns the numbers of a history entry with their names, in the order of these.
func (s *State) Named(refs history.Numbers) (list []fsm.Number) {
	values := refs.Values
	for i := range fsm.MaxNumbers {
		if refs.Names&(1<<i) == 0 {
			continue
		}
		if s != nil && i < len(s.names) && len(values) > 0 {
			list, _ = fsm.AddNumber(list, fsm.Number{Name: s.names[i].text, Value: values[0]})
		}
		values = values[min(1, len(values)):]
	}
	return list
}

// Latest returns the newest numbers, which must not be written to.
func (s *State) Latest() []fsm.Number {
	if s == nil {
		return nil
	}
	return s.latest
}

// WithLatest returns the state with other newest numbers; none leave it as it is.
func (s *State) WithLatest(numbers []fsm.Number) *State {
	if len(numbers) == 0 {
		return s
	}
	next := s.copied()
	next.latest = slices.Clone(numbers)
	return next
}

// FailuresInARow returns how many failures were reported in a row.
func (s *State) FailuresInARow() int {
	if s == nil {
		return 0
	}
	return s.Failures
}

// WithFailures returns the state with so many failures in a row; nil if that is all that it
// would say, and nothing.
func (s *State) WithFailures(n int) *State {
	if s.FailuresInARow() == n {
		return s
	}
	next := s.copied()
	next.Failures = n
	return next.orNil()
}

func (s *State) copied() *State {
	if s == nil {
		return &State{}
	}
	next := *s
	return &next
}

func (s *State) orNil() *State {
	if len(s.names) == 0 && len(s.latest) == 0 && len(s.past) == 0 && s.Failures == 0 {
		return nil
	}
	return s
}
