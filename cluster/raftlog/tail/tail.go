package tail

import (
	"cmp"
	"slices"
	"sync"

	"github.com/hashicorp/raft"
)

// Tail is a log whose newest entries are in memory. It may be used by several goroutines,
// but only one at a time may append, as Raft does.
//
// Once the store has failed, or Fail was called, nothing more is taken, and every call
// that would have to wait returns the error.
type Tail struct {
	store raft.LogStore

	mu      sync.Mutex
	changed *sync.Cond  // for those who wait for what write does
	work    *sync.Cond  // for write alone: to be woken for nothing costs more than most of what a follower does
	entries []*raft.Log // that the store may not have, in order and without gaps
	due     int         // so many of them, from the front, are to be stored
	stored  uint64      // everything up to this index that was ever given is stored
	err     error
	closed  bool
	writer  sync.WaitGroup
}

// New returns an empty tail of a store. Close it.
func New(store raft.LogStore) (*Tail, error) {
	last, err := store.LastIndex()
	if err != nil {
		return nil, err
	}
	t := &Tail{store: store, stored: last}
	t.changed, t.work = sync.NewCond(&t.mu), sync.NewCond(&t.mu)
	t.writer.Go(t.write)
	return t, nil
}

// Append adds entries, which come right after the last one. They are kept, so nobody may
// change them afterwards. They stay in memory until Store or Flush is called.
func (t *Tail) Append(ls []*raft.Log) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries = append(t.entries, ls...)
}

// AppendAndStore adds entries and has them stored soon. It waits while the tail has most
// entries or more.
func (t *Tail) AppendAndStore(ls []*raft.Log, most int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.entries) >= most && t.err == nil {
		t.changed.Wait()
	}
	if t.err == nil {
		t.entries = append(t.entries, ls...)
		t.storeAll()
	}
	return t.err
}

// Store has all entries stored soon, in one call of the store.
func (t *Tail) Store() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.storeAll()
}

func (t *Tail) storeAll() {
	if t.err == nil && len(t.entries) > 0 {
		t.due = len(t.entries)
		t.work.Signal()
	}
}

// Wait returns when everything that is to be stored is stored.
func (t *Tail) Wait() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wait()
}

func (t *Tail) wait() error {
	for t.due > 0 && t.err == nil {
		t.changed.Wait()
	}
	return t.err
}

// Flush stores all entries, and returns when that is done.
func (t *Tail) Flush() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.storeAll()
	return t.wait()
}

// StoreThrough stores entries that follow the tail's, and those first. It returns when all
// of them are stored.
func (t *Tail) StoreThrough(ls []*raft.Log) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.storeAll()
	if err := t.wait(); err != nil {
		return err
	}
	if err := t.unlocked(func() error { return t.store.StoreLogs(ls) }); err != nil {
		return err
	}
	if len(ls) > 0 {
		t.stored = ls[len(ls)-1].Index
		t.changed.Broadcast()
	}
	return nil
}

// DeleteRange deletes from the store, and flushes first if the tail has any of the entries.
func (t *Tail) DeleteRange(first, last uint64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.entries) > 0 && last >= t.entries[0].Index {
		t.storeAll()
		if err := t.wait(); err != nil {
			return err
		}
	}
	if last >= t.stored {
		t.stored = first - 1
	}
	return t.unlocked(func() error { return t.store.DeleteRange(first, last) })
}

func (t *Tail) unlocked(f func() error) error {
	t.mu.Unlock()
	defer t.mu.Lock()
	return f()
}

// write stores what is due until Close, or until the store fails.
func (t *Tail) write() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		for t.due == 0 && !t.closed {
			t.work.Wait()
		}
		n := t.due
		if n == 0 {
			return
		}
		batch := t.entries[:n:n] // they stay in the tail meanwhile, for readers
		err := t.unlocked(func() error { return t.store.StoreLogs(batch) })
		if t.err = cmp.Or(t.err, err); err == nil {
			t.stored = batch[n-1].Index
			t.entries = slices.Clone(t.entries[n:])
			t.due -= n
		}
		t.changed.Broadcast()
		if err != nil {
			return
		}
	}
}

// FirstIndex implements [raft.LogStore].
func (t *Tail) FirstIndex() (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first, err := t.store.FirstIndex()
	if first == 0 && err == nil && len(t.entries) > 0 {
		first = t.entries[0].Index
	}
	return first, err
}

// LastIndex implements [raft.LogStore].
func (t *Tail) LastIndex() (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.entries); n > 0 {
		return t.entries[n-1].Index, nil
	}
	return t.store.LastIndex()
}

// GetLog implements [raft.LogStore].
func (t *Tail) GetLog(index uint64, l *raft.Log) error {
	t.mu.Lock()
	if n := len(t.entries); n > 0 && index >= t.entries[0].Index && index <= t.entries[n-1].Index {
		*l = *t.entries[index-t.entries[0].Index]
		t.mu.Unlock()
		return nil
	}
	t.mu.Unlock()
	return t.store.GetLog(index, l)
}

// Stored returns the index up to which everything that was given is stored.
func (t *Tail) Stored() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stored
}

// WaitStored returns once an entry is stored; false if that will not happen.
func (t *Tail) WaitStored(index uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.stored < index && t.err == nil && !t.closed {
		t.changed.Wait()
	}
	return t.stored >= index
}

// Fail has the tail take nothing more, as if the store had failed.
func (t *Tail) Fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
	t.changed.Broadcast()
}

// Err returns why the tail takes nothing more, nil while it does.
func (t *Tail) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// Close stores what is due, and ends the tail. The store stays open.
func (t *Tail) Close() {
	t.mu.Lock()
	t.closed = true
	t.changed.Broadcast()
	t.work.Signal()
	t.mu.Unlock()
	t.writer.Wait()
}
