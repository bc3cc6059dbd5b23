// Package commit is group commit: it puts the commands of all nodes into batches, has
// Raft commit one batch after the other, and gives everybody their results.
//
// It runs on every node and works on the leader. A [Batcher] proposes, in each batch, the
// requests that other nodes forwarded ([Batcher.Submit]), the commands that wait at this
// node, and commands that the leader itself proposes for its term
// ([Batcher.ProposeOnce]). Nothing else calls raft.Apply, and nothing else on the way of
// a write reads a clock.
//
// A batch carries serving time, the time by which deadlines pass: [Batcher.StartClock]
// lets it run, a stall stops it. See docs/design.md for what serving time is.
//
// Whoever leads calls, in this order: [Batcher.Lead] at the election, [Batcher.Prepare]
// after the barrier, [Batcher.Open] when everybody's commands may be proposed, and
// [Batcher.Follow] at the end of the term.
//
// Files:
//
//   - batcher.go: a batch is filled, stamped and proposed
//   - policy.go: when it is large enough to go
//   - serving_clock.go: how much serving time it carries
//   - results.go: what others ask the batcher to commit; the end of a batch, and what they get
//   - state.go: what the batcher may do in a term; its methods for the leader
//   - options.go: what it needs of its node
//   - gaps.go: when a time without commits is an ingest gap
//   - bodies.go: how many bytes of bodies each heartbeat may send; taking the body out of a ping, and why
package commit
