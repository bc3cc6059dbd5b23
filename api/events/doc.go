// Package events keeps event streams (text/event-stream): those of programs, /v1/events, and
// those of the dashboard's pages.
//
// [Streams] is the life of a stream, whatever it tells: how many there are, that the key it
// was opened with still stands, that it shows it lives, and that a client which is gone or
// does not read is noticed.
//
// A [Feed] is what a program is told: changes of heartbeats and incidents, from the store's
// log of changes, and the nodes as this node sees them. Its IDs name the cluster and the
// place in the cluster's log up to which everything was told, so that any node can go on from
// them. One that cannot says so by a reset: read the lists anew. A change is told as the
// heartbeat is by now, so several changes in a short time are told as one; the last is always
// told.
//
// Files:
//
//	streams.go   Streams: their life
//	feed.go      Feed: what a program is told
//	nodes.go     what it is told of nodes
//	id.go        IDs of events
package events
