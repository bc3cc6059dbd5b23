package limits

import (
	"sync"
	"time"
)

// Allowance lets each of many callers through so often, and so many at once before that. Its
// memory is bounded: it remembers the callers of late, between most and twice as many.
// One that it forgot may begin anew.
type Allowance[K comparable] struct {
	every time.Duration // one
	burst int
	most  int
	begun time.Time

	mu         sync.Mutex
	young, old map[K]time.Duration // when a caller may do everything again, since begun
}

// NewAllowance lets each caller through once in every, and burst times at once; it remembers
// at least most of them.
func NewAllowance[K comparable](every time.Duration, burst, most int) *Allowance[K] {
	return &Allowance[K]{every: every, burst: burst, most: most, begun: time.Now(), young: map[K]time.Duration{}}
}

// Take lets a caller through, or returns how long it must wait.
func (p *Allowance[K]) Take(caller K, at time.Time) (wait time.Duration) {
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

// Give takes back what Take let through.
func (p *Allowance[K]) Give(caller K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(caller, p.whole(caller)-p.every)
}

func (p *Allowance[K]) whole(caller K) time.Duration {
	if whole, ok := p.young[caller]; ok {
		return whole
	}
	return p.old[caller]
}

func (p *Allowance[K]) note(caller K, whole time.Duration) {
	if _, known := p.young[caller]; !known && len(p.young) >= p.most {
		p.young, p.old = make(map[K]time.Duration), p.young
	}
	p.young[caller] = whole
}
