package raftlog

import (
	"sync"
	"time"
)

// watchSteps is how often a watch looks until its time is up.
const watchSteps = 20

// watch waits until this process has run for a while. A stopped process or a
// suspended machine does not run, and is no fault of a disk: of the time between two
// looks no more counts than twice what it should be.
type watch struct {
	step, limit time.Duration
	up          func()

	mu    sync.Mutex
	timer *time.Timer // nil once stopped
	last  time.Time
	ran   time.Duration
}

// watchFor calls up once the process has run for limit, unless stopped before.
func watchFor(limit time.Duration, up func()) *watch {
	w := &watch{step: limit / watchSteps, limit: limit, up: up, last: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.step, w.look)
	return w
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer == nil {
		return
	}
	if w.passed(time.Now()) {
		w.timer = nil
		w.up()
		return
	}
	w.timer.Reset(w.step)
}

// passed counts the time since the last look, and reports whether the limit is
// reached.
func (w *watch) passed(now time.Time) bool {
	w.ran += min(now.Sub(w.last), 2*w.step)
	w.last = now
	return w.ran >= w.limit
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}
