// Package statemachine lets Raft drive a store: it applies entries, writes and reads
// snapshots, and tells how far the state is.
//
// An entry that cannot be applied stops it for good: to go on would let this node's state
// diverge from the others'. A command that panics half-way is left out instead, for it does
// so on every node.
//
// Files:
//
//	adapter.go  raft.FSM: Apply, Snapshot and Restore; who waits for an index
//	rebuild.go  makes the state anew after a command failed by a fault in the program
package statemachine
