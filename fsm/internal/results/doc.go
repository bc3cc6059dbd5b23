// Package results keeps what a heartbeat's runs had to tell in numbers: which names they
// used, the newest values, the earlier ones that checks compare with, and how many failures
// were reported in a row.
//
// A [State] is never changed: what changes it returns another one. So snapshots and readers
// may share it. Few heartbeats have one.
//
// An entry of the history refers to names by their place among the State's, of which there
// are at most fsm.MaxNumbers. A name keeps its place as long as the history has a ping that
// uses it; then another may take it.
//
// Files:
//
//	results.go  State: names, newest values, failures in a row
//	judge.go    whether a run is as its heartbeat expects
//	past.go     the values that checks compare with
//	image.go    writing a State to an image, and reading it
package results
