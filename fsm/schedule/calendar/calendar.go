package calendar

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/civil"
)

// Expression is a parsed calendar time.
type Expression struct {
	years    years
	months   uint16    // bit n: month n, from 1
	days     [4]uint32 // bit n: day n, in months of 28, 29, 30 and 31 days
	weekdays uint8     // bit n: 0 for Sunday
	hours    uint32
	minutes  uint64
	second   int

	dates dates // as written, for Describe
}

// Parse reads a calendar time. Its errors are of type *expr.Error.
func Parse(expression string) (*Expression, error) {
	e, wrong := parse(expression)
	if wrong == nil && !e.elapses() {
		wrong = neverElapses(expression)
	}
	if wrong == nil {
		return e, nil
	}
	wrong.Expression = expression
	wrong.Suggestion = firstThatWorks(wrong.near)
	return nil, &wrong.Error
}

// Next is the first moment after the given one at which the time elapses, in UTC; false if there
// is none within ten years.
func (e *Expression) Next(after time.Time, loc *time.Location) (time.Time, bool) {
	return civil.Search(after, loc, e.firstIn)
}

// firstIn is the first moment from one on, up to another, in a stretch of one offset.
func (e *Expression) firstIn(s civil.Stretch, from, to int64) (int64, bool) {
	wall := max(s.Wall(from), s.WallSeen())
	wall, ok := e.nextWall(wall, s.Wall(to))
	return s.Unix(wall), ok
}
