package cron

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/civil"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/expr"
)

// daysOfMonth is the third field.
type daysOfMonth struct {
	days        uint32 // bit n: the nth
	beforeLast  uint32 // bit n: n days before the last (L, L-n)
	nearest     uint32 // bit n: the weekday nearest to the nth (nW)
	lastWeekday bool   // LW
}

// daysOfWeek is the fifth field. Bits are weekdays, 0 for Sunday.
type daysOfWeek struct {
	every uint8
	nth   [6]uint8 // 1 to 5 (1#2)
	last  uint8    // 5L
}

func (p *parser) daysOfMonth() daysOfMonth {
	var d daysOfMonth
	if p.words[dayField.index] == "?" {
		d.days = expr.AllDays
		return d
	}
	for _, item := range p.items(dayField) {
		p.dayOfMonth(&d, item)
	}
	return d
}

func (p *parser) dayOfMonth(d *daysOfMonth, item string) {
	upper := strings.ToUpper(item)
	switch {
	case upper == "L":
		d.beforeLast |= 1
	case upper == "LW" || upper == "WL":
		d.lastWeekday = true
	case strings.HasPrefix(upper, "L-"):
		d.beforeLast |= p.beforeLast(item)
	case strings.HasSuffix(upper, "W"):
		if n, ok := p.value(dayField, item, item[:len(item)-1]); ok {
			d.nearest |= 1 << n
		}
	default:
		d.days |= uint32(p.item(dayField, item))
	}
}

func (p *parser) beforeLast(item string) uint32 {
	n, ok := expr.Number(item[2:])
	if !ok || n > 30 {
		p.fail(dayField, item, "must be L-1 to L-30, that many days before the last", "L-1")
		return 0
	}
	return 1 << n
}

func (p *parser) daysOfWeek() daysOfWeek {
	var d daysOfWeek
	if p.words[weekdayField.index] == "?" {
		d.every = expr.AllWeekdays
		return d
	}
	for _, item := range p.items(weekdayField) {
		p.dayOfWeek(&d, item)
	}
	return d
}

func (p *parser) dayOfWeek(d *daysOfWeek, item string) {
	day, nth, isNth := strings.Cut(item, "#")
	upper := strings.ToUpper(item)
	switch {
	case isNth:
		p.nthWeekday(d, item, day, nth)
	case upper == "L":
		p.fail(weekdayField, item, "needs a day before it: 5L is the last Friday of the month", "6L", "5L")
	case strings.HasSuffix(upper, "L"):
		if n, ok := p.value(weekdayField, item, item[:len(item)-1]); ok {
			d.last |= 1 << (n % 7)
		}
	default:
		bits := p.item(weekdayField, item)
		d.every |= uint8(bits&0x7f | bits>>7)
	}
}

func (p *parser) nthWeekday(d *daysOfWeek, item, day, nth string) {
	weekday, ok := p.value(weekdayField, item, day)
	if !ok {
		return
	}
	n, ok := expr.Number(nth)
	if !ok || n < 1 || n > 5 {
		p.fail(weekdayField, item, "must end in #1 to #5: 1#2 is the second Monday of the month", fmt.Sprintf("%s#1", day))
		return
	}
	d.nth[n] |= 1 << (weekday % 7)
}

// match reports whether a date is one of the field's.
func (d *daysOfMonth) match(date civil.Date, weekday int) bool {
	last := date.Last()
	if d.days>>date.Day&1 == 1 || d.beforeLast>>(last-date.Day)&1 == 1 {
		return true
	}
	if d.nearest == 0 && !d.lastWeekday {
		return false
	}
	for n := max(1, date.Day-2); n <= min(last, date.Day+2); n++ {
		wanted := d.nearest>>n&1 == 1 || d.lastWeekday && n == last
		if wanted && nearestWeekday(n, last, (weekday+7+n-date.Day)%7) == date.Day {
			return true
		}
	}
	return false
}

// nearestWeekday is the day from Monday to Friday that is nearest to a day of the month, in the
// same month.
func nearestWeekday(day, last, weekday int) int {
	switch {
	case weekday == 6 && day == 1:
		return 3
	case weekday == 6:
		return day - 1
	case weekday == 0 && day == last:
		return day - 2
	case weekday == 0:
		return day + 1
	}
	return day
}

// match reports whether a date is one of the field's.
func (d *daysOfWeek) match(date civil.Date, weekday int) bool {
	return (d.every|d.nth[(date.Day+6)/7])>>weekday&1 == 1 ||
		d.last>>weekday&1 == 1 && date.Day > date.Last()-7
}
