package limits

import (
	"runtime"
	"sync"
	"time"
)

// Slots bounds how many do something at the same time: it has a value for each.
type Slots chan struct{}

// Take takes a slot and waits for it no longer than patience. back gives it back, and may
// be called more than once.
func (s Slots) Take(patience time.Duration) (back func(), ok bool) {
	back = sync.OnceFunc(func() { <-s })
	select {
	case s <- struct{}{}: // also on a machine so busy that the time is over before it is looked at
		return back, true
	default:
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case s <- struct{}{}:
		return back, true
	case <-late.C:
		return nil, false
	}
}

// Costly has the places of requests that cost much, so that a flood of them leaves a node
// what pings need.
type Costly struct {
	Plays    Slots         // of what works at schedules: half of the processors do
	Lists    Slots         // of lists that are asked for whole, until they are read,
	Turn     sync.Mutex    // of which one at a time is worked at
	Backups  Slots         // which hold a state until they are read
	Patience time.Duration // for which a request waits for its place
}

// NewCostly has the places that this machine has room for.
func NewCostly() *Costly {
	half := max(1, runtime.GOMAXPROCS(0)/2)
	return &Costly{Plays: make(Slots, half), Lists: make(Slots, 16), Backups: make(Slots, 4), Patience: 5 * time.Second}
}
