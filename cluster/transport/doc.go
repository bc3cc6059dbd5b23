// Package transport is the cluster port: the one TCP port by which the nodes of a cluster
// talk to each other. It carries Raft's messages, commands on their way to the leader, and
// the questions that nodes ask each other.
//
// It promises:
//
//   - A peer has proven by mutual TLS that it knows the cluster's secret, or has a
//     certificate of the operator's CA, before anybody is given its connection. Without
//     either the port is plain, which the configuration allows on loopback only.
//   - Strangers cost a bounded amount of memory, and cannot keep peers out.
//   - A connection of Raft's reaches the node that it means, or nobody.
//   - Followers are told of no commit that is not on the leader's own disk.
//
// Its files:
//
//   - port.go: the port: listen, handshake, hand on by kind, dial
//   - guests.go: the bound on connections that have not proven themselves
//   - known_peers.go: from which addresses peers come
//   - no_listener.go: the port of a node that takes no peers
//   - secret.go: cluster secrets, and the keys derived from them
//   - tls.go: mutual TLS from a secret, or from the operator's own files
//   - refused.go: what a failed handshake means, in plain words
//   - questions.go: questions and answers beside Raft and forwarding
//   - raft_transport.go: Raft's messages, with the commit index capped; the port as Raft's stream layer, with addresses
//     that name a node
//   - pipeline.go: a leader's messages to one follower, and when followers are told of a commit
package transport
