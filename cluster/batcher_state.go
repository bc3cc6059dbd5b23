package cluster

import (
	"context"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// batcherState follows the node's leadership.
type batcherState int

const (
	notLeading batcherState = iota
	taking                  // elected, but not past the barrier: take items, propose nothing
	preparing               // past it: propose only what the leader itself gives to once
	proposing
)

// lead makes the batcher take items, for this node was elected.
func (b *batcher) lead() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state = taking
}

// prepare makes it propose what the leader of term gives to once.
func (b *batcher) prepare(term uint64) { b.enter(preparing, term) }

// open makes it propose everything in term.
func (b *batcher) open(term uint64) { b.enter(proposing, term) }

func (b *batcher) enter(state batcherState, term uint64) {
	b.mu.Lock()
	if b.term != term {
		b.last, b.stall = b.now(), stall{}
	}
	b.state, b.term = state, term
	b.stopTicking()
	b.mu.Unlock()
	b.Wake()
}

// startClock lets the serving clock run, if this node still leads in term and there
// is no stall to be taken first; it reports whether it does.
func (b *batcher) startClock(term uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != proposing || b.term != term || !b.stall.isZero() {
		return false
	}
	b.clock.start(b.now())
	return true
}

// ticking reports whether the serving clock runs.
func (b *batcher) ticking() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clock.running
}

// stopClock makes it stand still.
func (b *batcher) stopClock() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopTicking()
}

// stopTicking refuses the ticks, which are there for the clock; the lock is held.
func (b *batcher) stopTicking() {
	b.clock.stop()
	for _, x := range b.ticks {
		x.done <- proposals.Result{Code: fsm.CodeNotLeader}
	}
	b.ticks = b.ticks[:0]
}

// stall is a time in which nothing committed.
type stall struct{ from, to time.Time }

func (s stall) isZero() bool { return s.to.IsZero() }

// noteStall stops the clock until takeStall, if nothing committed for long before
// now; the lock is held.
func (b *batcher) noteStall(now time.Time) {
	if now.Sub(b.last) <= gapAfter {
		return
	}
	if b.stall.isZero() {
		b.stall.from = b.last
	}
	b.stall.to = now
	b.stopTicking()
	b.stalled()
}

// takeStall returns what noteStall noted, and forgets it.
func (b *batcher) takeStall() stall {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.stall
	b.stall = stall{}
	return s
}

// follow ends proposing: what was queued in this term is refused, so that a later
// term does not commit it.
func (b *batcher) follow() {
	b.mu.Lock()
	b.state = notLeading
	b.stopTicking()
	frames, directs := b.frames, b.directs
	b.frames, b.directs = nil, nil
	b.mu.Unlock()
	for _, f := range frames {
		f.refuse(fsm.CodeNotLeader)
	}
	for _, x := range directs {
		x.done <- proposals.Result{Code: fsm.CodeNotLeader}
	}
}

// leading returns whom the node's own commands go to while it leads, else nil.
func (b *batcher) leading() *proposals.Consumer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == notLeading {
		return nil
	}
	return &b.Consumer
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
	b.Wake()
}

// once has x committed, unless this node does not lead, and waits for it.
func (b *batcher) once(ctx context.Context, x *direct) proposals.Result {
	if !b.admit(x) {
		return proposals.Result{Code: fsm.CodeNotLeader}
	}
	b.Wake()
	select {
	case out := <-x.done:
		return out
	case <-ctx.Done():
		return proposals.Result{Code: fsm.CodeUnknownOutcome}
	}
}

func (b *batcher) admit(x *direct) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case x.cmd == nil && b.clock.running:
		b.ticks = append(b.ticks, x)
	case x.cmd != nil && b.state >= preparing && b.term == x.term:
		b.directs = append(b.directs, x)
	default:
		return false
	}
	return true
}
