package compat

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// crontab is an expression of five fields, each the set of its numbers.
type crontab struct {
	minutes, hours, days, months, weekdays uint64
	anyDay, anyWeekday                     bool
}

var macros = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

const (
	monthNames   = "jan feb mar apr may jun jul aug sep oct nov dec"
	weekdayNames = "sun mon tue wed thu fri sat"
)

func parseCrontab(expr string) (c crontab, err error) {
	if macro, ok := macros[strings.TrimSpace(expr)]; ok {
		expr = macro
	}
	f := strings.Fields(strings.ToLower(expr))
	if len(f) != 5 {
		return c, fmt.Errorf("the crontab %.60q has %d fields; it must have 5", expr, len(f))
	}
	for i, field := range []struct {
		set       *uint64
		low, high int
		names     string
	}{{&c.minutes, 0, 59, ""}, {&c.hours, 0, 23, ""}, {&c.days, 1, 31, ""}, {&c.months, 1, 12, monthNames}, {&c.weekdays, 0, 7, weekdayNames}} {
		if *field.set, err = parseField(f[i], field.low, field.high, strings.Fields(field.names)); err != nil {
			return c, fmt.Errorf("the crontab %.60q: %v", expr, err)
		}
	}
	if c.weekdays&(1<<7) != 0 {
		c.weekdays |= 1 // 7 is Sunday too
	}
	c.anyDay, c.anyWeekday = f[2][0] == '*', f[4][0] == '*'
	return c, nil
}

// parseField reads a list of *, N, N-M, each with or without /STEP.
func parseField(field string, low, high int, names []string) (set uint64, err error) {
	number := func(text string) (int, bool) {
		for i, name := range names {
			if text == name {
				return low + i, true
			}
		}
		n, err := strconv.Atoi(text)
		return n, err == nil && n >= low && n <= high
	}
	for item := range strings.SplitSeq(field, ",") {
		span, stepText, stepped := strings.Cut(item, "/")
		first, last, ok := low, high, true
		if span != "*" {
			from, to, ranged := strings.Cut(span, "-")
			first, ok = number(from)
			if last = first; ranged {
				var fits bool
				last, fits = number(to)
				ok = ok && fits && last >= first
			} else if stepped {
				last = high
			}
		}
		step := 1
		if stepped {
			var e error
			step, e = strconv.Atoi(stepText)
			ok = ok && e == nil && step > 0
		}
		if !ok {
			return 0, fmt.Errorf("the field %.40q is not understood", field)
		}
		for ; first <= last; first += step {
			set |= 1 << first
		}
	}
	return set, nil
}

// on reports whether it runs on a day.
func (c *crontab) on(day time.Time) bool {
	if c.months&(1<<day.Month()) == 0 {
		return false
	}
	d, w := c.days&(1<<day.Day()) != 0, c.weekdays&(1<<day.Weekday()) != 0
	if c.anyDay || c.anyWeekday {
		return d && w
	}
	return d || w
}

// longestGap is the longest time in minutes that an expression leaves between two runs,
// in years of all kinds.
func longestGap(expr string) (int64, error) {
	c, err := parseCrontab(expr)
	if err != nil {
		return 0, err
	}
	first, last, longest := int64(-1), int64(0), int64(0) // of the runs of a day
	for m := range int64(24 * 60) {
		if c.hours&(1<<(m/60)) == 0 || c.minutes&(1<<(m%60)) == 0 {
			continue
		}
		if first < 0 {
			first = m
		} else {
			longest = max(longest, m-last)
		}
		last = m
	}
	begin, before, days := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), 0, 0
	for day := range 12 * 366 {
		if !c.on(begin.AddDate(0, 0, day)) {
			continue
		}
		if days++; days > 1 {
			longest = max(longest, int64(day-before)*24*60-last+first)
		}
		before = day
	}
	if days < 2 {
		return 0, fmt.Errorf("the crontab %.60q never comes", expr)
	}
	return longest, nil
}
