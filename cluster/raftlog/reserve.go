package raftlog

import (
	"errors"
	"sync/atomic"

	"github.com/quorumbeat/quorumbeat/cluster/disk"

	"github.com/hashicorp/raft"
)

var ErrDiskEmpty = errors.New("this node's disk is nearly full: it takes no entry until there is room")

// diskGuard is a [disk.Guard].
type diskGuard interface {
	Level() disk.Level
	Wrote(bytes int64)
}

// reservedLog refuses entries while the disk is nearly full, before a write would fail
// and end the node. Raft bears that: a follower answers that it has not got them and is
// sent them again, and a leader steps down.
type reservedLog struct {
	raft.LogStore
	guard      diskGuard
	awaitsTail atomic.Bool // Raft has cut the log's end off and must be let store what comes in its place
}

func (r *reservedLog) StoreLog(l *raft.Log) error { return r.StoreLogs([]*raft.Log{l}) }

func (r *reservedLog) StoreLogs(ls []*raft.Log) error {
	if r.guard.Level() == disk.Empty && !r.awaitsTail.Load() {
		return ErrDiskEmpty
	}
	r.awaitsTail.Store(false)
	size := int64(0)
	for _, l := range ls {
		size += sizeOf(l)
	}
	r.guard.Wrote(size)
	return r.LogStore.StoreLogs(ls)
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
