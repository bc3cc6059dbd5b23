// Package calendar reads systemd calendar times (OnCalendar=, systemd.time(7)) and computes
// when they elapse, the way systemd does.
//
// The form: weekdays, a date, a time; each may be left out, but not all of them.
//
//	Mon..Fri *-*-* 02:00:00     weekdays: names, lists with commas, ranges with ..
//	*-01,07-01 06:30            year-month-day; a year may be left out
//	*-02~01                     ~ counts days from the end: the last of February
//	Mon *-05~07/1               the last Monday of May
//	*:0/15                      n/step goes on to the end, n..m is a range, n..m/step both
//	daily                       minutely, hourly, daily, weekly, monthly, quarterly,
//	                            semiannually, yearly and their other spellings
//
// Without a date it is every day, without a time midnight, without seconds :00.
//
// What systemd takes and this package does not, since a heartbeat has no use for it: a time zone at
// the end (it has a field of its own), fractions of a second, more than one second of a minute (an
// interval does that), and @ with a single moment.
//
// Clock changes: a time that the clock skips does not elapse that day. One that it shows twice elapses
// the first time; a timer of every minute rests for the repeated hour. (systemd counts the second time
// if a timer is started in between.)
//
// Files:
//
//	calendar.go  Expression: Parse, Next
//	parse.go     weekdays, dates, times, and the words that stand for them
//	list.go      numbers, ranges, repetitions
//	match.go     which seconds of a wall clock match
//	suggest.go   expressions near to a wrong one
//	describe.go  English
package calendar
