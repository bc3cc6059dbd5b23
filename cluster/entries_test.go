package cluster

import (
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// entry is a log entry with one command.
func entry(index, term uint64, cmd fsm.Command) *raft.Log {
	b := fsm.Batch{Term: term, Wall: 1_700_000_000_000, Items: []fsm.Item{{Origin: fsm.NoOrigin, Cmd: fsm.AppendCommand(nil, cmd)}}}
	return &raft.Log{Index: index, Term: term, Type: raft.LogCommand, Data: fsm.AppendBatch(nil, &b)}
}

var nameIt = fsm.SetClusterID{ID: fsm.NodeID{42}}
