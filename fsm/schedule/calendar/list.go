package calendar

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/expr"
)

// field is one number of a date or time.
type field struct {
	name      string
	low, high int
}

var (
	yearField   = field{"year", firstYear, lastYear}
	monthField  = field{"month", 1, 12}
	dayField    = field{"day", 1, 31}
	dayEndField = field{"day", 1, 28} // counted from the end, so that every month has it
	hourField   = field{"hour", 0, 23}
	minuteField = field{"minute", 0, 59}
	secondField = field{"second", 0, 59}
)

// span is a number, a range or a repetition: from first to last by step.
type span struct {
	first, last, step int
	open              bool // a repetition that goes on to the end of the field
}

// list reads the numbers of a field; star reports that it is a star, and so any.
func (p *parser) list(f field, text string) (spans []span, star bool) {
	if text == "*" {
		return []span{{first: f.low, last: f.high, step: 1}}, true
	}
	for item := range strings.SplitSeq(text, ",") {
		s, ok := p.span(f, item)
		if !ok {
			return nil, false
		}
		spans = append(spans, s)
	}
	return spans, false
}

func (p *parser) span(f field, item string) (span, bool) {
	numbers, step, hasStep := strings.Cut(item, "/")
	first, last, isRange := strings.Cut(numbers, "..")
	s := span{step: 1}
	var ok bool
	if s.first, ok = p.value(f, item, first); !ok {
		return s, false
	}
	s.last = s.first
	if isRange {
		if s.last, ok = p.value(f, item, last); !ok {
			return s, false
		}
		if s.last < s.first {
			p.fail(f, item, "begins after it ends", asRange(s.first, f.high)+","+asRange(f.low, s.last))
			return s, false
		}
	}
	if hasStep && !p.step(f, &s, item, numbers, step, isRange) {
		return s, false
	}
	return s, true
}

// step reads what follows a slash. A repetition without an end must happen at least once more.
func (p *parser) step(f field, s *span, item, numbers, text string, isRange bool) bool {
	n, ok := expr.Number(text)
	if !ok {
		p.fail(f, item, "has a repetition that is no number", numbers+"/2", numbers)
		return false
	}
	if n == 0 {
		p.fail(f, item, "repeats every 0", numbers)
		return false
	}
	s.step = n
	if isRange {
		return true
	}
	s.open = true
	room := f.high - s.first
	if f == dayEndField {
		room = s.first - 1
	}
	if n > room {
		p.fail(f, item, "never repeats: its step leads beyond the end", numbers)
		return false
	}
	s.last = f.high
	return true
}

func asRange(low, high int) string {
	if low >= high {
		return strconv.Itoa(low)
	}
	return fmt.Sprintf("%d..%d", low, high)
}

// value reads a number within the limits of the field.
func (p *parser) value(f field, item, text string) (int, bool) {
	n, ok := expr.Number(text)
	if ok && f == yearField {
		n = fullYear(n)
	}
	switch {
	case !ok:
		p.notANumber(f, item, text)
	case n < f.low:
		p.fail(f, text, fmt.Sprintf("is less than %d", f.low), strconv.Itoa(f.low))
	case n > f.high:
		p.fail(f, text, fmt.Sprintf("is more than %d", f.high), f.tooMuch(n))
	default:
		return n, true
	}
	return 0, false
}

// fullYear reads years of two digits as systemd does.
func fullYear(n int) int {
	switch {
	case n < 70:
		return n + 2000
	case n < 100:
		return n + 1900
	}
	return n
}

// tooMuch is what a number above the limit may have meant: 24:00 is 0:00.
func (f field) tooMuch(n int) string {
	if f.low == 0 && n == f.high+1 {
		return "0"
	}
	return strconv.Itoa(f.high)
}

func (p *parser) notANumber(f field, item, text string) {
	low := strconv.Itoa(f.low)
	switch {
	case text == "":
		p.fail(f, item, "lacks a number", low)
	case text == "*":
		p.fail(f, item, "has a star beside something else: a star stands alone", strings.Replace(item, "*", low, 1), "*")
	case strings.Contains(text, "-"):
		p.fail(f, item, "has a dash: a range is written with two dots", strings.Replace(item, "-", "..", 1))
	case f == secondField && strings.Contains(text, "."):
		whole, _, _ := strings.Cut(text, ".")
		p.fail(f, item, "has a fraction: nobody can watch for that", whole)
	default:
		p.fail(f, item, fmt.Sprintf("is no number from %d to %d", f.low, f.high), low)
	}
}

// setOf is the set of a field's numbers.
func setOf(spans []span) uint64 {
	var set uint64
	for _, s := range spans {
		for n := s.first; n <= s.last; n += s.step {
			set |= 1 << n
		}
	}
	return set
}

// bitsFromEnd is the set of days of a month, of so many days, that spans count from its end. A range
// counts on from its first number, away from the end; a repetition without an end goes on towards it.
func bitsFromEnd(spans []span, days int) uint64 {
	var set uint64
	for _, s := range spans {
		if s.open {
			for n := days + 1 - s.first; n <= days; n += s.step {
				set |= 1 << n
			}
			continue
		}
		for n := s.first; n <= s.last; n += s.step {
			set |= 1 << (days + 1 - n)
		}
	}
	return set
}
