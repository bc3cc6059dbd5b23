package cluster

import "time"

const (
	maxDelta   = 2 * time.Second        // no batch advances the serving clock by more
	applyGrace = 250 * time.Millisecond // what a batch may take before the time counts as stalled
)

// servingClock decides how much serving time the leader's next batch carries
// (DESIGN section 3). It is fed with readings of the monotonic clock and knows
// no other. The batcher guards it.
//
// Time is lost, never invented: what a batch took beyond applyGrace, what
// exceeds maxDelta, and what a failed batch carried delay deadlines.
type servingClock struct {
	running  bool
	inFlight bool          // a batch with a delta was proposed and has not been answered
	base     time.Time     // where counting began
	sent     time.Duration // whole milliseconds handed out since base
}

// start begins to count at now; earlier time is never sent.
func (c *servingClock) start(now time.Time) {
	*c = servingClock{running: true, base: now}
}

// stop ends counting; an answer that is still to come changes nothing.
func (c *servingClock) stop() { *c = servingClock{} }

// due returns the delta that a batch proposed at now would carry, 0 for none.
func (c *servingClock) due(now time.Time) time.Duration {
	if !c.running || c.inFlight {
		return 0
	}
	elapsed := now.Sub(c.base).Truncate(time.Millisecond) - c.sent
	return min(max(elapsed, 0), maxDelta)
}

// take returns the milliseconds that the batch proposed at now must carry. When
// they are not 0, answered must be called with the same now.
func (c *servingClock) take(now time.Time) uint32 {
	d := c.due(now)
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

// answered tells that the batch proposed at proposed was applied at now, or (not
// ok) that nobody knows. The next delta runs from the proposal, less the stall.
func (c *servingClock) answered(proposed, now time.Time, ok bool) {
	if !c.inFlight {
		return
	}
	c.inFlight = false
	if !ok {
		c.base, c.sent = now, 0
		return
	}
	if stall := now.Sub(proposed) - applyGrace; stall > 0 {
		c.base = c.base.Add(stall)
	}
}
