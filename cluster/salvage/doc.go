// Package salvage reads the newest state that a node's data folder proves, whatever of it is missing or
// damaged: without bbolt, which crashes over many damaged files, and without the node's identity. It changes
// nothing in the folder. What it promises is told at [Read].
//
// Files:
//
//	salvage.go   the newest whole snapshot, and the entries that follow it
//	entries.go   the entries that can be found, and which of them are sure
package salvage
