package statemachine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// ErrBroken says that the adapter has stopped applying.
var ErrBroken = errors.New("this node met a log entry that it cannot apply, and has stopped applying")

// Adapter lets Raft drive a store. Raft calls Apply, Snapshot and Restore on
// one goroutine; the rest is for anyone.
//
// After an entry that it cannot apply it applies nothing more and gives no
// snapshot, for either would let this node's state diverge; fatal says why.
type Adapter struct {
	store   *store.Store
	fatal   func(error)
	now     func() time.Time
	OnDisk  func(index uint64) bool // waits until an entry is on this node's disk; false: it will not be
	Applied func()                  // told after each entry that took effect; nil: nobody is
	Paced   *raftlog.PacedWriter    // how snapshots are written; nil: as fast as can be

	term     atomic.Pointer[func() uint64] // Raft's current one; nil: not known yet
	past     Past
	faulty   map[uint64][]int // commands that failed, by the index of their entry
	applying uint64           // the index of the entry that is being applied

	mu      sync.Mutex
	broken  bool
	index   uint64    // of the last command applied, or of the snapshot restored
	at      time.Time // when a command was last applied in the term of its entry; zero: not since the start
	replay  uint64    // up to this index Apply repeats what this node had in its log when it started
	seen    uint64    // index when moved was last asked
	waiters map[chan struct{}]uint64
}

// New returns the adapter of a store. fatal is told, once, why it has stopped applying; it
// must not block.
func New(store *store.Store, fatal func(error)) *Adapter {
	return &Adapter{store: store, fatal: fatal, now: time.Now, OnDisk: func(uint64) bool { return true }, faulty: map[uint64][]int{}, waiters: map[chan struct{}]uint64{}}
}

// AskTerm has the adapter learn Raft's current term.
func (a *Adapter) AskTerm(term func() uint64) { a.term.Store(&term) }

// Apply applies one command entry. It answers *applied, or nil when broken.
func (a *Adapter) Apply(l *raft.Log) any {
	if a.IsBroken() {
		return nil
	}
	if !a.OnDisk(l.Index) { // and whatever comes after it must not be applied either
		a.setBroken()
		return nil
	}
	a.applying = l.Index
	results, err := a.applySafely(l)
	if err != nil {
		a.breakDown(fmt.Errorf("log entry %d (term %d) cannot be applied: %w; run the version that the other nodes run; %s",
			l.Index, l.Term, err, raftlog.KeepAdvice))
		return nil
	}
	if a.Applied != nil {
		a.Applied()
	}
	term := a.term.Load()
	a.advance(l.Index, term != nil && (*term)() == l.Term)
	return &commit.BatchResult{Term: l.Term, Results: results}
}

func (a *Adapter) applySafely(l *raft.Log) (res []fsm.Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a fault in the program: %v\n%s", r, debug.Stack())
		}
	}()
	return a.store.ApplyAt(fsm.Position{Index: l.Index, Term: l.Term}, l.Data)
}

func (a *Adapter) IsBroken() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.broken
}

func (a *Adapter) setBroken() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.broken = true
}

func (a *Adapter) breakDown(err error) {
	a.setBroken()
	a.fatal(err)
}

// BeginAt has the state, which was made in another way, count as that of an index.
func (a *Adapter) BeginAt(index uint64) { a.advance(index, false) }

// advance notes that index was applied just now, and wakes who waited for it. An
// entry is live if the leader that made it still leads: others only repeat what
// happened before.
func (a *Adapter) advance(index uint64, live bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.index = index
	if live && index > a.replay {
		a.at = a.now()
	}
	a.wake()
}

func (a *Adapter) wake() {
	for ch, want := range a.waiters {
		if a.index >= want {
			close(ch)
			delete(a.waiters, ch)
		}
	}
}

// Reached returns a channel that closes once index is applied here, and a
// function that gives up the wait.
func (a *Adapter) Reached(index uint64) (<-chan struct{}, func()) {
	ch := make(chan struct{})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiters[ch] = index
	a.wake()
	return ch, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.waiters, ch)
	}
}

// ReplayTo tells that the log held entries up to index when the node started.
func (a *Adapter) ReplayTo(index uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.replay = index
}

// Progress returns the index of the last command applied, and when one was last
// applied under the leader that made it: the zero time if none was since the start.
func (a *Adapter) Progress() (uint64, time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.index, a.at
}

// LastApply is the time that progress returns.
func (a *Adapter) LastApply() time.Time {
	_, at := a.Progress()
	return at
}

// Moved reports whether anything was applied since it was last asked.
func (a *Adapter) Moved() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	moved := a.index != a.seen
	a.seen = a.index
	return moved
}

// Magic and the index of the last command come before the store's image:
// Raft does not tell Restore what it restores.
const Magic = "QBRAFT\x00\x01"

// snapshot is captured on Raft's goroutine and encoded beside it.
type snapshot struct {
	index uint64
	image *store.Image
	paced *raftlog.PacedWriter
}

// Snapshot captures the state.
func (a *Adapter) Snapshot() (raft.FSMSnapshot, error) {
	a.mu.Lock()
	index, broken := a.index, a.broken
	a.mu.Unlock()
	if broken {
		return nil, ErrBroken
	}
	return &snapshot{index: index, image: a.store.Snapshot(), paced: a.Paced}, nil
}

// Persist encodes the state that was captured.
func (s *snapshot) Persist(sink raft.SnapshotSink) error {
	if err := s.persist(sink); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	return nil
}

func (s *snapshot) persist(sink raft.SnapshotSink) error {
	if s.paced != nil {
		return s.paced.Persist(sink, s.write)
	}
	if err := s.write(sink); err != nil {
		return err
	}
	return sink.Close()
}

func (s *snapshot) write(to io.Writer) error {
	head := binary.BigEndian.AppendUint64([]byte(Magic), s.index)
	if _, err := to.Write(head); err != nil {
		return err
	}
	_, err := s.image.WriteTo(to)
	return err
}

// Release lets the store stop copying what the image shared with it.
func (s *snapshot) Release() { s.image.Release() }

// Restore replaces the store's state by a snapshot; on an error nothing changes.
func (a *Adapter) Restore(rc io.ReadCloser) error {
	defer rc.Close()
	index, err := ReadSnapshot(rc, a.store)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.index = index
	a.wake()
	return nil
}
