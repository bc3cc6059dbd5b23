// Package story has what an incident tells of itself: what happened, when, and who did it.
//
// A [Packed] story is bounded: it has at most [MaxSize] bytes. What does not fit pushes out
// the oldest news of alerts and failures, of which there may be many; how it began, and
// what people did, goes last. It says how much it has left out.
//
// Files:
//
//	event.go   Event, and what it may be
//	fields.go  what the API calls the fields that were changed
//	packed.go  Packed: adding, reading, the bound
package story
