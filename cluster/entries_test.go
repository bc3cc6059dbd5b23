package cluster

import (
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// entry is a log entry with one command.
func entry(index, term uint64, cmd fsm.Command) *raft.Log {
	b := logentry.Batch{Term: term, Wall: 1_700_000_000_000, Items: []logentry.Item{{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, cmd)}}}
	return &raft.Log{Index: index, Term: term, Type: raft.LogCommand, Data: logentry.Append(nil, &b)}
}

var nameIt = fsm.SetClusterID{ID: fsm.NodeID{42}}
