package calendar

import (
	"math/bits"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/civil"
)

// Years that a calendar time can name: systemd's.
const (
	firstYear = 1970
	lastYear  = 2199
)

// years is a set of them.
type years [(lastYear-firstYear)/64 + 1]uint64

func (y *years) add(year int) { y[(year-firstYear)/64] |= 1 << ((year - firstYear) % 64) }

func (y *years) has(year int) bool {
	return year >= firstYear && year <= lastYear && y[(year-firstYear)/64]>>((year-firstYear)%64)&1 == 1
}

// nextWall is the first matching wall time from one on, up to another, in seconds since 1970.
func (e *Expression) nextWall(from, to int64) (int64, bool) {
	day := civil.FloorDiv(from, civil.SecondsADay)
	date := civil.DateOf(day)
	start := int(from - day*civil.SecondsADay)
	for day*civil.SecondsADay <= to {
		if !e.years.has(date.Year) {
			date = civil.Date{Year: date.Year + 1, Month: 1, Day: 1}
			day, start = date.Day1970(), 0
			continue
		}
		if e.months>>date.Month&1 == 0 {
			date = date.FirstOfNextMonth()
			day, start = date.Day1970(), 0
			continue
		}
		if e.matchesDay(date, civil.Weekday(day)) {
			if s := e.timeOfDay(start); s >= 0 {
				wall := day*civil.SecondsADay + int64(s)
				return wall, wall <= to
			}
		}
		day, date, start = day+1, date.Next(), 0
	}
	return 0, false
}

func (e *Expression) matchesDay(date civil.Date, weekday int) bool {
	return e.days[date.Last()-28]>>date.Day&1 == 1 && e.weekdays>>weekday&1 == 1
}

// timeOfDay is the first matching second of a day, from one on; -1 if there is none.
func (e *Expression) timeOfDay(from int) int {
	minute := (from - e.second + 59) / 60 // the first whose second is not over
	if from <= e.second {
		minute = 0
	}
	hour := minute / 60
	if hour > 23 {
		return -1
	}
	if e.hours>>hour&1 == 1 {
		if later := e.minutes >> (minute % 60) << (minute % 60); later != 0 {
			return hour*3600 + bits.TrailingZeros64(later)*60 + e.second
		}
	}
	later := e.hours >> (hour + 1) << (hour + 1)
	if later == 0 {
		return -1
	}
	return bits.TrailingZeros32(later)*3600 + bits.TrailingZeros64(e.minutes)*60 + e.second
}

// elapses reports whether there is a date that the expression names. If it names no years, 28
// hold every combination of a date and a weekday.
func (e *Expression) elapses() bool {
	from := civil.Date{Year: firstYear, Month: 1, Day: 1}
	to := civil.Date{Year: lastYear + 1, Month: 1, Day: 1}
	if e.dates.anyYear {
		to.Year = firstYear + 28
	}
	_, ok := e.nextWall(from.Day1970()*civil.SecondsADay, to.Day1970()*civil.SecondsADay-1)
	return ok
}
