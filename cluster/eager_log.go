package cluster

import (
	"sync"

	"github.com/hashicorp/raft"
)

// maxUnwritten is how many entries may wait for the disk before Raft has to.
const maxUnwritten = 16

// eagerLog lets a leader send commands to its followers while its own disk still
// writes them. Raft stores an entry first and sends it then; here storing a
// leader's commands only queues them, and a goroutine writes all that is queued.
//
// Raft then counts the leader to the majority that has an entry, though it may not
// have it yet. So nothing is let out of that before it is true: the leader applies
// an entry, and so answers for it, only once it is on its own disk (see waitFor),
// and it tells the followers of no commit beyond that (see transport.RaftTransport), so that
// they do not apply it either. What is applied anywhere is thus on the disks of a
// majority, as ever. A leader that dies with entries in the queue has lost them as
// if it had died before it stored them.
//
// Followers promise by their answer that an entry is on disk, so they write at
// once, and so does a leader with anything that is not a command: Raft acts on
// changes of the configuration before they are applied.
type eagerLog struct {
	raft.LogStore
	leading func() bool // asked on Raft's own goroutine; nil: never

	mu      sync.Mutex
	changed *sync.Cond
	queue   []*raft.Log // not on disk yet, in order and without gaps
	durable uint64      // of what was given up to this index, all is on disk
	err     error       // of the disk; nothing is written after it
	closed  bool
	writer  sync.WaitGroup
}

func newEagerLog(store raft.LogStore) (*eagerLog, error) {
	last, err := store.LastIndex()
	if err != nil {
		return nil, err
	}
	e := &eagerLog{LogStore: store, durable: last}
	e.changed = sync.NewCond(&e.mu)
	e.writer.Go(e.write)
	return e, nil
}

func (e *eagerLog) StoreLog(l *raft.Log) error { return e.StoreLogs([]*raft.Log{l}) }

// StoreLogs returns when the entries are on disk, or will be as described above.
func (e *eagerLog) StoreLogs(ls []*raft.Log) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.mayWait(ls) {
		return e.storeNow(ls)
	}
	for len(e.queue) >= maxUnwritten && e.err == nil {
		e.changed.Wait()
	}
	if e.err == nil {
		e.queue = append(e.queue, ls...)
		e.changed.Broadcast()
	}
	return e.err
}

func (e *eagerLog) mayWait(ls []*raft.Log) bool {
	if e.leading == nil || !e.leading() {
		return false
	}
	for _, l := range ls {
		if l.Type != raft.LogCommand {
			return false
		}
	}
	return true
}

// storeNow writes behind what is queued. Raft stores on one goroutine, so nothing
// is queued meanwhile.
func (e *eagerLog) storeNow(ls []*raft.Log) error {
	if err := e.drain(); err != nil {
		return err
	}
	if err := e.unlocked(func() error { return e.LogStore.StoreLogs(ls) }); err != nil {
		return err
	}
	if len(ls) > 0 {
		e.durable = ls[len(ls)-1].Index
		e.changed.Broadcast()
	}
	return nil
}

// drain waits until nothing is queued; the lock is held.
func (e *eagerLog) drain() error {
	for len(e.queue) > 0 && e.err == nil {
		e.changed.Wait()
	}
	return e.err
}

func (e *eagerLog) unlocked(f func() error) error {
	e.mu.Unlock()
	defer e.mu.Lock()
	return f()
}

// write writes what is queued until close, or until the disk fails.
func (e *eagerLog) write() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		for len(e.queue) == 0 && !e.closed {
			e.changed.Wait()
		}
		n := len(e.queue)
		if n == 0 {
			return
		}
		batch := e.queue[:n:n] // they stay in the queue, to be found there
		e.err = e.unlocked(func() error { return e.LogStore.StoreLogs(batch) })
		if e.err == nil {
			e.durable = batch[n-1].Index
			e.queue = append([]*raft.Log(nil), e.queue[n:]...)
		}
		e.changed.Broadcast()
		if e.err != nil {
			return
		}
	}
}

// GetLog finds what is queued as well.
func (e *eagerLog) GetLog(index uint64, l *raft.Log) error {
	e.mu.Lock()
	if n := len(e.queue); n > 0 && index >= e.queue[0].Index && index <= e.queue[n-1].Index {
		*l = *e.queue[index-e.queue[0].Index]
		e.mu.Unlock()
		return nil
	}
	e.mu.Unlock()
	return e.LogStore.GetLog(index, l)
}

// LastIndex counts what is queued.
func (e *eagerLog) LastIndex() (uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.queue); n > 0 {
		return e.queue[n-1].Index, nil
	}
	return e.LogStore.LastIndex()
}

// DeleteRange deletes from the end when a new leader has other entries, and from
// the beginning behind a snapshot.
func (e *eagerLog) DeleteRange(first, last uint64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) > 0 && last >= e.queue[0].Index {
		if err := e.drain(); err != nil {
			return err
		}
	}
	if last >= e.durable {
		e.durable = first - 1
	}
	return e.unlocked(func() error { return e.LogStore.DeleteRange(first, last) })
}

// waitFor returns once an entry is on this node's disk, false if that will not
// happen.
func (e *eagerLog) waitFor(index uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.durable < index && e.err == nil && !e.closed {
		e.changed.Wait()
	}
	return e.durable >= index
}

// written returns the index up to which everything is on disk.
func (e *eagerLog) written() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.durable
}

// close writes what is queued and ends. Raft must have stopped.
func (e *eagerLog) close() {
	e.mu.Lock()
	e.closed = true
	e.changed.Broadcast()
	e.mu.Unlock()
	e.writer.Wait()
}
