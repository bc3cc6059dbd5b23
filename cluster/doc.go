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
// # The parts of a node
//
// The packages below do the work; a Node opens them in order, and Shutdown closes them
// in the opposite one. A command goes through proposals (it gets a number, and waits),
// then through commit on the leader or through forward to it, and comes back by way of
// statemachine, which applies what is committed. The leader's batches are the only ones
// that carry time. raftlog and transport are what Raft writes to and speaks through;
// members and leader say who belongs to the cluster, and what a leader does.
//
// # Faults
//
// What a node cannot survive (a log that hangs or fails, an entry that it cannot
// understand) arrives on [Node.Fatal] as an error with words; the process must
// print it and end, so that the others can go on.
//
// # Files
//
//	config.go      what a node is told
//	node.go        the node: its parts, and how they are opened
//	start.go       what runs, and in which order
//	shutdown.go    the leadership is handed over, and all of that ends
//	propose.go     commands, pings and read barriers
//	status.go      the cluster as this node sees it, and whether it is ready
//	raft.go        Raft's settings, its start, and snapshots by the log's size
//	membership.go  gossip, the cluster's identity, and what other nodes ask
//	hearing.go     whether any node can take pings
//	outage.go      what the nodes know of the time before an election
//	disk_shed.go   what is done without when disks fill
//	trust.go       another cluster secret or certificate, while the node runs
//	metrics.go     the node's own metrics
//	hclog.go       the log lines of Raft and gossip
//	faults.go      a node that is broken from within, for tests
//	offline.go     a data folder from a backup
//	recovery.go    a cluster whose majority is lost for good (salvage saves what a damaged folder proves)
package cluster
