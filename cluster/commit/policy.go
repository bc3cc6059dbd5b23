package commit

import "time"

const (
	busyBatch = 64                   // commands in a batch of a busy leader
	maxPause  = 5 * time.Millisecond // that a busy leader waits for a batch to fill
)

// batchPolicy decides when a batch is large enough to go. A batch costs the same for one
// command and for a thousand: a write and a sync on each node's disk, and a message to
// each follower and back. An idle leader proposes a lone command at once. A busy leader
// gains by waiting, because those who just got a result are about to propose again. It
// never waits longer than the last commit took.
type batchPolicy struct {
	inFlight []int // sizes of the batches in flight, oldest first
	lastSize int   // of the batch that ended last
	lastEnd  time.Time
	lastTook time.Duration
}

// next returns how many commands the next batch must have to go at now, and after how
// long it goes anyway; 0: when the batch in flight ends.
func (p *batchPolicy) next(now time.Time) (n int, wait time.Duration) {
	if k := len(p.inFlight); k > 0 {
		return min(p.inFlight[k-1]*3/2, maxBatchItems), 0
	}
	wait = min(p.lastTook, maxPause) - now.Sub(p.lastEnd)
	if p.lastSize < busyBatch || wait <= 0 {
		return 0, 0
	}
	return min(p.lastSize*4/3, maxBatchItems), wait
}

// proposed notes that a batch of n commands is in flight.
func (p *batchPolicy) proposed(n int) { p.inFlight = append(p.inFlight, n) }

// ended notes that the oldest batch in flight, proposed at a time, ended at now.
func (p *batchPolicy) ended(proposed, now time.Time) {
	p.lastSize, p.lastEnd, p.lastTook = p.inFlight[0], now, now.Sub(proposed)
	p.inFlight = append(p.inFlight[:0], p.inFlight[1:]...)
}
