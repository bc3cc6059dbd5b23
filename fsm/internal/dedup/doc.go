// Package dedup keeps the results of commands that their proposers may ask for again: so a command that is
// proposed twice takes effect once.
//
// A [Log] is written by one goroutine at a time.
//
// Files:
//
//	log.go    Log, and Proposer: the results of one start of a node
//	image.go  the log's part of an image
package dedup
