package schedule

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/calendar"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/cron"
)

// Limits of what Parse takes.
const (
	MaxExpressions = 10
	MaxLength      = 256 // bytes of one expression
)

func tooMany(n int) *Error {
	return &Error{Field: "schedule", Reason: fmt.Sprintf("has %d expressions; at most %d are allowed", n, MaxExpressions)}
}

func parseOne(expression string) (rule, error) {
	if len(expression) > MaxLength {
		return nil, &Error{
			Expression: expression[:40] + "…", Field: "expression",
			Reason: fmt.Sprintf("is %d bytes long; at most %d are allowed", len(expression), MaxLength),
		}
	}
	if !utf8.ValidString(expression) {
		return nil, &Error{Expression: strings.ToValidUTF8(expression, "�"), Field: "expression", Reason: "is not valid UTF-8"}
	}
	if looksLikeCalendar(expression) {
		return calendarRule(expression)
	}
	return cronRule(expression)
}

// The two below keep a nil *Expression from becoming a rule that is not nil.

func calendarRule(expression string) (rule, error) {
	e, err := calendar.Parse(expression)
	if err != nil {
		return nil, err
	}
	return e, nil
}

func cronRule(expression string) (rule, error) {
	e, err := cron.Parse(expression)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// looksLikeCalendar tells a calendar time from cron. Cron has five fields, or begins with @;
// a calendar time has at most four words, of which one has a colon, or the first is a
// word or a date.
func looksLikeCalendar(expression string) bool {
	words := strings.Fields(expression)
	if len(words) == 0 || len(words) > 4 || strings.HasPrefix(words[0], "@") {
		return false
	}
	return strings.Contains(expression, ":") || beginsWithLetter(words[0]) || looksLikeDate(words[0])
}

func beginsWithLetter(word string) bool {
	c := word[0] | 0x20
	return c >= 'a' && c <= 'z'
}

// looksLikeDate finds the dashes and tildes of *-*-01 and 02~1; one dash between two numbers is a range
// of cron's only if more fields follow, and those have no such word alone.
func looksLikeDate(word string) bool { return strings.ContainsAny(word, "-~") }
