// Package timetable says when a heartbeat with a schedule is expected: by a short list of
// wall times, which a node with tz data has computed, and by what the leaders' wall clocks
// showed at which serving time.
//
// A [Timetable] is never changed: what changes it returns another. It counts from an
// anchor, the wall time for which the last ping counted, which its heartbeat holds. A
// [Clock] belongs to a state, and all of its timetables look at the same one. So does a [Pause]
// that ends at a wall time.
//
// Files:
//
//	clock.go      Clock: when a wall time comes in serving time
//	pause.go      Pause: when a pause ends by itself
//	timetable.go  Timetable: the times after an anchor, and topping them up
//	image.go      writing both to an image, and reading them
package timetable
