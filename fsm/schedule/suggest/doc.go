// Package suggest finds the settings that a heartbeat's stored pings ask for: the interval or the cron
// expression that fits them, a grace, limits of a run, and how sure that is.
//
// It tries patterns: every few minutes, every few hours at a minute, at times of the day on some
// weekdays, once a week, on a day of the month or its last; each in the zones that the caller names.
// A pattern is as good as it explains the pings: expected times with a ping, and pings at an expected
// time. Pings that a clock ordered are told by a schedule; those that follow each other, by an interval.
//
// The grace is how late 99.5 of 100 runs were at most, and a quarter more, a minute at least. Runs that
// did not come, or came only when the next was due, are not late but missed: they do not stretch it.
//
// Files:
//
//	suggest.go   Suggest, Suggestion
//	patterns.go  schedules that the pings may follow
//	fit.go       how well one explains them
//	limits.go    grace and limits of runs
package suggest
