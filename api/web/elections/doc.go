// Package elections remembers who led, as one node saw it.
//
// Files:
//
//	log.go  Log: its newest 100 terms, and the times without a leader
package elections
