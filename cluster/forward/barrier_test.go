package forward

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestReadsShareBarriers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var began []time.Time
		g := NewSharedBarrier(func(context.Context) error {
			mu.Lock()
			began = append(began, time.Now())
			mu.Unlock()
			time.Sleep(time.Second)
			return nil
		}, 0)
		defer g.Close()
		var reads sync.WaitGroup
		read := func() {
			reads.Go(func() {
				arrived := time.Now()
				if err := g.Wait(t.Context()); err != nil {
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
		g := NewSharedBarrier(func(ctx context.Context) error { <-ctx.Done(); return fsm.ErrNoLeader }, 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := g.Wait(ctx); !errors.Is(err, fsm.ErrNoLeader) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		waiting := make(chan error, 1)
		go func() { waiting <- g.Wait(t.Context()) }()
		synctest.Wait()
		g.Close()
		if err := <-waiting; err == nil {
			t.Error("a read passed when the node stopped")
		}
		if err := g.Wait(t.Context()); !errors.Is(err, fsm.ErrShutdown) {
			t.Errorf("after the stop: %v", err)
		}
	})
}

func TestASharedBarrierKeepsItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var began []time.Time
		b := NewSharedBarrier(func(context.Context) error {
			began = append(began, time.Now())
			return nil
		}, 50*time.Millisecond)
		defer b.Close()
		start := time.Now()
		for range 100 { // one after the other, each as soon as the last one passed
			if err := b.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 99*50*time.Millisecond || len(began) != 100 {
			t.Errorf("%d barriers in %v", len(began), took)
		}
		time.Sleep(time.Second)
		rested := time.Now()
		if err := b.Wait(t.Context()); err != nil || !time.Now().Equal(rested) {
			t.Errorf("after a rest: %v after %v, want at once", err, time.Since(rested))
		}
	})
}

// TestCloseEndsABarrierThatNobodyNeeds leaves one behind: its waiter gave up.
func TestCloseEndsABarrierThatNobodyNeeds(t *testing.T) {
	b := NewSharedBarrier(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 0)
	if err := b.Wait(within(t, time.Millisecond)); err == nil {
		t.Error("a barrier that never ends was passed")
	}
	start := time.Now()
	b.Close()
	if took := time.Since(start); took > testkit.Patience {
		t.Errorf("it ended after %v", took)
	}
}

// TestABarrierMayTakeAsLongAsACommit holds that one which waits for an election is not
// given up before those who wait for it give up.
func TestABarrierMayTakeAsLongAsACommit(t *testing.T) {
	left := make(chan time.Duration, 1)
	b := NewSharedBarrier(func(ctx context.Context) error {
		deadline, _ := ctx.Deadline()
		left <- time.Until(deadline)
		return nil
	}, 0)
	defer b.Close()
	if err := b.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-left; got <= BarrierLimit-5*time.Second {
		t.Errorf("the barrier is given up after %v", got)
	}
}
