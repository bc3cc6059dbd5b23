// Package uptime remembers, for each UTC day of the newest 90 that had any, how long a
// heartbeat failed and how long it was paused, and when its newest pauses were.
//
// A [Log] has a record for the heartbeats that ever failed or were paused, and nothing for
// the others. A record is a few bytes a day: it is written when an incident or a pause ends.
// What is going on at the moment is not in it; whoever reads adds that.
//
// A Log is written by one goroutine at a time, and read by any number while nobody writes.
// A snapshot shares its memory: records are never changed but replaced, and a page of them
// is copied by the first write after a snapshot. All times are milliseconds of the wall
// clock.
//
// Files:
//
//	log.go     Log: the records and pauses by ordinal
//	texts.go   what is known of each heartbeat, encoded, in pages that snapshots share
//	record.go  Record: adding spans of time to days; its encoding
//	pauses.go  Pause: the newest that are over; their encoding
//	tell.go    what a record comes to now, with what is going on
package uptime
