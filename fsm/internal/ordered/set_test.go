package ordered

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type pair struct{ a, b int }

func (p pair) Compare(q pair) int { return cmp.Or(cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b)) }

// TestSetIsOrdered holds a set against a plain sorted slice.
func TestSetIsOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Set[pair]
		var want []pair
		span := rapid.IntRange(1, 3000).Draw(t, "span")
		key := func(n int) pair { return pair{n / 8, n % 8} }
		for range rapid.IntRange(0, 60).Draw(t, "runs") {
			from, n := rapid.IntRange(0, span).Draw(t, "from"), rapid.IntRange(1, 700).Draw(t, "keys")
			step, add := rapid.SampledFrom([]int{-1, 1, 3}).Draw(t, "step"), rapid.Bool().Draw(t, "add")
			for i := range n {
				k := key(max(0, from+i*step))
				at, found := slices.BinarySearchFunc(want, k, pair.Compare)
				switch {
				case add:
					l.Add(k)
					if !found {
						want = slices.Insert(want, at, k)
					}
				case found:
					want = slices.Delete(want, at, at+1)
					fallthrough
				default:
					l.Remove(k)
				}
			}
			checkSet(t, &l, want)
		}
	})
}

func checkSet(t *rapid.T, l *Set[pair], want []pair) {
	if l.n != len(want) || !slices.Equal(slices.Collect(l.All()), want) {
		t.Fatalf("the list has %d keys, want %d", l.n, len(want))
	}
	for i, c := range l.chunks {
		if len(c) == 0 || len(c) > chunkKeys {
			t.Fatalf("chunk %d has %d keys", i, len(c))
		}
	}
	if len(l.chunks) > 1+4*len(want)/chunkKeys+1 {
		t.Fatalf("%d chunks for %d keys", len(l.chunks), len(want))
	}
	first, ok := l.First()
	last, _ := l.Last()
	if ok != (len(want) > 0) || ok && (first != want[0] || last != want[len(want)-1]) {
		t.Fatalf("from %v to %v", first, last)
	}
	var before *pair
	older := slices.Clone(want)
	if n := len(want); n > 0 {
		i := rapid.IntRange(0, n-1).Draw(t, "before")
		before, older = &want[i], older[:i]
	}
	slices.Reverse(older)
	if got := slices.Collect(l.Before(before)); !slices.Equal(got, older) {
		t.Fatalf("%d keys before %v, want %d", len(got), before, len(older))
	}
}
