package cron

import (
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

// zonePrefix finds TZ=Europe/Berlin and CRON_TZ=Europe/Berlin.
func zonePrefix(word string) (zone string, ok bool) {
	name, zone, ok := strings.Cut(word, "=")
	return zone, ok && zone != "" && (name == "TZ" || name == "CRON_TZ")
}

// neverFires is for a date that does not exist.
func neverFires(e *Expression, expression string) *problem {
	p := parser{words: strings.Fields(expression)}
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
