// Package history keeps the newest pings of heartbeats in a few bytes each.
//
// A [Page] holds the histories of [Slots] heartbeats. A copy of a Page (by assignment)
// is a snapshot: it may be read while the original is written to. Pages are written by
// one goroutine at a time.
//
// Files:
//
//	page.go     Page: runs, log and packing; Writer, which adds entries; one entry: the change of pace since the ping before
//	detail.go   Detail: what an entry tells besides its time
//	callers.go  Callers: who sent the pings, told by changes
//	archive.go  the older parts of long histories
//	walk.go     reading, newest first
//	keys.go     finding a ping by its idempotency key
//	image.go    writing histories to an image, and reading them
package history
