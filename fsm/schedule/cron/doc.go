// Package cron reads cron expressions and computes when they fire, the way Debian's cron
// does.
//
// The dialect: minute, hour, day of month, month, day of week. A field is a list of numbers, ranges and stars, each
// with a step if wanted (*/5, 10-50/10; 5/15 goes on to the end of the field); months and days of the week have
// names of three letters; Sunday is 0 or 7; ? is a star in the two fields of days. Besides
// Debian's: L is the last day of the month, L-3 the third before it, 15W the weekday nearest to
// the 15th in the same month, LW the last weekday, 5L the last Friday, 1#2 the second Monday.
// @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually are known.
//
// A day must meet both the day of month and the day of week if either begins with a star,
// and else one of the two.
//
// Clock changes: a job is fixed if neither its minute nor its hour begins with a star, and
// follows the clock otherwise.
//
//   - The clock skips up to three hours: a fixed job that was due in them fires once, in the
//     first minute after them. Others do not. (A clock that skips less than five minutes makes
//     every job fire so.)
//   - The clock goes back by up to three hours: a fixed job does not fire again until the clock
//     shows a time that it has not shown. Others fire again.
//   - The clock skips or repeats more (a day at the date line): it is as if nothing had been
//     there. What was skipped does not fire, what is repeated fires again.
//
// Files:
//
//	cron.go      Expression: Parse, Next
//	fields.go    the five fields, and the words that stand for all of them
//	days.go      days of the month and of the week, and their special signs
//	match.go     which minutes of a wall clock match
//	changes.go   what clock changes do
//	suggest.go   expressions near to a wrong one
//	describe.go  English
package cron
