package raftlog

import (
	"slices"
	"sync"

	"github.com/hashicorp/raft"
)

// Limits say how large the log may get, and how much of it is held in memory.
type Limits struct {
	Snapshot int64  // bytes behind the newest snapshot; then another is taken
	Keep     int64  // bytes kept in all when a snapshot has been taken, for followers that lag
	Entries  uint64 // and entries
	Recent   int64  // bytes of the newest entries in memory
}

// BoundedLog bounds the log by bytes. Raft counts entries, which may be of eleven
// bytes or of 256 KiB. So the log knows the size of each: it asks for a snapshot when
// there is much behind the last one, and when Raft compacts it, it decides itself how
// much stays. Raft is told to keep one entry, or it would not even ask. A follower that
// needs an older entry is sent a snapshot.
//
// It also holds the newest entries, which followers are about to ask for.
type BoundedLog struct {
	raft.LogStore
	Limits Limits
	Large  func() // called, with the lock held, while there is much behind the snapshot; must not block

	mu      sync.Mutex
	entries []sizedEntry // all there are, oldest first
	snapped uint64       // the newest snapshot holds what is up to this index
	behind  int64        // bytes of the entries after it
	cached  int          // entries from here on are in memory
	recent  int64        // bytes of those
}

type sizedEntry struct {
	index uint64
	size  int64
	log   *raft.Log // nil: on disk only
}

// entryOverhead is about what an entry takes beside its data.
const entryOverhead = 64

func sizeOf(l *raft.Log) int64 { return int64(len(l.Data)+len(l.Extensions)) + entryOverhead }

// newBoundedLog measures what the log holds already by means of read. snapped is the
// last index of the newest snapshot.
func newBoundedLog(store raft.LogStore, read func(uint64, *raft.Log) error, snapped uint64, limits Limits) (*BoundedLog, error) {
	first, err := store.FirstIndex()
	if err != nil {
		return nil, err
	}
	last, err := store.LastIndex()
	if err != nil {
		return nil, err
	}
	b := &BoundedLog{LogStore: store, Limits: limits, Large: func() {}, snapped: snapped}
	first = max(first, snapped-min(snapped, limits.Entries)) // what is older will go, and there may be a long hole behind it
	for i := first; i > 0 && i <= last; i++ {
		var l raft.Log
		_ = read(i, &l) // who needs the entry will tell of the error
		b.entries = append(b.entries, sizedEntry{index: i, size: sizeOf(&l)})
	}
	b.cached = len(b.entries)
	b.weigh()
	return b, nil
}

// weigh counts what is behind the snapshot.
func (b *BoundedLog) weigh() {
	b.behind = 0
	for _, e := range b.entries[b.find(b.snapped+1):] {
		b.behind += e.size
	}
}

// find returns the place of the first entry from an index on.
func (b *BoundedLog) find(index uint64) int {
	at, _ := slices.BinarySearchFunc(b.entries, index, func(e sizedEntry, want uint64) int {
		if e.index < want {
			return -1
		}
		return int(min(e.index-want, 1))
	})
	return at
}

func (b *BoundedLog) StoreLog(l *raft.Log) error { return b.StoreLogs([]*raft.Log{l}) }

func (b *BoundedLog) StoreLogs(ls []*raft.Log) error {
	if err := b.LogStore.StoreLogs(ls); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range ls {
		e := sizedEntry{l.Index, sizeOf(l), l}
		b.entries = append(b.entries, e)
		b.recent += e.size
		b.behind += e.size
	}
	for b.recent > b.Limits.Recent && b.cached < len(b.entries) {
		e := &b.entries[b.cached]
		e.log = nil
		b.recent -= e.size
		b.cached++
	}
	if b.behind > b.Limits.Snapshot {
		b.Large()
	}
	return nil
}

func (b *BoundedLog) GetLog(index uint64, l *raft.Log) error {
	if e := b.inMemory(index); e != nil {
		*l = *e
		return nil
	}
	return b.LogStore.GetLog(index, l)
}

func (b *BoundedLog) inMemory(index uint64) *raft.Log {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at := b.find(index); at < len(b.entries) && b.entries[at].index == index {
		return b.entries[at].log
	}
	return nil
}

// DeleteRange deletes from the end when a new leader has other entries, all of it.
// From the beginning, behind a snapshot, it leaves what followers may need.
func (b *BoundedLog) DeleteRange(first, last uint64) error {
	last, some := b.toDelete(first, last)
	if !some {
		return nil
	}
	if err := b.LogStore.DeleteRange(first, last); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	from, to := b.find(first), b.find(last+1)
	for _, e := range b.entries[from:to] {
		if e.log != nil {
			b.recent -= e.size
		}
	}
	b.cached -= max(0, min(b.cached, to)-from)
	b.entries = slices.Delete(b.entries, from, to)
	b.weigh()
	return nil
}

// toDelete returns how far a deletion goes; false if nothing is to be deleted.
func (b *BoundedLog) toDelete(first, last uint64) (uint64, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.entries)
	if n == 0 || first > b.entries[0].index || last >= b.entries[n-1].index {
		return last, true // not from the beginning, or all of it
	}
	b.snapped = max(b.snapped, last)
	b.weigh()
	keep, bytes := n, int64(0)
	for keep > 0 && uint64(n-keep) < b.Limits.Entries && bytes+b.entries[keep-1].size <= b.Limits.Keep {
		keep--
		bytes += b.entries[keep].size
	}
	if keep == 0 {
		return 0, false
	}
	return min(last, b.entries[keep-1].index), true
}

// Excess tells how many times what asks for a snapshot there is behind the newest one.
func (b *BoundedLog) Excess() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.behind / b.Limits.Snapshot
}
