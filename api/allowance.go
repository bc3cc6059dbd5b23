package api

import (
	"sync"
	"time"
)

// allowance lets each of many callers through so often, and so many at once before that. Its
// memory is bounded: it remembers the callers of late, between most and twice as many.
// One that it forgot may begin anew.
type allowance[K comparable] struct {
	every time.Duration // one
	burst int
	most  int
	begun time.Time

	mu         sync.Mutex
	young, old map[K]time.Duration // when a caller may do everything again, since begun
}

func newAllowance[K comparable](every time.Duration, burst, most int) *allowance[K] {
	return &allowance[K]{every: every, burst: burst, most: most, begun: time.Now(), young: map[K]time.Duration{}}
}

// take lets a caller through, or returns how long it must wait.
func (p *allowance[K]) take(caller K, at time.Time) (wait time.Duration) {
	now := at.Sub(p.begun)
	p.mu.Lock()
	defer p.mu.Unlock()
	whole := max(p.whole(caller), now) + p.every
	if wait = whole - now - time.Duration(p.burst)*p.every; wait > 0 {
		return wait
	}
	p.note(caller, whole)
	return 0
}

// give takes back what take let through.
func (p *allowance[K]) give(caller K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(caller, p.whole(caller)-p.every)
}

func (p *allowance[K]) whole(caller K) time.Duration {
	if whole, ok := p.young[caller]; ok {
		return whole
	}
	return p.old[caller]
}

func (p *allowance[K]) note(caller K, whole time.Duration) {
	if _, known := p.young[caller]; !known && len(p.young) >= p.most {
		p.young, p.old = make(map[K]time.Duration), p.young
	}
	p.young[caller] = whole
}
