// Package changes remembers which heartbeats changed lately, and after which entry of the
// cluster's log, so that whoever has seen everything up to an entry can go on from there, on
// any node.
//
// A [Log] is no part of the state: it follows from the entries that this node applied since
// its last start or restored snapshot. It is bounded in entries and bytes. What it does not
// know any more, or what belongs to another history of the log, it says: see [Log.Since].
//
// Files:
//
//	log.go   Log: adding, reading, waiting
package changes
