package cron

import (
	"math/bits"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/civil"
)

// nextMinute is the first minute from one on, up to another, that a wall clock shows
// when the expression matches. Both count minutes since 1970.
func (e *Expression) nextMinute(from, to int64) (int64, bool) {
	day := civil.FloorDiv(from, civil.MinutesADay)
	date := civil.DateOf(day)
	start := int(from - day*civil.MinutesADay)
	for day*civil.MinutesADay <= to {
		if e.months>>date.Month&1 == 0 {
			date = date.FirstOfNextMonth()
			day, start = date.Day1970(), 0
			continue
		}
		if e.matchesDay(date, civil.Weekday(day)) {
			if m := e.timeOfDay(start); m >= 0 {
				minute := day*civil.MinutesADay + int64(m)
				return minute, minute <= to
			}
		}
		day, date, start = day+1, date.Next(), 0
	}
	return 0, false
}

func (e *Expression) matchesDay(date civil.Date, weekday int) bool {
	if e.bothDay {
		return e.days.match(date, weekday) && e.weekdays.match(date, weekday)
	}
	return e.days.match(date, weekday) || e.weekdays.match(date, weekday)
}

// timeOfDay is the first matching minute of a day, from one on; -1 if there is none.
func (e *Expression) timeOfDay(from int) int {
	hour, minute := from/60, from%60
	if e.hours>>hour&1 == 1 {
		if later := e.minutes >> minute << minute; later != 0 {
			return hour*60 + bits.TrailingZeros64(later)
		}
	}
	later := e.hours >> (hour + 1) << (hour + 1)
	if later == 0 {
		return -1
	}
	return bits.TrailingZeros32(later)*60 + bits.TrailingZeros64(e.minutes)
}

// Every combination of a date and a weekday comes within 28 years of which each fourth is a leap
// year: these.
var (
	firstOf28 = civil.Date{Year: 2000, Month: 1, Day: 1}.Day1970()
	lastOf28  = civil.Date{Year: 2027, Month: 12, Day: 31}.Day1970()
)

// fires reports whether there is a date that the expression names.
func (e *Expression) fires() bool {
	_, ok := e.nextMinute(firstOf28*civil.MinutesADay, (lastOf28+1)*civil.MinutesADay-1)
	return ok
}
