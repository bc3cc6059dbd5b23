package raftlog

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog/boltfile"
)

// hangLimit is how long one write of the log may take.
const hangLimit = 5 * time.Second

// Watchdog is a log store that times its own writes. Raft's heartbeats run beside
// the log, so a leader whose disk hangs would stay leader and commit nothing:
// such a node must end, so that the others elect. Only this node's own disk is
// judged; a lack of a majority is no disk fault.
type Watchdog struct {
	raft.LogStore
	fatal func(error)
	limit time.Duration

	once   sync.Once
	closed chan struct{}
}

func newWatchdog(store raft.LogStore, limit time.Duration, fatal func(error)) *Watchdog {
	return &Watchdog{LogStore: store, limit: limit, fatal: fatal, closed: make(chan struct{})}
}

func (w *Watchdog) StoreLog(l *raft.Log) error { return w.StoreLogs([]*raft.Log{l}) }

func (w *Watchdog) StoreLogs(ls []*raft.Log) error {
	return w.timed(func() error { return w.LogStore.StoreLogs(ls) })
}

func (w *Watchdog) DeleteRange(first, last uint64) error {
	return w.timed(func() error { return w.LogStore.DeleteRange(first, last) })
}

// GetLog reports a log that cannot be read. Raft panics over that; the pause lets
// the words out first.
func (w *Watchdog) GetLog(index uint64, l *raft.Log) error {
	err := w.LogStore.GetLog(index, l)
	if err != nil && !errors.Is(err, raft.ErrLogNotFound) {
		w.fatal(fmt.Errorf("entry %d of this node's log cannot be read: %w; check the disk; %s", index, err, KeepAdvice))
		select {
		case <-w.closed:
		case <-time.After(time.Second):
		}
	}
	return err
}

func (w *Watchdog) timed(write func() error) error {
	watch := watchFor(w.limit, func() {
		w.fatal(fmt.Errorf("a write to this node's log hangs for %v: its disk is broken or far too slow; the node ends so that the others can go on", w.limit))
	})
	err := boltfile.CatchPanic(write)
	watch.stop()
	if err != nil {
		w.fatal(fmt.Errorf("this node's log cannot be written: %w; check that the disk is sound and not full, then start the node again", err))
	}
	return err
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
