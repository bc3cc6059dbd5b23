// Package schedule says when a job is expected: it reads cron expressions and systemd
// calendar times, and computes the moments they name, as pure arithmetic on
// time-zone rules that the caller hands in (a *time.Location; nothing is loaded here).
//
// A Schedule is up to ten expressions; it names every moment that one of them names.
// Parse tells the two kinds apart by their shape:
//
//	0 2 * * 1-5              cron: five fields, or @daily and its kin
//	Mon..Fri *-*-* 02:00     calendar: a date with dashes, a time with colons, or a word
//
// What holds for every schedule that Parse accepts:
//
//   - Next(t) is after t, and depends on nothing but the expressions, t and the rules of
//     the zone: asking from another t before the answer gives the same answer.
//   - An expression names at most one moment a minute; cron's begin a minute.
//   - It names a date that exists. Whether one comes within ten years depends on where
//     you stand: Check tells, and Next and Times look no further than that.
//   - Next takes less than a millisecond, whatever the expression.
//
// Summer time: package cron does what Debian's cron does (a job in the skipped hour runs
// right after it, one in the repeated hour runs once, a job of every hour or every few
// minutes follows the clock); package calendar does what systemd does (a skipped time is left
// out, a repeated one counts the first time).
//
// Files:
//
//	schedule.go  Schedule: Parse, Next, Times, Check, Describe
//	shape.go     telling cron from calendar; limits
//	cron/        cron expressions
//	calendar/    systemd calendar times
//	civil/       days, months and clock changes
//	expr/        Error, and what both readers share
package schedule
