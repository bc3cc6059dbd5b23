package raftlog

import (
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog/tail"
)

// maxUnwritten is how many entries may wait for the disk before Raft has to.
const maxUnwritten = 16

// EagerLog lets a leader send commands to its followers while its own disk still writes
// them. Raft stores an entry first and sends it then; here storing a leader's commands only
// queues them, and a goroutine writes all that is queued.
//
// Raft then counts the leader to the majority that has an entry, though it may not have it
// yet. So nothing is let out of that before it is true: the leader applies an entry, and so
// answers for it, only once it is on its own disk (see WaitStored), and it tells the
// followers of no commit beyond that (see transport.RaftTransport), so that they do not
// apply it either. What is applied anywhere is thus on the disks of a majority, as ever. A
// leader that dies with entries in the queue has lost them as if it had died before it
// stored them.
//
// Followers promise by their answer that an entry is on disk, so they write at once, and so
// does a leader with anything that is not a command: Raft acts on changes of the
// configuration before they are applied.
type EagerLog struct {
	*tail.Tail             // the queue
	Leading    func() bool // whether this node leads; asked on Raft's own goroutine; nil: never
}

func NewEagerLog(store raft.LogStore) (*EagerLog, error) {
	t, err := tail.New(store)
	return &EagerLog{Tail: t}, err
}

func (e *EagerLog) StoreLog(l *raft.Log) error { return e.StoreLogs([]*raft.Log{l}) }

// StoreLogs returns when the entries are on disk, or will be as described above.
func (e *EagerLog) StoreLogs(ls []*raft.Log) error {
	if e.mayWait(ls) {
		return e.AppendAndStore(ls, maxUnwritten)
	}
	return e.StoreThrough(ls)
}

func (e *EagerLog) mayWait(ls []*raft.Log) bool {
	if e.Leading == nil || !e.Leading() {
		return false
	}
	for _, l := range ls {
		if l.Type != raft.LogCommand {
			return false
		}
	}
	return true
}
