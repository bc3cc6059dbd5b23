package metrics

import (
	"sync"
	"time"
)

// slots bounds how many do something at the same time: it has a value for each.
type slots chan struct{}

// Take takes a slot and waits for it no longer than patience. back gives it back, and may
// be called more than once.
func (p slots) Take(patience time.Duration) (back func(), ok bool) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case p <- struct{}{}:
		return sync.OnceFunc(func() { <-p }), true
	case <-late.C:
		return nil, false
	}
}
