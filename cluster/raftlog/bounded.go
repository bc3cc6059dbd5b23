package raftlog

import (
	"slices"

	"github.com/hashicorp/raft"
	"github.com/quorumbeat/quorumbeat/cluster/disk"
)

// Limits say how large the log may get, and how much of it is held in memory.
type Limits struct {
	Snapshot int64  // bytes behind the newest snapshot; then another is taken
	Keep     int64  // bytes kept in all when a snapshot has been taken, for followers that lag
	Entries  uint64 // and entries
	Recent   int64  // bytes of the newest entries in memory
}

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

// DeleteRange cuts the end off only if what replaces it may be stored: Raft takes a log
// without it for the old one.
func (r *reservedLog) DeleteRange(first, last uint64) error {
	end, err := r.LastIndex()
	if err != nil {
		return err
	}
	if last >= end {
		if r.guard.Level() == disk.Empty {
			return ErrDiskEmpty
		}
		r.awaitsTail.Store(true)
	}
	return r.LogStore.DeleteRange(first, last)
}
