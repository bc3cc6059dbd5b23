package cluster

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestReadsShareBarriers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var began []time.Time
		g := newReadGate(func(context.Context) error {
			mu.Lock()
			began = append(began, time.Now())
			mu.Unlock()
			time.Sleep(time.Second)
			return nil
		})
		defer g.close()
		var reads sync.WaitGroup
		read := func() {
			reads.Go(func() {
				arrived := time.Now()
				if err := g.wait(t.Context()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				last := began[len(began)-1]
				if last.Before(arrived) {
					t.Errorf("a read that came at %v passed with a barrier of %v", arrived, last)
				}
			})
		}
		read()
		synctest.Wait()
		for range 100 { // while the first is under way
			time.Sleep(time.Millisecond)
			read()
		}
		reads.Wait()
		if len(began) != 2 {
			t.Errorf("%d barriers for 101 reads, want 2", len(began))
		}
		read()
		reads.Wait()
		if len(began) != 3 {
			t.Errorf("%d barriers, want one more for a later read", len(began))
		}
	})
}

func TestAReadGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newReadGate(func(ctx context.Context) error { <-ctx.Done(); return fsm.ErrNoLeader })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := g.wait(ctx); !errors.Is(err, fsm.ErrNoLeader) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		waiting := make(chan error, 1)
		go func() { waiting <- g.wait(t.Context()) }()
		synctest.Wait()
		g.close()
		if err := <-waiting; err == nil {
			t.Error("a read passed when the node stopped")
		}
		if err := g.wait(t.Context()); !errors.Is(err, fsm.ErrShutdown) {
			t.Errorf("after the stop: %v", err)
		}
	})
}
