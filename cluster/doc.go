// Package cluster makes several nodes keep one [store.Store] the same.
//
// A [Node] is one member of the cluster. It finds the others by gossip, agrees
// with them through Raft on an order of commands, and applies these to its store.
// Callers see three promises:
//
//   - [Node.Propose] answers only after the command is on disk on a majority and
//     applied where the answer was made. It holds the command through elections,
//     forwards it to the leader when this node is not it, and repeats it under
//     one identity, (node, boot, sequence number), so that it takes effect once.
//   - [Node.ReadBarrier] returns once this node has applied everything that any
//     node had acknowledged before the call.
//   - Functions given to [Node.OnLeader] run on one node at a time per term, under a
//     context that ends with the leadership. Leadership is not a fence: only a
//     committed command, such as one by [Node.ProposeOnce], proves it.
//
// # The way of a command
//
// The proposer's table of pending commands (pending.go) gives it a sequence
// number. The router (router.go) decides who takes from that table: the batcher
// when this node leads, the connection to the leader when another does, nobody
// while there is none. The batcher (batcher.go) puts what it finds into one log
// entry and calls raft.Apply; while that commits, the next entry fills. It is the
// only caller of raft.Apply, and the only place on the write path that reads a
// clock. When the leader or the term changes, or a connection falls silent, all
// that is pending goes to the new taker under its old sequence numbers.
//
// # Time
//
// servingClock (serving_clock.go) decides how much serving time a batch carries;
// gaps.go notices times in which nothing could commit.
//
// # Faults
//
// What a node cannot survive (a log that hangs or fails, an entry that it cannot
// understand) arrives on [Node.Fatal] as an error with words; the process must
// print it and end, so that the others can go on.
package cluster
