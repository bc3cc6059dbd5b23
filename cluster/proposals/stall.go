package proposals

import (
	"sync"
	"time"
)

const (
	stallAfter     = time.Second     // without a beat for so long, the process did not run
	stallAftermath = 3 * time.Second // for which what arrived during a stall is still being read
)

// StallDetector tells when a request that is read now may have been received. A process
// that was stopped or starved reads only afterwards what its sockets took meanwhile.
type StallDetector struct {
	mu                  sync.Mutex
	lastBeat            time.Time
	stallFrom, stallEnd time.Time // the newest stall
}

// Beat notes that the process runs. It must be called often.
func (p *StallDetector) Beat(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isStalled(now) {
		p.stallFrom, p.stallEnd = p.stallStart(), now
	}
	p.lastBeat = now
}

// isStalled reports whether the process did not run for a while before now.
func (p *StallDetector) isStalled(now time.Time) bool {
	return !p.lastBeat.IsZero() && now.Sub(p.lastBeat) > stallAfter
}

// stallStart is when a stall that follows the last beat began. It counts from the
// start of the stall before, if what arrived during that is still being read.
func (p *StallDetector) stallStart() time.Time {
	if !p.stallEnd.IsZero() && p.lastBeat.Sub(p.stallEnd) < stallAftermath {
		return p.stallFrom
	}
	return p.lastBeat
}

// ReceivedAt returns the earliest time at which a request that is read at now may have
// been received.
func (p *StallDetector) ReceivedAt(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.isStalled(now):
		return p.stallStart()
	case !p.stallEnd.IsZero() && now.Sub(p.stallEnd) < stallAftermath:
		return p.stallFrom
	}
	return now
}
