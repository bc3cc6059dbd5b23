package cron

import (
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/civil"
)

// Expression is a parsed cron expression.
type Expression struct {
	minutes  uint64 // bit n: minute n
	hours    uint32
	months   uint16 // bit n: month n, from 1
	days     daysOfMonth
	weekdays daysOfWeek

	fixed   bool // neither minute nor hour begins with a star
	bothDay bool // day of month and day of week begin with a star, either of them: both must match
}

// Parse reads an expression. Its errors are of type *expr.Error.
func Parse(expression string) (*Expression, error) {
	e, wrong := parse(expression)
	if wrong == nil && !e.fires() {
		wrong = neverFires(e, expression)
	}
	if wrong == nil {
		return e, nil
	}
	wrong.swapDays(strings.Fields(expression))
	wrong.Expression = expression
	wrong.Suggestion = firstThatWorks(wrong.near)
	return nil, &wrong.Error
}

// works reports whether Parse accepts an expression.
func works(expression string) bool {
	e, wrong := parse(expression)
	return wrong == nil && e.fires()
}

func parse(expression string) (*Expression, *problem) {
	words := strings.Fields(expression)
	if len(words) == 0 {
		return nil, wholly("is empty")
	}
	if strings.HasPrefix(words[0], "@") {
		return parseNickname(words)
	}
	if len(words) != 5 {
		return nil, wrongCount(words)
	}
	return parseFields(words)
}

// Next is the first moment after the given one at which the job fires, in UTC; false if
// there is none within ten years.
func (e *Expression) Next(after time.Time, loc *time.Location) (time.Time, bool) {
	return civil.Search(after, loc, e.firstIn)
}
