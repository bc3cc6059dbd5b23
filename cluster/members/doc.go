// Package members knows which nodes there are, forms new clusters of them, and lets a leader
// keep Raft's configuration in line with them.
//
// Gossip finds the nodes and tells where they are; it decides nothing. A [Bootstrapper] forms a
// new cluster of fresh nodes, once. On the leader a [Reconciler] gathers what is known,
// asks a pure function for the next change, and makes it, one at a time: a node is let in
// without a vote, gets its vote when it has caught up, moves to another address, or is
// removed. What a node meets over and over and a person has to mend is kept in [Troubles].
//
// Files:
//
//   - gossip.go, gossip_events.go, gossip_join.go: finding the other nodes with memberlist
//   - gossip_transport.go: a bound on strangers at the gossip port
//   - gossip_secrets.go, other_secret.go: exchanging the secret, and noticing another one
//   - meta.go: what a node tells the others of itself
//   - alone.go: a node that takes no peers
//   - bootstrap.go, bootstrap_waiting.go: forming a new cluster, and what it waits for
//   - plan.go: the next change of the configuration, computed from what is known
//   - reconcile.go: gathering what is known, and making the change
//   - remove.go: removing a node because an operator says so
//   - lookout.go: telling the operator which nodes go and come
//   - troubles.go: what a person has to mend
//   - names.go: the names and IDs of nodes
package members
