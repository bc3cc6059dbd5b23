package store

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"pgregory.net/rapid"
)

// TestTheIndexFindsWhatWasPut compares with a map, through several moves to a
// larger table.
func TestTheIndexFindsWhatWasPut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, want := newIndex(0), map[indexKey]uint64{}
		key := func(n uint64) (k indexKey) {
			binary.LittleEndian.PutUint64(k[:], n)
			return k
		}
		keys := rapid.SampledFrom([]uint64{50, 10_000}).Draw(t, "keys")
		next := uint64(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			put := rapid.Bool().Draw(t, "put")
			from := rapid.Uint64Range(0, keys).Draw(t, "from")
			for n := from; n < from+100; n++ {
				_, there := want[key(n)]
				switch {
				case put && !there:
					next++
					x.put(key(n), next)
					want[key(n)] = next
				case !put && there:
					x.remove(key(n))
					delete(want, key(n))
				}
			}
		}
		for n := range keys + 100 {
			ord, there := want[key(n)]
			if got, ok := x.find(key(n)); ok != there || got != ord {
				t.Fatalf("%d: found %d, %v, want %d, %v", n, got, ok, ord, there)
			}
		}
		if len(want) != x.live {
			t.Fatalf("%d are there, want %d", x.live, len(want))
		}
		if size := len(x.tables.Load().cur); size > 2*int(next)+64 {
			t.Fatalf("%d slots for %d", size, next)
		}
	})
}

// TestTokensAreFoundBesideApply asks for tokens that are there while others come
// and go, and the index grows.
func TestTokensAreFoundBesideApply(t *testing.T) {
	r := newRig(t)
	const steady, coming = 100, 3000
	for i := 1; i <= steady; i++ {
		r.create(i, testSpec(60, 0, 1))
	}
	known := func(i int) bool {
		_, ok := r.s.Ordinal(testToken(i))
		return ok
	}
	var done atomic.Bool
	var wg sync.WaitGroup
	for g := range 2 {
		wg.Go(func() {
			for i := g; !done.Load(); i++ {
				if !known(i%steady + 1) {
					t.Errorf("token %d is not found", i%steady+1)
					return
				}
				if known(-1 - i%steady) {
					t.Errorf("token %d is found", -1-i%steady)
					return
				}
			}
		})
	}
	for i := steady + 1; i <= steady+coming; i++ {
		r.create(i, testSpec(60, 0, 1))
		if i%3 == 0 {
			r.must(fsm.Delete{ID: testID(i)})
		}
	}
	done.Store(true)
	wg.Wait()
	for i := 1; i <= steady+coming; i++ {
		if got, want := known(i), i <= steady || i%3 != 0; got != want {
			t.Errorf("token %d: %v, want %v", i, got, want)
		}
	}
}
