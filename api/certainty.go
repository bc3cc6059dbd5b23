package api

import (
	"context"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// certainEvery is how often one node asks the leader at most, on behalf of
// requests that name what it does not know.
const certainEvery = 50 * time.Millisecond

// certainty lets requests wait until this node surely knows all that was
// acknowledged before they came. Those that wait share a barrier.
type certainty struct {
	barrier func(context.Context) error
	every   time.Duration   // at least, from one barrier to the next
	life    context.Context // of the barriers
	end     context.CancelFunc

	mu      sync.Mutex
	next    *round // not begun; nil: none is waited for
	running bool
	runs    sync.WaitGroup
	began   time.Time // of the last one
}

type round struct {
	done chan struct{}
	err  error
}

func newCertainty(barrier func(context.Context) error) *certainty {
	c := &certainty{barrier: barrier, every: certainEvery}
	c.life, c.end = context.WithCancel(context.Background())
	return c
}

// close ends the barrier under way, if there is one, and waits for that. Nobody
// may wait any more.
func (c *certainty) close() {
	c.end()
	c.runs.Wait()
}

// wait returns once a barrier that began after the call is passed.
func (c *certainty) wait(ctx context.Context) error {
	c.mu.Lock()
	if c.next == nil {
		c.next = &round{done: make(chan struct{})}
	}
	r := c.next
	if !c.running {
		c.running = true
		c.runs.Go(c.run)
	}
	c.mu.Unlock()
	deadline, _ := ctx.Deadline()
	limit := time.NewTimer(time.Until(deadline))
	defer limit.Stop()
	select {
	case <-r.done:
		return r.err
	case <-limit.C:
		return fsm.ErrNoLeader
	}
}

// run passes barriers until nobody waits for one.
func (c *certainty) run() {
	for {
		c.mu.Lock()
		pause := c.every - time.Since(c.began)
		c.mu.Unlock()
		if pause > 0 {
			time.Sleep(pause)
		}
		c.mu.Lock()
		r := c.next
		c.next = nil
		if r == nil {
			c.running = false
			c.mu.Unlock()
			return
		}
		c.began = time.Now()
		c.mu.Unlock()
		r.err = c.pass()
		close(r.done)
	}
}

// pass may take as long as a ping: one that waits for it is held through an
// election like any other.
func (c *certainty) pass() error {
	ctx, cancel := context.WithTimeout(c.life, commandLimit)
	defer cancel()
	return c.barrier(ctx)
}
