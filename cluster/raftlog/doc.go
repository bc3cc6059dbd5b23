// Package raftlog is what Raft keeps on a node's disk: its log with the term and vote, and
// its snapshots.
//
// The log is a stack, of which each layer has one task. From Raft down to the disk:
//
//	BoundedLog    bounds the log by bytes, and holds its newest entries in memory
//	reservedLog   refuses entries while the disk is nearly full
//	EagerLog      lets a leader send commands while its own disk still writes them
//	Watchdog      ends the node when its disk hangs or fails
//	Checksummed   keeps a checksum with each entry
//	journal       writes each batch once, and hands many at a time to bbolt
//
// Nothing that was stored may be lost, and nothing damaged may be taken for sound: errors
// end the node, with words that never advise to delete the only copy.
//
// Files:
//
//	stores.go     opens and closes all of it
//	write.go      the layers, and the way of entries down through them and out to followers
//	read.go       the way back up from the disk
//	bounded.go    how large the log may get, and what is cut off it
//	watchdog.go   Raft's term and vote are watched too; time that counts only while the process runs
//	snapshots.go  the store of snapshots, and how the files of old ones are freed
//	paced.go      writes snapshots beside pings
//	unlinked_*.go tells a file that has lost its name
//	inspect.go    refuses a folder that has lost what its node promised with
//	private.go    closes a data folder to other users
//	faults.go     a disk that fails by order, for tests
package raftlog
