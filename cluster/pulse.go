package cluster

import (
	"sync"
	"time"
)

const (
	stallAfter = time.Second     // without a beat the process did not run
	stallEcho  = 3 * time.Second // after a stall in which what came during it is still being read
)

// pulse tells how long ago a request that is read now may have come. A process that
// was stopped, or starved, reads only then what its sockets took meanwhile.
type pulse struct {
	mu         sync.Mutex
	last       time.Time // of the beats
	since, end time.Time // of the newest stall
}

// beat is called often while the process runs.
func (p *pulse) beat(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stalled(now) {
		p.since, p.end = p.began(), now
	}
	p.last = now
}

// stalled reports whether the process has not run for a while.
func (p *pulse) stalled(now time.Time) bool { return !p.last.IsZero() && now.Sub(p.last) > stallAfter }

// began is when a stall after the last beat began: with the one before it, if that
// is still echoing.
func (p *pulse) began() time.Time {
	if !p.end.IsZero() && p.last.Sub(p.end) < stallEcho {
		return p.since
	}
	return p.last
}

// came returns the earliest time at which what is read at now may have come.
func (p *pulse) came(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stalled(now):
		return p.began()
	case !p.end.IsZero() && now.Sub(p.end) < stallEcho:
		return p.since
	}
	return now
}
