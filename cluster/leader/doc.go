// Package leader runs what only a leader does, notices when a leader has failed, and keeps
// the serving clock honest.
//
// A [Leadership] goes through these steps in every term, and stops at any of them when the
// leadership ends:
//
//  1. It passes a barrier: everything of earlier terms is applied here.
//  2. It records the time before the election in which nobody could commit, as an ingest
//     gap. In a new cluster it commits the settings and the cluster's ID.
//  3. Everybody's commands may be proposed, and early tasks run.
//  4. For two seconds, pings that were held elsewhere commit.
//  5. The serving clock runs while some node hears, that is, while some node's public
//     listener answers and batches commit. Tasks run from the first time on.
//
// A task runs on one node at a time: those of a term start when those of this node's
// last term have returned. Leadership is still not a fence, see package cluster.
//
// Files:
//
//   - leadership.go: the terms of a node, and the tasks of a leader
//   - own_commands.go: the barrier, and what a leader commits itself
//   - options.go: what a leadership needs of its node
//   - clock.go: when the serving clock may run, and the gaps in which it does not
//   - clock_watch.go: a warning when the serving clock is slow
//   - witness.go: what the nodes know of the time before an election
//   - hearing.go: whether a node's public listener answers
//   - failure_detector.go: noticing soon that the leader has failed
package leader
