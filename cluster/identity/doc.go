// Package identity keeps what a data folder knows of itself: whose it is, the number of its
// newest start, which cluster it belongs to, what it promised while it was new, and where
// it found the other nodes. Every change is on disk before it counts.
//
// One process at a time has a folder. No two starts have the same number, not even those
// of copies: together with the node's ID the number is the identity of commands, and a
// number that is used twice would make one node's commands pass for another's repeats.
// A folder that lost what its node promised with is refused; refusing changes nothing.
//
// Files:
//
//   - identity.go: taking a folder, numbering a start, reading and writing the file
//   - content.go: what the folder remembers
//   - promises.go: the one promise of a new node, with which a cluster is formed
package identity
