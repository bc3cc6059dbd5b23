// Package civil is the arithmetic of days, months and wall clocks: plain numbers, and the
// stretches of time in which a zone keeps one offset from UTC.
//
// A day is counted from 1970-01-01; a wall time is the seconds that a wall clock
// has counted since then, as if there were no zones.
//
// Files:
//
//	date.go     days to dates and back, lengths of months, weekdays
//	stretch.go  Stretch: the time between two clock changes
package civil
