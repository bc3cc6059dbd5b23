package alerting

import "sync"

// awaited holds the serving time that each lane waits for: the clock has to come by in time.
type awaited struct {
	mu sync.Mutex
	at map[string]int64
}

// set notes what a lane waits for; 0: nothing.
func (a *awaited) set(lane string, at int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at == 0 {
		delete(a.at, lane)
		return
	}
	if a.at == nil {
		a.at = map[string]int64{}
	}
	a.at[lane] = at
}

// first returns the first time after now that any lane waits for; 0: none does.
func (a *awaited) first(now int64) (first int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, at := range a.at {
		if at > now && (first == 0 || at < first) {
			first = at
		}
	}
	return first
}
