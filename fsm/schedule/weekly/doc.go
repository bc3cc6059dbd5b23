// Package weekly reads hours of the week, in which a channel is told, and computes when they are, as
// pure arithmetic on time-zone rules that the caller hands in.
//
// Written as text, an entry is days, times and a zone, and several have "; " between:
//
//	mon-fri 08:00-18:00 Europe/Berlin; sat 10:00-14:00 Europe/Berlin
//
// An entry whose end is not after its beginning goes on into the next day; 24:00 is the end of a day.
// When clocks change the times are those of the clock on the wall; one that is skipped is the moment
// that the hour before it names an hour later.
//
// Files:
//
//	hours.go  Hours: Parse, String
//	spans.go  when they are
package weekly
