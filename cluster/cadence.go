package cluster

import "time"

const (
	busyBatch = 64                   // commands in a batch of a busy leader
	maxPause  = 5 * time.Millisecond // that a busy leader waits for a batch to fill
)

// cadence decides how many commands make a batch worth its costs, which are the
// same for one command and for a thousand: a write and a sync of each node's disk,
// and a message to each follower and back. An idle leader proposes a lone command
// at once. A busy one gains from waiting, for those whom the last batch answered
// are about to come back; it never waits longer than the last commit took.
type cadence struct {
	flying []int // sizes of the batches in flight, oldest first
	last   int   // size of the batch that landed last
	landed time.Time
	took   time.Duration
}

// enough returns what the next batch must hold to go at now, and after how long it
// goes anyway: 0 means when the last one lands.
func (c *cadence) enough(now time.Time) (n int, wait time.Duration) {
	if k := len(c.flying); k > 0 {
		return min(c.flying[k-1]*3/2, maxBatchItems), 0
	}
	wait = min(c.took, maxPause) - now.Sub(c.landed)
	if c.last < busyBatch || wait <= 0 {
		return 0, 0
	}
	return min(c.last*4/3, maxBatchItems), wait
}

// proposed notes that a batch of n commands is on its way.
func (c *cadence) proposed(n int) { c.flying = append(c.flying, n) }

// answered notes that the oldest batch in flight landed at now.
func (c *cadence) answered(proposed, now time.Time) {
	c.last, c.landed, c.took = c.flying[0], now, now.Sub(proposed)
	c.flying = append(c.flying[:0], c.flying[1:]...)
}
