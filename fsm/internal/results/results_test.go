package results

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/check"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

func numbers(names ...string) (list []fsm.Number) {
	for i, n := range names {
		list, _ = fsm.AddNumber(list, fsm.Number{Name: n, Value: float64(i)})
	}
	return list
}

func TestNamesKeepTheirPlacesWhileTheHistoryNeedsThem(t *testing.T) {
	var s *State
	var first history.Numbers
	for i := range fsm.MaxNumbers {
		var refs history.Numbers
		var dropped bool
		if s, refs, dropped = s.Place(numbers(fmt.Sprintf("n%02d", i)), uint64(i+1), 1); dropped {
			t.Fatalf("no place for name %d", i)
		}
		if i == 0 {
			first = refs
		}
	}
	same, _, dropped := s.Place(numbers("one_more"), 17, 1)
	if !dropped || len(same.names) != fsm.MaxNumbers {
		t.Error("there was room for one name too many")
	}
	if got := same.Named(first); len(got) != 1 || got[0].Name != "n00" {
		t.Errorf("the first ping told %v", got)
	}
	next, refs, dropped := s.Place(numbers("one_more"), 18, 2)
	if got := next.Named(refs); dropped || len(got) != 1 || got[0].Name != "one_more" {
		t.Errorf("%v, dropped %v", got, dropped)
	}
	if got := s.Named(first); got[0].Name != "n00" {
		t.Error("the older state was changed")
	}
}

func TestRunsThatBrokeACheckAreNotComparedWith(t *testing.T) {
	run := func(s *State, v float64, broke bool) *State {
		return s.WithRun([]fsm.Number{{Name: "bytes", Value: v}, {Name: "other", Value: 7}}, []string{"bytes"}, broke)
	}
	s := run(nil, 100, false)
	for i := range 50 {
		s = run(s, float64(i), true)
	}
	if got := s.Past("bytes"); !slices.Equal(got, []float64{100}) {
		t.Errorf("after 50 broken runs there are %v", got)
	}
	if got := s.Accepted().Past("bytes"); len(got) != check.Kept || got[len(got)-1] != 49 {
		t.Errorf("accepted there are %v", got)
	}
	for i := range 30 {
		s = run(s, float64(1000+i), false)
	}
	if got := s.Past("bytes"); len(got) != check.Kept || got[0] != 1010 || got[19] != 1029 {
		t.Errorf("after 30 good runs there are %v", got)
	}
	if len(s.Past("other")) != 0 || s.WithRun(nil, nil, false) != nil {
		t.Error("values that no check compares are kept")
	}
}

func TestAStateComesBackAsItWas(t *testing.T) {
	s, _, _ := (*State)(nil).Place(numbers("a", "b.c", "d"), 300, 1)
	s = s.WithLatest([]fsm.Number{{Name: "a", Value: 0.5}}).WithFailures(3)
	for i := range 25 {
		s = s.WithRun([]fsm.Number{{Name: "a", Value: float64(i)}}, []string{"a", "d"}, i%3 == 0)
	}
	b := s.Append(nil)
	r := wire.NewReader(b)
	if got := Read(&r); !reflect.DeepEqual(got, s) {
		t.Errorf("%+v came back as %+v", s, got)
	}
	for cut := range b {
		r := wire.NewReader(b[:cut])
		if got := Read(&r); got != nil {
			t.Errorf("cut to %d of %d bytes it is %+v", cut, len(b), got)
		}
	}
}

func FuzzRead(f *testing.F) {
	s, _, _ := (*State)(nil).Place(numbers("a", "b"), 3, 1)
	f.Add(s.WithRun(numbers("a"), []string{"a"}, true).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := wire.NewReader(b)
		if s := Read(&r); s != nil && !bytes.Equal(s.Append(nil), b) {
			t.Fatalf("%x is read as %+v, which is written as %x", b, s, s.Append(nil))
		}
	})
}
