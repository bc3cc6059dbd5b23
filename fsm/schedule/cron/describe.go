package cron

import (
	"math/bits"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/expr"
)

// Describe says in English when the job fires: "At 02:00, Monday to Friday".
func (e *Expression) Describe() string {
	said := []string{expr.TimeOfDay(e.hours, e.minutes, 0)}
	of := expr.MonthNames(e.months)
	days, tellsMonth := e.describeDays(of)
	if days != "" {
		said = append(said, days)
	}
	if e.months != expr.AllMonths && !tellsMonth {
		said = append(said, "in "+of)
	}
	return strings.Join(said, ", ")
}

// describeDays joins both fields of days, and reports whether the months were told with them.
func (e *Expression) describeDays(of string) (said string, tellsMonth bool) {
	allDays, allWeekdays := e.days.days == expr.AllDays, e.weekdays.every == expr.AllWeekdays
	days, weekdays := e.days.describe(of), e.weekdays.describe(of)
	switch {
	case allDays && allWeekdays, !e.bothDay && (allDays || allWeekdays):
		return "", false
	case allDays:
		return weekdays, e.weekdays.every == 0
	case allWeekdays:
		return days, true
	case e.bothDay:
		return days + ", if that is " + strings.TrimPrefix(weekdays, "on "), true
	}
	return days + ", or " + weekdays, true
}

// describe says which days of the months: "on the 1st and 15th of the month".
func (d *daysOfMonth) describe(of string) string {
	var said []string
	if d.days != 0 {
		said = append(said, expr.DaysOfMonth(d.days))
	}
	for n := range eachBit(uint64(d.nearest)) {
		said = append(said, "the weekday nearest to the "+expr.Ordinal(n))
	}
	for n := range eachBit(uint64(d.beforeLast) &^ 1) {
		said = append(said, "the "+ordinalWords(n)+" day before the last")
	}
	if d.beforeLast&1 == 1 {
		said = append(said, "the last day")
	}
	if d.lastWeekday {
		said = append(said, "the last weekday")
	}
	return "on " + expr.And(said) + " of " + of
}

// describe says which weekdays: "Monday to Friday", "on the second Monday of the month".
func (d *daysOfWeek) describe(of string) string {
	var said []string
	if d.every != 0 {
		said = append(said, expr.Weekdays(d.every))
	}
	var some []string
	for n, set := range d.nth {
		for day := range eachBit(uint64(set)) {
			some = append(some, "the "+ordinalWords(n)+" "+expr.Days[day])
		}
	}
	for day := range eachBit(uint64(d.last)) {
		some = append(some, "the last "+expr.Days[day])
	}
	if len(some) > 0 {
		said = append(said, "on "+expr.And(some)+" of "+of)
	}
	return strings.Join(said, ", and ")
}

func ordinalWords(n int) string {
	words := []string{"", "first", "second", "third", "fourth", "fifth"}
	if n < len(words) {
		return words[n]
	}
	return expr.Ordinal(n)
}

func eachBit(set uint64) func(func(int) bool) {
	return func(yield func(int) bool) {
		for ; set != 0; set &= set - 1 {
			if !yield(bits.TrailingZeros64(set)) {
				return
			}
		}
	}
}
