package calendar

import (
	"strconv"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/expr"
)

// Describe says in English when the time elapses: "At 02:00, Monday to Friday".
func (e *Expression) Describe() string {
	said := []string{expr.TimeOfDay(e.hours, e.minutes, e.second)}
	of := expr.MonthNames(e.months)
	someDays := e.days[3] != expr.AllDays
	if someDays {
		said = append(said, "on "+e.describeDays()+" of "+of)
	}
	if e.weekdays != expr.AllWeekdays {
		weekdays := expr.Weekdays(e.weekdays)
		if someDays {
			weekdays = "if that is " + strings.TrimPrefix(weekdays, "on ")
		}
		said = append(said, weekdays)
	}
	if e.months != expr.AllMonths && !someDays {
		said = append(said, "in "+of)
	}
	if !e.dates.anyYear {
		said = append(said, "in "+expr.Years(e.years.list()))
	}
	return strings.Join(said, ", ")
}

// describeDays says which days of a month: "the 1st", "the last day", "the 7th day from the end".
func (e *Expression) describeDays() string {
	if !e.dates.fromEnd {
		return expr.DaysOfMonth(e.days[3])
	}
	ofFebruary := e.days[0] // other months have the same days from the end
	var said []string
	for n := 28; n >= 1; n-- {
		if ofFebruary>>(29-n)&1 == 1 {
			said = append(said, fromEnd(n))
		}
		if rest := uint32(1)<<n - 1; n > 1 && ofFebruary>>(29-n)&rest == rest {
			return expr.And(append(said[:max(0, len(said)-1)], "the last "+strconv.Itoa(n)+" days"))
		}
	}
	return expr.And(said)
}

func fromEnd(n int) string {
	if n == 1 {
		return "the last day"
	}
	return "the " + expr.Ordinal(n) + " day from the end"
}

func (y *years) list() []int {
	var list []int
	for year := firstYear; year <= lastYear; year++ {
		if y.has(year) {
			list = append(list, year)
		}
	}
	return list
}
