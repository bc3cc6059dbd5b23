// Package logentry is the form of one entry of the log: a [Batch] of encoded commands, what the
// leader stamps on it, and who proposed them. What the commands say is no matter of it.
//
// The encoding is frozen, and is read by every later version.
//
// Files:
//
//	batch.go  Batch and its parts; its encoding
package logentry
