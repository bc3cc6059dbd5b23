// Package channels holds the channels by which alerts go out beside mail, and says which
// of them are told of a heartbeat.
//
// A [Table] is written by one goroutine at a time. Its channels are never written to: a
// change replaces them, so that images may share them.
//
// Files:
//
//	table.go    Table: creating, changing and deleting
//	routing.go  which channels a heartbeat's alerts go to
package channels
