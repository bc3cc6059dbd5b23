package cluster

import (
	"context"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// roundLimit bounds one shared read barrier, whoever waits for it.
const roundLimit = 10 * time.Second

// readGate lets all reads that wait on this node share one barrier. A read that
// arrives while a barrier is under way needs the next one, for the first may have
// been proposed before it came.
type readGate struct {
	barrier func(context.Context) error

	mu      sync.Mutex
	next    *round // gathers reads
	running bool
	rounds  sync.WaitGroup
	stop    context.CancelFunc
	ctx     context.Context
}

// round is one barrier; err may be read once done is closed.
type round struct {
	done chan struct{}
	err  error
}

func newReadGate(barrier func(context.Context) error) *readGate {
	g := &readGate{barrier: barrier}
	g.ctx, g.stop = context.WithCancel(context.Background())
	return g
}

// wait returns once a barrier that began after the call has passed.
func (g *readGate) wait(ctx context.Context) error {
	r := g.join()
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

func (g *readGate) join() *round {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx.Err() != nil {
		return nil
	}
	if g.next == nil {
		g.next = &round{done: make(chan struct{})}
	}
	if !g.running {
		g.running = true
		g.rounds.Go(g.run)
	}
	return g.next
}

// run passes barriers, one after the other, while reads wait.
func (g *readGate) run() {
	for r := g.take(); r != nil; r = g.take() {
		ctx, cancel := context.WithTimeout(g.ctx, roundLimit)
		r.err = g.barrier(ctx)
		cancel()
		close(r.done)
	}
}

func (g *readGate) take() *round {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.next
	g.next = nil
	g.running = r != nil
	return r
}

// close fails the reads that wait, and waits for the barrier under way.
func (g *readGate) close() {
	g.mu.Lock()
	g.stop()
	g.mu.Unlock()
	g.rounds.Wait()
}
