package cluster

import (
	"time"

	"github.com/hashicorp/raft"
)

// Faults break a node from within, for tests of what it survives. The zero value
// breaks nothing, and a release has no way to set another: the program fills it
// only when built with the tag faults.
type Faults struct {
	Step func(point string)   // told when the node reaches one of the points below; may end the process
	Disk func() error         // called before each write of log, term and vote; may hang or fail
	Wall func() time.Duration // what the wall clock is off by; the monotonic one is not

	Held          int    // commands that may wait, in place of maxHeld
	SnapshotEvery uint64 // entries, in place of snapshotThreshold and trailingLogs
}

// logLimits are those of a log whose node may be broken.
func (f Faults) logLimits() logLimits {
	l := logLimits{snapshot: snapshotBytes, keep: trailingBytes, entries: trailingLogs, recent: recentBytes}
	if f.SnapshotEvery > 0 {
		l.entries = f.SnapshotEvery
	}
	return l
}

// Points that a node passes with every batch.
const (
	PointWritten = "written" // an entry is on this node's disk, and nobody knows
	PointApplied = "applied" // an entry took effect here, and nobody knows
)

func (f Faults) step(point string) {
	if f.Step != nil {
		f.Step(point)
	}
}

func (f Faults) wall() time.Duration {
	if f.Wall == nil {
		return 0
	}
	return f.Wall()
}

// faultyLog is the log of a node whose disk can be made to fail.
type faultyLog struct {
	raft.LogStore
	faults Faults
}

func (l faultyLog) StoreLog(e *raft.Log) error { return l.StoreLogs([]*raft.Log{e}) }

func (l faultyLog) StoreLogs(es []*raft.Log) error {
	if err := l.faults.disk(); err != nil {
		return err
	}
	err := l.LogStore.StoreLogs(es)
	l.faults.step(PointWritten)
	return err
}

func (l faultyLog) DeleteRange(first, last uint64) error {
	if err := l.faults.disk(); err != nil {
		return err
	}
	return l.LogStore.DeleteRange(first, last)
}

// faultyVotes is the same for Raft's term and vote.
type faultyVotes struct {
	raft.StableStore
	faults Faults
}

func (v faultyVotes) Set(key, val []byte) error {
	if err := v.faults.disk(); err != nil {
		return err
	}
	return v.StableStore.Set(key, val)
}

func (v faultyVotes) SetUint64(key []byte, val uint64) error {
	if err := v.faults.disk(); err != nil {
		return err
	}
	return v.StableStore.SetUint64(key, val)
}

func (f Faults) disk() error {
	if f.Disk == nil {
		return nil
	}
	return f.Disk()
}
