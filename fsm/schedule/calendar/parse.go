package calendar

import (
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/expr"
)

// shorthands are the words that stand for a calendar time.
var shorthands = map[string]string{
	"minutely": "*-*-* *:*:00",
	"hourly":   "*-*-* *:00:00",
	"daily":    "*-*-* 00:00:00",
	"weekly":   "Mon *-*-* 00:00:00",
	"monthly":  "*-*-01 00:00:00",

	"quarterly": "*-01,04,07,10-01 00:00:00",

	"semiannually": "*-01,07-01 00:00:00", "semi-annually": "*-01,07-01 00:00:00",
	"biannually": "*-01,07-01 00:00:00", "bi-annually": "*-01,07-01 00:00:00",

	"yearly": "*-01-01 00:00:00", "annually": "*-01-01 00:00:00", "anually": "*-01-01 00:00:00",
}

// dates is what Describe needs to know about a date beyond its sets.
type dates struct {
	anyYear, anyDay, fromEnd bool
	days                     []span
}

// parser reads an expression until the first problem.
type parser struct {
	expression string
	wrong      *problem
}

func parse(expression string) (*Expression, *problem) {
	p := parser{expression: expression}
	words := strings.Fields(expression)
	if len(words) == 1 {
		if meaning, ok := shorthands[strings.ToLower(words[0])]; ok {
			words = strings.Fields(meaning)
		}
	}
	e := p.words(words)
	return e, p.wrong
}

func (p *parser) words(words []string) *Expression {
	e := &Expression{weekdays: expr.AllWeekdays}
	words = p.dropZone(words)
	if len(words) > 0 && isLetter(words[0][0]) {
		e.weekdays = p.weekdays(words[0])
		words = words[1:]
	}
	date, clock := "*-*-*", "00:00:00"
	if len(words) > 0 && !strings.Contains(words[0], ":") {
		date, words = words[0], words[1:]
	}
	if len(words) > 0 && strings.Contains(words[0], ":") {
		clock, words = words[0], words[1:]
	}
	if len(words) > 0 {
		p.whole(words[0], "has no place here: it goes weekdays, date, time", without(p.expression, words[0]))
		return e
	}
	p.date(e, date)
	p.clock(e, clock)
	return e
}

// dropZone refuses a time zone at the end, or what else stands there.
func (p *parser) dropZone(words []string) []string {
	if len(words) < 2 {
		return words
	}
	last := words[len(words)-1]
	rest := strings.Join(words[:len(words)-1], " ")
	switch {
	case !isLetter(last[0]):
	case isDay(last):
		p.whole(last, "has no place here: weekdays come first", last+" "+rest)
	case last == strings.ToLower(last) && !strings.Contains(last, "/") && last != "utc":
		p.whole(last, "has no place here: it goes weekdays, date, time", rest, "02:00")
	default:
		p.whole(last, "is a time zone. Put it into tz", rest)
	}
	return words
}

func isDay(name string) bool { _, ok := dayNamed(name); return ok }

// dayNamed is 0 for Monday to 6 for Sunday.
func dayNamed(name string) (int, bool) {
	for i, day := range expr.Days {
		if strings.EqualFold(name, day) || strings.EqualFold(name, day[:3]) {
			return (i + 6) % 7, true
		}
	}
	return 0, false
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// weekdays reads names in lists and ranges.
func (p *parser) weekdays(text string) uint8 {
	var set uint8
	for item := range strings.SplitSeq(strings.TrimSuffix(text, ","), ",") {
		first, last, isRange := strings.Cut(item, "..")
		if !isRange {
			first, last, isRange = strings.Cut(item, "-")
		}
		from, ok := p.weekday(item, first)
		to := from
		if ok && isRange {
			to, ok = p.weekday(item, last)
		}
		if !ok {
			return 0
		}
		if to < from {
			p.fail(weekdayField, item, "begins after it ends; weeks begin on Monday", daysBetween(from, to))
			return 0
		}
		for d := from; d <= to; d++ {
			set |= 1 << ((d + 1) % 7)
		}
	}
	return set
}

var weekdayField = field{"weekday", 0, 6}

// weekday reads the name of a day.
func (p *parser) weekday(item, name string) (int, bool) {
	if day, ok := dayNamed(name); ok {
		return day, true
	}
	if shorthands[strings.ToLower(name)] != "" {
		rest := without(p.expression, name)
		p.whole(name, "stands alone: it is a date and a time already", rest, name)
		return 0, false
	}
	p.fail(weekdayField, item, "is no day (Mon to Sun), nor one of minutely, hourly, daily, weekly, monthly, quarterly, semiannually, yearly", nearDay(name)...)
	return 0, false
}

// date reads year-month-day or month-day, with a tilde before days that count from the end.
func (p *parser) date(e *Expression, text string) {
	year, month, day, fromEnd, ok := splitDate(text)
	if !ok {
		p.whole(text, "is no date: it goes year-month-day or month-day", nearDates(p.expression, text)...)
		return
	}
	spans, star := p.list(yearField, year)
	e.dates.anyYear = star
	for _, s := range spans {
		for y := s.first; y <= s.last; y += s.step {
			e.years.add(y)
		}
	}
	spans, _ = p.list(monthField, month)
	e.months = uint16(setOf(spans))
	p.days(e, day, fromEnd)
}

func (p *parser) days(e *Expression, text string, fromEnd bool) {
	f := dayField
	if fromEnd {
		f = dayEndField
	}
	e.dates.days, e.dates.anyDay = p.list(f, text)
	e.dates.fromEnd = fromEnd && !e.dates.anyDay
	for i := range e.days {
		if e.dates.fromEnd {
			e.days[i] = uint32(bitsFromEnd(e.dates.days, 28+i))
		} else {
			e.days[i] = uint32(setOf(e.dates.days))
		}
	}
	if fromEnd && e.dates.anyDay {
		e.days = [4]uint32{expr.AllDays, expr.AllDays, expr.AllDays, expr.AllDays}
	}
}

func splitDate(text string) (year, month, day string, fromEnd, ok bool) {
	rest, day, fromEnd := strings.Cut(text, "~")
	parts := strings.Split(rest, "-")
	if !fromEnd {
		day, parts = parts[len(parts)-1], parts[:len(parts)-1]
	}
	switch len(parts) {
	case 1:
		return "*", parts[0], day, fromEnd, true
	case 2:
		return parts[0], parts[1], day, fromEnd, true
	}
	return "", "", "", false, false
}

// clock reads hour:minute or hour:minute:second.
func (p *parser) clock(e *Expression, text string) {
	parts := strings.Split(text, ":")
	if len(parts) == 2 {
		parts = append(parts, "0")
	}
	if len(parts) != 3 {
		p.whole(text, "is no time: it goes hour:minute or hour:minute:second", p.replaced(text, "02:00"))
		return
	}
	hours, _ := p.list(hourField, parts[0])
	minutes, _ := p.list(minuteField, parts[1])
	e.hours, e.minutes = uint32(setOf(hours)), setOf(minutes)
	p.second(e, parts[2])
}

// second reads the one second of a minute.
func (p *parser) second(e *Expression, text string) {
	if whole, fraction, ok := strings.Cut(text, "."); ok && strings.Trim(fraction, "0") == "" && fraction != "" {
		text = whole
	}
	spans, _ := p.list(secondField, text)
	if len(spans) == 0 {
		return
	}
	set := setOf(spans)
	if set&(set-1) != 0 {
		p.fail(secondField, text, "elapses more than once a minute. Give interval_secs instead", "00")
		return
	}
	e.second = spans[0].first
}
