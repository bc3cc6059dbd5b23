package store

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

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
