package cron

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/civil"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/expr"
)

// problem is an Error, and expressions near to the wrong one, nearest first. They may be wrong
// as well.
type problem struct {
	expr.Error
	near []string
}

func wholly(reason string, near ...string) *problem {
	p := &problem{near: near}
	p.Field, p.Reason = "expression", reason
	return p
}

// lastResort is suggested if nothing nearer works.
const lastResort = "0 2 * * *"

func firstThatWorks(near []string) string {
	for _, expression := range append(near, lastResort) {
		if works(expression) {
			return expression
		}
	}
	return lastResort
}

// wrongCount is for an expression of more or fewer than five fields.
func wrongCount(words []string) *problem {
	n := strconv.Itoa(len(words))
	if len(words) == 1 {
		n += " field"
	} else {
		n += " fields"
	}
	reason := "has " + n + "; cron has five (minute, hour, day of month, month, day of week)"
	joined := strings.Join(words, " ")
	if len(words) == 1 && hasLetters(joined) {
		for _, f := range []field{weekdayField, dayField} { // the rest of 1#2, 15W or mon-fri is not said
			if isDay(f, joined) {
				p := parser{words: strings.Fields(lastResort)}
				return wholly(reason, p.with(f, joined))
			}
		}
	}
	if zone, ok := zonePrefix(words[0]); ok {
		return wholly("begins with a time zone. Put "+zone+" into tz", strings.Join(words[1:], " "))
	}
	if len(words) < 5 {
		return wholly(reason, strings.Join(append(append([]string(nil), words...), strings.Fields("* * * *")[:max(0, 5-len(words))]...), " "))
	}
	near := []string{strings.ReplaceAll(joined, ", ", ",")}
	if (len(words) == 6 || len(words) == 7) && works(strings.Join(words[1:6], " ")) {
		return wholly(reason+", and no seconds or years. A calendar time (*-*-* 02:00:30) has seconds", strings.Join(words[1:6], " "))
	}
	return wholly(reason+". Leave user and command away", append(near, strings.Join(words[:5], " "))...)
}

// swapDays says so if what is wrong in one field of days would be right in the other: 1#2 in the day
// of month, 15W in the day of week.
func (p *problem) swapDays(words []string) {
	from, to, place := dayField, weekdayField, "day of week, the fifth field"
	if p.Field == weekdayField.name {
		from, to, place = weekdayField, dayField, "day of month, the third field"
	}
	if p.Field != from.name || len(words) != 5 {
		return
	}
	var rest, moved []string
	for item := range strings.SplitSeq(words[from.index], ",") {
		if hasLetters(item) && isDay(to, item) && !isDay(from, item) && !strings.EqualFold(item, "L") {
			moved = append(moved, item)
		} else {
			rest = append(rest, item)
		}
	}
	item := strings.Join(moved, ",")
	if !strings.Contains(item, p.Value) || item == "" {
		return
	}
	swapped := append([]string(nil), words...)
	swapped[from.index], swapped[to.index] = cmp.Or(strings.Join(rest, ","), "*"), item
	if !isStar(words[to.index]) {
		swapped[to.index] = words[to.index] + "," + item
	}
	p.Value, p.Reason = item, "belongs to the "+place
	p.near = append([]string{strings.Join(swapped, " ")}, p.near...)
}

func hasLetters(item string) bool {
	return strings.ContainsFunc(item, func(c rune) bool { return c == '#' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' })
}

// isDay reports whether a field of days takes an item.
func isDay(f field, item string) bool {
	p := parser{words: strings.Fields("0 0 * * *")}
	p.words[f.index] = item
	if f.index == dayField.index {
		p.daysOfMonth()
	} else {
		p.daysOfWeek()
	}
	return p.wrong == nil
}

// zonePrefix finds TZ=Europe/Berlin and CRON_TZ=Europe/Berlin.
func zonePrefix(word string) (zone string, ok bool) {
	name, zone, ok := strings.Cut(word, "=")
	return zone, ok && zone != "" && (name == "TZ" || name == "CRON_TZ")
}

// neverFires is for a date that does not exist, or never on the weekdays given.
func neverFires(e *Expression, expression string) *problem {
	p := parser{words: strings.Fields(expression)}
	if near := p.with(weekdayField, "*"); works(near) {
		p.fail(weekdayField, p.words[weekdayField.index], "is on none of the days of month given", "*")
		return p.wrong
	}
	p.fail(dayField, p.words[dayField.index], "does not exist in the months given", "L", strconv.Itoa(e.longestMonth()))
	return p.wrong
}

func (e *Expression) longestMonth() int {
	longest := 0
	for m := 1; m <= 12; m++ {
		if e.months>>m&1 == 1 {
			longest = max(longest, civil.Date{Year: 2000, Month: m, Day: 1}.Last())
		}
	}
	return longest
}

// Sooner are expressions near to one of which the days come too late, nearest first: on any weekday, on any day of
// the month.
func Sooner(expression string) []string {
	p := parser{words: strings.Fields(expression)}
	if len(p.words) != 5 {
		return []string{lastResort}
	}
	return []string{p.with(weekdayField, "*"), p.with(dayField, "*"), lastResort}
}
