// Package table holds the heartbeats, by ordinal: what is known of each, its schedule,
// its history and its runs.
//
// A [Table] is written by one goroutine at a time, and read by any number while nobody
// writes. A heartbeat's [Record] has two parts. [Hot] are the fields of fixed size that
// pings change; they have no pointers, so that the garbage collector never looks at a
// million of them. [Cold] are its names and the like, which edits change; they lie
// encoded in the text of a [Page], and are decoded when a Record is asked for. What few
// heartbeats have, open runs, bodies and a present incident, is in their [RunState].
//
// Pages are shared with snapshots: a write copies a page first while a snapshot still
// needs it. So what Own and its kin return is good until the next snapshot.
//
// Files:
//
//	table.go      Table: the pages, finding heartbeats in them, and the one that is due
//	page.go       Page: 64 heartbeats in a few pieces of memory; Hot: their fields of fixed size; schedule arithmetic
//	times.go      the timetables of heartbeats with schedules
//	pauses.go     pauses that end by themselves
//	results.go    the results of runs in images
//	fields.go     the tagged fields, which few heartbeats have
//	record.go     Record: a heartbeat that is looked at closely
//	cold.go       Cold: encoding and decoding names, settings and lists
//	text.go       the texts of a page; reading parts of the cold fields without decoding them all
//	run_state.go  RunState: open runs, bodies, the incident that is going on
//	open_run.go   OpenRun: runs that began and have not ended
//	bodies.go     how many bytes of bodies are kept in all
//	due.go        the tree that knows which heartbeat's deadline is first
//	snapshot.go   SnapshotRef: which pages a snapshot still needs
//	build.go      Builder: filling a table from an image
package table
