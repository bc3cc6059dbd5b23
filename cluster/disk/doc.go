// Package disk watches how much room the disk of a data folder has left, so that a node
// does without something before a write of its log fails, which would end it.
//
// Files:
//
//	guard.go   the levels, and who looks again and again
//	room_*.go  how much room there is, by the system
package disk
