package forward

import (
	"context"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// BarrierLimit bounds one read barrier, whoever waits for it.
const BarrierLimit = 10 * time.Second

// SharedBarrier lets all reads that wait on this node share one read barrier. A read
// that arrives while a barrier is under way needs the next one, because the first may
// have been proposed before the read came.
type SharedBarrier struct {
	barrier func(context.Context) error
	every   time.Duration // at least, from the start of one barrier to the next

	mu      sync.Mutex
	next    *round // gathers reads; nil: none waits
	running bool
	began   time.Time // when the last barrier began
	rounds  sync.WaitGroup
	stop    context.CancelFunc
	ctx     context.Context
}

// round is one barrier. err may be read once done is closed.
type round struct {
	done chan struct{}
	err  error
}

// NewSharedBarrier returns a barrier that is shared. It begins at most once in every,
// which may be 0.
func NewSharedBarrier(barrier func(context.Context) error, every time.Duration) *SharedBarrier {
	b := &SharedBarrier{barrier: barrier, every: every}
	b.ctx, b.stop = context.WithCancel(context.Background())
	return b
}

// Wait returns once a barrier that began after the call has passed. It waits until ctx
// ends.
func (b *SharedBarrier) Wait(ctx context.Context) error {
	r := b.join()
	if r == nil {
		return fsm.ErrShutdown
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return fsm.ErrNoLeader
	}
}

func (b *SharedBarrier) join() *round {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx.Err() != nil {
		return nil
	}
	if b.next == nil {
		b.next = &round{done: make(chan struct{})}
	}
	if !b.running {
		b.running = true
		b.rounds.Go(b.run)
	}
	return b.next
}

// run passes one barrier after the other, while reads wait.
func (b *SharedBarrier) run() {
	for r := b.beginRound(); r != nil; r = b.beginRound() {
		ctx, cancel := context.WithTimeout(b.ctx, BarrierLimit)
		r.err = b.barrier(ctx)
		cancel()
		close(r.done)
	}
}

// beginRound waits until the next barrier may begin, and returns the reads that wait for
// it; nil if there are none.
func (b *SharedBarrier) beginRound() *round {
	if pause := b.pause(); pause > 0 {
		select {
		case <-time.After(pause):
		case <-b.ctx.Done():
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.next
	b.next = nil
	if b.running = r != nil; b.running {
		b.began = time.Now()
	}
	return r
}

func (b *SharedBarrier) pause() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.every == 0 {
		return 0
	}
	return b.every - time.Since(b.began)
}

// Close fails the reads that wait, and waits for the barrier under way.
func (b *SharedBarrier) Close() {
	b.mu.Lock()
	b.stop()
	b.mu.Unlock()
	b.rounds.Wait()
}
