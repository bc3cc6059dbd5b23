// Package boltfile opens the bbolt file that keeps a node's log and votes, and reads it when
// bbolt cannot. bbolt trusts its file: a damaged one ends the process, often on a goroutine
// where nothing can be caught. So a file is checked page by page before bbolt opens it.
//
// Its files:
//
//   - open.go: open a log; Check, which refuses a damaged one
//   - check.go: walk the tree of pages as bbolt will
//   - page.go: what is on one page
//   - salvage.go: what can be read of a damaged file, without bbolt
package boltfile
