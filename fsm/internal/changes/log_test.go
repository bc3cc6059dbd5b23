package changes

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func at(index, term uint64) fsm.Position { return fsm.Position{Index: index, Term: term} }

func ordinals(list []fsm.Change) (out []uint64) {
	for _, c := range list {
		out = append(out, c.Ordinal)
	}
	return out
}

func changed(ordinals ...uint64) (list []fsm.Change) {
	for _, o := range ordinals {
		list = append(list, fsm.Change{Ordinal: o})
	}
	return list
}

func TestWhoHasSeenAnEntryGoesOnFromIt(t *testing.T) {
	var l Log
	l.Add(at(1, 1), changed(10))
	l.Add(at(2, 1), nil)
	l.Add(at(4, 2), changed(11, 12, 13))
	l.Add(at(5, 2), changed(14))
	for _, c := range []struct {
		name  string
		after fsm.Position
		limit int
		want  []uint64
		to    fsm.Position
		ok    bool
	}{
		{"from the beginning", at(0, 0), 100, []uint64{10, 11, 12, 13, 14}, at(5, 2), true},
		{"from an entry without changes", at(2, 1), 100, []uint64{11, 12, 13, 14}, at(5, 2), true},
		{"up to the newest", at(5, 2), 100, nil, at(5, 2), true},
		{"an entry is never cut in two", at(1, 1), 2, []uint64{11, 12, 13}, at(4, 2), true},
		{"an entry of another history", at(4, 1), 100, nil, at(5, 2), false},
		{"an entry that is not there yet", at(6, 2), 100, nil, at(5, 2), false},
	} {
		list, to, ok := l.Since(c.after, c.limit)
		if !slices.Equal(ordinals(list), c.want) || to != c.to || ok != c.ok {
			t.Errorf("%s: %v up to %v, %v", c.name, ordinals(list), to, ok)
		}
	}
}

func TestWhatARestoredSnapshotHidIsSaid(t *testing.T) {
	var l Log
	l.Add(at(1, 1), changed(10))
	l.Restart(100)
	l.Add(at(101, 3), changed(20))
	for after, want := range map[fsm.Position]bool{at(1, 1): false, at(99, 2): false, at(100, 2): true, at(101, 3): true, at(101, 2): false} {
		if list, _, ok := l.Since(after, 10); ok != want {
			t.Errorf("after %v: %v %v", after, ordinals(list), ok)
		}
	}
}

func TestWaitersWakeWithTheNextChange(t *testing.T) {
	var l Log
	l.Add(at(1, 1), nil)
	isClosed := func(ch <-chan struct{}) bool {
		select {
		case <-ch:
			return true
		default:
			return false
		}
	}
	one, two := l.Wait(at(1, 1)), l.Wait(at(1, 1))
	l.Add(at(2, 1), nil)
	if isClosed(one) || isClosed(two) {
		t.Error("an entry that changes nothing woke somebody")
	}
	l.Add(at(3, 1), changed(1))
	if !isClosed(one) || !isClosed(two) || !isClosed(l.Wait(at(2, 1))) || isClosed(l.Wait(at(3, 1))) {
		t.Error("who waits for the third entry's change, or has missed it, is not woken alone")
	}
	last := l.Wait(at(3, 1))
	l.Restart(9)
	if !isClosed(last) {
		t.Error("a restored snapshot wakes nobody")
	}
}

// TestTheLogIsBounded holds a log that is far too full against a list of everything.
func TestTheLogIsBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var l Log
	var all []entry
	for index := uint64(1); index < 20_000; index++ {
		var now []fsm.Change
		for range r.IntN(6) {
			c := fsm.Change{Ordinal: r.Uint64()}
			if r.IntN(50) == 0 {
				c.Lost = []string{strings.Repeat("x", 1+r.IntN(4000))}
			}
			now = append(now, c)
			all = append(all, entry{index, c})
		}
		l.Add(at(index, 1+index/250), now)
		if len(l.entries) > maxChanges || l.tagBytes > maxTagBytes || len(l.terms) > maxTerms {
			t.Fatalf("%d changes, %d bytes of tags, %d terms", len(l.entries), l.tagBytes, len(l.terms))
		}
		if index%97 != 0 {
			continue
		}
		after := uint64(r.IntN(int(index)))
		got, _, ok := l.Since(at(after, 1+after/250), 1<<30)
		if !ok {
			if after >= l.floor {
				t.Fatalf("after %d of %d it forgot, and its floor is %d", after, index, l.floor)
			}
			continue
		}
		first := slices.IndexFunc(all, func(e entry) bool { return e.index > after })
		want := 0
		if first >= 0 {
			want = len(all) - first
		}
		if len(got) != want || want > 0 && got[0].Ordinal != all[first].Ordinal {
			t.Fatalf("after %d of %d: %d changes, want %d", after, index, len(got), want)
		}
	}
	if len(l.entries) < maxChanges/4 {
		t.Errorf("only %d changes are kept", len(l.entries))
	}
}
