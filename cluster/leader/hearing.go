package leader

import (
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
)

// HearingLasts is how long a node counts as one that hears after it was told that its
// listener answers.
const HearingLasts = 2500 * time.Millisecond

// Hearing is what a node knows of its own public listener: since when it has answered
// without a break. A node whose listener does not answer is deaf. A node that was never
// told hears from its start.
type Hearing struct {
	mu        sync.Mutex
	since     time.Time        // zero: deaf
	deafTimer *time.Timer      // makes it deaf; nil: it was never told
	Changed   lifecycle.Wakeup // has a value after a change
	OnChange  func()           // called after a change; it must not block
}

// NewHearing returns the hearing of a node that was not told yet.
func NewHearing() *Hearing {
	return &Hearing{since: time.Now(), Changed: lifecycle.NewWakeup(), OnChange: func() {}}
}

// Set notes whether the listener answers.
func (h *Hearing) Set(ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.deafTimer != nil {
		h.deafTimer.Stop()
	}
	if ok {
		h.deafTimer = time.AfterFunc(HearingLasts, func() { h.Set(false) })
	}
	if ok == !h.since.IsZero() {
		return
	}
	h.since = time.Time{}
	if ok {
		h.since = time.Now()
	}
	h.Changed.Wake()
	h.OnChange()
}

// OK reports whether the listener answers.
func (h *Hearing) OK() bool { return !h.Since().IsZero() }

// Since returns since when the listener has answered, zero if it does not.
func (h *Hearing) Since() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.since
}

// Close ends the timer.
func (h *Hearing) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.deafTimer != nil {
		h.deafTimer.Stop()
	}
}
