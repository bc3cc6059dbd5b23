package raftlog

import (
	"time"

	"github.com/hashicorp/raft"
)

func newWatchdog(store raft.LogStore, limit time.Duration, fatal func(error)) *Watchdog {
	return &Watchdog{LogStore: store, limit: limit, fatal: fatal, closed: make(chan struct{})}
}

func (w *Watchdog) DeleteRange(first, last uint64) error {
	return w.timed(func() error { return w.LogStore.DeleteRange(first, last) })
}

// lastWords is how long a failed write of the term or vote takes to return. Raft
// panics over it; this is longer than a node that gives up needs to end.
const lastWords = 5 * time.Second

// watchedVotes times the writes of Raft's term and vote.
type watchedVotes struct {
	raft.StableStore
	dog *Watchdog
}

func (v watchedVotes) Set(key, val []byte) error {
	return v.timed(func() error { return v.StableStore.Set(key, val) })
}

func (v watchedVotes) SetUint64(key []byte, val uint64) error {
	return v.timed(func() error { return v.StableStore.SetUint64(key, val) })
}

func (v watchedVotes) timed(write func() error) error {
	err := v.dog.timed(write)
	if err != nil {
		time.Sleep(lastWords)
	}
	return err
}

// close lets a failing read end at once.
func (w *Watchdog) close() { w.once.Do(func() { close(w.closed) }) }

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
