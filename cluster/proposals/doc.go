// Package proposals holds the commands that a node was asked to have committed, until
// their results are known or nobody waits for them any more.
//
// A [Table] gives every command a sequence number. With the node's ID and its boot
// number that is the command's identity: the state machine lets each take effect once,
// so a command may be proposed as often as it takes. That is how it survives
// elections. One [Consumer] at a time takes commands from the table: the batcher of a
// node that leads, or the connection to the leader. When another consumer follows, all
// commands that wait are queued for it again, under their old numbers.
//
// Somebody who gives up waiting learns what can be known: that the command was not
// recorded, if no copy of it can take effect any more, else that nobody knows.
//
// Files:
//
//   - table.go: the way of a command: into the table, out of it to be committed, and its result to whoever waits
//   - await.go: waiting for a result; giving up, at a deadline or at the end
//   - consumer.go: who takes commands out
//   - stall.go: when a request that is read now may have been sent
package proposals
