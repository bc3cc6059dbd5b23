package commit

import (
	"context"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// leadership is what the batcher may do, which follows the node's leadership.
type leadership int

const (
	notLeading  leadership = iota
	electedOnly            // elected, but not past the barrier: it takes requests and proposes nothing
	preparing              // past the barrier: it proposes the leader's own commands only
	proposing              // it proposes everything
)

// Lead makes the batcher take requests, because this node was elected.
func (b *Batcher) Lead() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state = electedOnly
}

// Prepare makes the batcher propose what is given to ProposeOnce in term.
func (b *Batcher) Prepare(term uint64) { b.enter(preparing, term) }

// Open makes the batcher propose everything in term.
func (b *Batcher) Open(term uint64) { b.enter(proposing, term) }

func (b *Batcher) enter(state leadership, term uint64) {
	b.mu.Lock()
	if b.term != term {
		b.lastCommit, b.stall = b.opt.Now(), Stall{}
	}
	b.state, b.term = state, term
	b.stopClockLocked()
	b.mu.Unlock()
	b.Wake()
}

// Proposing reports whether the batcher proposes everything.
func (b *Batcher) Proposing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state == proposing
}

// StartClock starts the serving clock, and reports whether it did: only if this node
// still leads in term, and TakeStall has taken the last stall.
func (b *Batcher) StartClock(term uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != proposing || b.term != term || !b.stall.isZero() {
		return false
	}
	b.clock.start(b.opt.Now())
	return true
}

// ClockRuns reports whether the serving clock runs.
func (b *Batcher) ClockRuns() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clock.running
}

// StopClock stops the serving clock.
func (b *Batcher) StopClock() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopClockLocked()
}

// stopClockLocked also refuses the ticks, which only carry serving time.
func (b *Batcher) stopClockLocked() {
	b.clock.stop()
	for _, x := range b.ticks {
		x.done <- proposals.Result{Code: fsm.CodeNotLeader}
	}
	b.ticks = b.ticks[:0]
}

// Stall is a time in which nothing committed. The zero value is none.
type Stall struct{ From, To time.Time }

func (s Stall) isZero() bool { return s.To.IsZero() }

// noteStall stops the clock until TakeStall is called, because nothing committed for long
// before now; the lock is held.
func (b *Batcher) noteStall(now time.Time) {
	if b.stall.isZero() {
		b.stall.From = b.lastCommit
	}
	b.stall.To = now
	b.stopClockLocked()
	b.opt.OnStall()
}

// TakeStall returns the stall that stopped the clock, and forgets it.
func (b *Batcher) TakeStall() Stall {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.stall
	b.stall = Stall{}
	return s
}

// Follow ends proposing, because this node no longer leads. It refuses what was queued,
// so that a later term does not commit it.
func (b *Batcher) Follow() {
	b.mu.Lock()
	b.state = notLeading
	b.stopClockLocked()
	forwarded, commands := b.forwarded, b.leaderCommands
	b.forwarded, b.leaderCommands = nil, nil
	b.mu.Unlock()
	for _, f := range forwarded {
		f.Refuse(fsm.CodeNotLeader)
	}
	for _, x := range commands {
		x.done <- proposals.Result{Code: fsm.CodeNotLeader}
	}
}

// ActiveConsumer returns the consumer of the node's own commands while this node leads,
// else nil.
func (b *Batcher) ActiveConsumer() *proposals.Consumer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == notLeading {
		return nil
	}
	return &b.Consumer
}

// Submit takes a request of another node. f.Reply is called once, on any goroutine.
func (b *Batcher) Submit(f *Forwarded) {
	b.mu.Lock()
	if b.state == notLeading {
		b.mu.Unlock()
		f.Refuse(fsm.CodeNotLeader)
		return
	}
	b.forwarded = append(b.forwarded, f)
	mayWait := b.waitsToFill && !b.areEnough()
	b.mu.Unlock()
	if !mayWait {
		b.Wake()
	}
}

// ProposeOnce has a command committed by this node as the leader of term, or not at all,
// and waits for its result.
func (b *Batcher) ProposeOnce(ctx context.Context, term uint64, cmd []byte) proposals.Result {
	return b.proposeLeaderCommand(ctx, &leaderCommand{ctx: ctx, term: term, cmd: cmd, done: make(chan proposals.Result, 1)})
}

// Tick has a batch committed that carries serving time, and waits until it is applied.
// It is refused while the serving clock stands still.
func (b *Batcher) Tick(ctx context.Context) proposals.Result {
	return b.proposeLeaderCommand(ctx, &leaderCommand{ctx: ctx, done: make(chan proposals.Result, 1)})
}

func (b *Batcher) proposeLeaderCommand(ctx context.Context, x *leaderCommand) proposals.Result {
	if !b.admitLeaderCommand(x) {
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

func (b *Batcher) admitLeaderCommand(x *leaderCommand) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case x.cmd == nil && b.clock.running:
		b.ticks = append(b.ticks, x)
	case x.cmd != nil && b.state >= preparing && b.term == x.term:
		b.leaderCommands = append(b.leaderCommands, x)
	default:
		return false
	}
	return true
}
