package commit

import "github.com/quorumbeat/quorumbeat/fsm"

// SignalOf returns the signal that a command is, with or without a key.
func SignalOf(cmd fsm.Command) (fsm.Signal, bool) {
	if a, ok := cmd.(fsm.Authorized); ok {
		cmd = a.Command
	}
	s, ok := cmd.(fsm.Signal)
	return s, ok
}

// WithoutBody returns the same command without its signal's body.
func WithoutBody(cmd fsm.Command) fsm.Command {
	switch c := cmd.(type) {
	case fsm.Authorized:
		c.Command = WithoutBody(c.Command)
		return c
	case fsm.Signal:
		return c.WithoutBody()
	}
	return cmd
}

// Why a node left something out or refused it: the label of a metric.
const (
	ShedBudget = "body_budget" // a body: its heartbeat had sent enough of them
	ShedMemory = "body_memory" // a body: too much waits at this node
	ShedDisk   = "body_disk"   // a body: a node's disk is below its reserve
	ShedLog    = "body_log"    // a body: the log grows faster than snapshots are written

	ShedRequest = "request_disk" // a ping or another command: the disk is nearly full
)
