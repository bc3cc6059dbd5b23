package commit

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

const (
	maxDelta       = logentry.MaxDelta * time.Millisecond // no batch advances the serving clock by more
	applyAllowance = 250 * time.Millisecond               // what a batch may take; time beyond it does not count
)

// servingClock decides how much serving time the leader's next batch carries: its delta.
// It is given readings of the monotonic clock and knows no other. The batcher's lock
// guards it.
//
// It loses time and never invents any. What a batch took beyond applyAllowance, what
// exceeds maxDelta, and the delta of a failed batch are lost, which delays deadlines.
type servingClock struct {
	running  bool
	inFlight bool          // a batch with a delta is in flight
	base     time.Time     // where counting began
	sent     time.Duration // whole milliseconds handed out since base
}

// start begins to count at now; earlier time is never sent.
func (c *servingClock) start(now time.Time) {
	*c = servingClock{running: true, base: now}
}

// stop ends counting. The end of a batch that is in flight then changes nothing.
func (c *servingClock) stop() { *c = servingClock{} }

// pendingDelta returns the delta that a batch proposed at now would carry, 0 for none.
func (c *servingClock) pendingDelta(now time.Time) time.Duration {
	if !c.running || c.inFlight {
		return 0
	}
	elapsed := now.Sub(c.base).Truncate(time.Millisecond) - c.sent
	return min(max(elapsed, 0), maxDelta)
}

// takeDelta returns the milliseconds that the batch proposed at now must carry. If they
// are not 0, deltaEnded must be called with the same time.
func (c *servingClock) takeDelta(now time.Time) uint32 {
	d := c.pendingDelta(now)
	if d == 0 {
		return 0
	}
	c.inFlight = true
	c.sent += d
	if now.Sub(c.base)-c.sent >= time.Millisecond { // it was cut: forget the rest
		c.base, c.sent = now, 0
	}
	return uint32(d / time.Millisecond)
}

// deltaEnded notes that the batch proposed at a time was applied at now, or, if not ok,
// that nobody knows whether it was. The next delta counts from the proposal, without
// what it took beyond the allowance.
func (c *servingClock) deltaEnded(proposed, now time.Time, ok bool) {
	if !c.inFlight {
		return
	}
	c.inFlight = false
	if !ok {
		c.base, c.sent = now, 0
		return
	}
	if stall := now.Sub(proposed) - applyAllowance; stall > 0 {
		c.base = c.base.Add(stall)
	}
}
