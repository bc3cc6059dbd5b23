// Package windows holds the maintenance windows, in which nobody is told that heartbeats with
// certain tags fail, and the hours of channels, outside of which these are told nothing.
//
// A window has spans of wall time: one, or those that begin when its schedule says, of which a node
// with tz data has computed the next few. When a wall time comes in serving time is told by the
// state's [timetable.Clock], by its newest reading; a clock that jumped ahead is doubted for as long
// as it jumped, ten minutes at most, so that a jump opens or ends no window at once.
//
// A [Table] is written by one goroutine at a time. Its windows are never written to: a change
// replaces them, so that images may share them.
//
// Files:
//
//	table.go  Table: creating, deleting, and the next times
//	defers.go what windows defer, and until when
//	hours.go  when a channel is told, and when again
//	image.go  the windows' part of the image
package windows
