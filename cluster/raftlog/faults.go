package raftlog

import "github.com/hashicorp/raft"

// Faults break the disk of a node from within, for tests of what it survives. The zero
// value breaks nothing.
type Faults struct {
	Write func() error // called before each write of log, term and vote; may hang or fail
	Wrote func()       // called after each write of the log
}

func (f Faults) write() error {
	if f.Write == nil {
		return nil
	}
	return f.Write()
}

func (f Faults) wrote() {
	if f.Wrote != nil {
		f.Wrote()
	}
}

// log breaks a log, unless there is nothing to break it with.
func (f Faults) log(l raft.LogStore) raft.LogStore {
	if f.Write == nil && f.Wrote == nil {
		return l
	}
	return faultyLog{l, f}
}

// votes breaks the store of Raft's term and vote.
func (f Faults) votes(s raft.StableStore) raft.StableStore {
	if f.Write == nil {
		return s
	}
	return faultyVotes{s, f}
}

// faultyLog is the log of a node whose disk can be made to fail.
type faultyLog struct {
	raft.LogStore
	faults Faults
}

func (l faultyLog) StoreLog(e *raft.Log) error { return l.StoreLogs([]*raft.Log{e}) }

func (l faultyLog) StoreLogs(es []*raft.Log) error {
	if err := l.faults.write(); err != nil {
		return err
	}
	err := l.LogStore.StoreLogs(es)
	l.faults.wrote()
	return err
}

func (l faultyLog) DeleteRange(first, last uint64) error {
	if err := l.faults.write(); err != nil {
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
	if err := v.faults.write(); err != nil {
		return err
	}
	return v.StableStore.Set(key, val)
}

func (v faultyVotes) SetUint64(key []byte, val uint64) error {
	if err := v.faults.write(); err != nil {
		return err
	}
	return v.StableStore.SetUint64(key, val)
}
