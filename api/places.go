package api

import (
	"sync"
	"time"
)

// places bounds how many do something at the same time.
type places chan struct{}

// take takes a place, for which it waits no longer than it is told; back gives it
// back, and may be called more than once.
func (p places) take(patience time.Duration) (back func(), ok bool) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case p <- struct{}{}:
		return sync.OnceFunc(func() { <-p }), true
	case <-late.C:
		return nil, false
	}
}
