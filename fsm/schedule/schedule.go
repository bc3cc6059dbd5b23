package schedule

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/calendar"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/civil"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/cron"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/expr"
)

// Error says what is wrong with an expression: the field, its value, the reason, and an
// expression near to it that would work, if one was found.
type Error = expr.Error

// Schedule is what Parse made of expressions. The zero Schedule names no moment. It is
// never changed, so it may be shared.
type Schedule struct {
	expressions []string
	rules       []rule
}

// rule is one expression.
type rule interface {
	// Next is the first moment after the given one, or false if none comes within
	// civil.Reach.
	Next(after time.Time, loc *time.Location) (time.Time, bool)
	// Describe says in English when that is.
	Describe() string
}

var (
	_ rule = (*cron.Expression)(nil)
	_ rule = (*calendar.Expression)(nil)
)

// Parse reads 1 to MaxExpressions expressions of at most MaxLength bytes. Its errors are
// of type *Error.
func Parse(expressions []string) (Schedule, error) {
	if len(expressions) == 0 {
		return Schedule{}, &Error{Field: "schedule", Reason: "is empty", Suggestion: "0 2 * * *"}
	}
	if len(expressions) > MaxExpressions {
		return Schedule{}, tooMany(len(expressions))
	}
	s := Schedule{expressions: slices.Clone(expressions)}
	for _, e := range expressions {
		r, err := parseOne(e)
		if err != nil {
			return Schedule{}, err
		}
		s.rules = append(s.rules, r)
	}
	return s, nil
}

// Expressions are those that Parse was given.
func (s Schedule) Expressions() []string { return slices.Clone(s.expressions) }

// Next is the first moment after the given one, in UTC; false if none comes within ten years.
func (s Schedule) Next(after time.Time, loc *time.Location) (time.Time, bool) {
	var first time.Time
	found := false
	for _, r := range s.rules {
		if t, ok := r.Next(after, loc); ok && (!found || t.Before(first)) {
			first, found = t, true
		}
	}
	return first, found
}

// Times are the first n moments after the given one, earliest first; fewer if they end.
func (s Schedule) Times(after time.Time, loc *time.Location, n int) []time.Time {
	var times []time.Time
	for len(times) < n {
		t, ok := s.Next(after, loc)
		if !ok {
			break
		}
		times = append(times, t)
		after = t
	}
	return times
}

// Last is the last moment up to a time that is no longer than a while before it, to the second; false if there
// is none.
func (s Schedule) Last(upTo time.Time, loc *time.Location, within time.Duration) (time.Time, bool) {
	// A schedule can be followed forwards only: from the latest second from which it comes to a moment up to then.
	comes := func(ago time.Duration) bool {
		next, ok := s.Next(upTo.Add(-ago), loc)
		return ok && !next.After(upTo)
	}
	seconds := int(within / time.Second)
	n := sort.Search(seconds, func(n int) bool { return comes(time.Duration(n) * time.Second) })
	if !comes(time.Duration(n) * time.Second) {
		return time.Time{}, false
	}
	return s.Next(upTo.Add(-time.Duration(n)*time.Second), loc)
}

// Check is an *Error for the first expression that names no moment within ten years from
// then on: a year that has passed, or a date that comes once in 28 years.
func (s Schedule) Check(from time.Time, loc *time.Location) error {
	for i, r := range s.rules {
		if _, ok := r.Next(from, loc); !ok {
			return &Error{
				Expression: s.expressions[i], Field: "date",
				Reason:     "does not come within " + civil.ReachWords,
				Suggestion: sooner(s.expressions[i], from, loc),
			}
		}
	}
	return nil
}

// sooner is the nearest expression that comes within ten years; empty if none does.
func sooner(expression string, from time.Time, loc *time.Location) string {
	near := cron.Sooner
	if looksLikeCalendar(expression) {
		near = calendar.Sooner
	}
	for _, e := range near(expression) {
		if r, err := parseOne(e); err == nil {
			if _, comes := r.Next(from, loc); comes {
				return e
			}
		}
	}
	return ""
}

// Describe says in English when the schedule fires: "At 02:00, Monday to Friday".
func (s Schedule) Describe() string {
	said := make([]string, len(s.rules))
	for i, r := range s.rules {
		said[i] = r.Describe()
		if i > 0 {
			said[i] = strings.ToLower(said[i][:1]) + said[i][1:]
		}
	}
	return strings.Join(said, "; ")
}
