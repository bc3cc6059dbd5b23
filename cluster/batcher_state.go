package cluster

import (
	"context"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// batcherState follows the node's leadership.
type batcherState int

const (
	notLeading batcherState = iota
	taking                  // elected, but not past the barrier: take items, propose nothing
	proposing
)

// lead makes the batcher take items, for this node was elected.
func (b *batcher) lead() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state = taking
}

// open makes it propose them in term.
func (b *batcher) open(term uint64) {
	b.mu.Lock()
	b.state, b.term, b.last = proposing, term, time.Time{}
	b.clock.stop()
	b.mu.Unlock()
	b.poke()
}

// startClock lets the serving clock run, if this node still leads in term.
func (b *batcher) startClock(term uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == proposing && b.term == term {
		b.clock.start(b.now())
	}
}

// follow ends proposing: what was queued in this term is refused, so that a later
// term does not commit it.
func (b *batcher) follow() {
	b.mu.Lock()
	b.state = notLeading
	b.clock.stop()
	frames, directs := b.frames, append(b.directs, b.ticks...)
	b.frames, b.directs, b.ticks = nil, nil, nil
	b.mu.Unlock()
	for _, f := range frames {
		f.refuse(fsm.CodeNotLeader)
	}
	for _, x := range directs {
		x.done <- outcome{code: fsm.CodeNotLeader}
	}
}

// leading returns whom the node's own commands go to while it leads, else nil.
func (b *batcher) leading() *taker {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == notLeading {
		return nil
	}
	return &b.taker
}

// submit takes a forwarded frame; its reply is called once, on any goroutine.
func (b *batcher) submit(f *forwarded) {
	b.mu.Lock()
	if b.state == notLeading {
		b.mu.Unlock()
		f.refuse(fsm.CodeNotLeader)
		return
	}
	b.frames = append(b.frames, f)
	b.mu.Unlock()
	b.poke()
}

// once has x committed, unless this node does not lead, and waits for it.
func (b *batcher) once(ctx context.Context, x *direct) outcome {
	if !b.admit(x) {
		return outcome{code: fsm.CodeNotLeader}
	}
	b.poke()
	select {
	case out := <-x.done:
		return out
	case <-ctx.Done():
		return outcome{code: fsm.CodeUnknownOutcome}
	}
}

func (b *batcher) admit(x *direct) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case x.cmd == nil && b.clock.running:
		b.ticks = append(b.ticks, x)
	case x.cmd != nil && b.state == proposing && b.term == x.term:
		b.directs = append(b.directs, x)
	default:
		return false
	}
	return true
}
