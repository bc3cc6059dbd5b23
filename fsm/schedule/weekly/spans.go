package weekly

import (
	"slices"
	"time"
)

// Span is a time in which it is the hour, in Unix milliseconds: from From, before To.
type Span struct{ From, To int64 }

// Spans returns the first n times, or fewer, that are not over at a moment, in their order. What overlaps or
// touches is one. It looks at three weeks: what goes on longer ends there. zone finds the rules of a time zone.
func (h Hours) Spans(at time.Time, zone func(name string) (*time.Location, error), n int) (list []Span, err error) {
	const days = 21
	for _, e := range h {
		loc, err := zone(e.TZ)
		if err != nil {
			return nil, err
		}
		y, m, d := at.In(loc).Date()
		for i := -1; i <= days; i++ {
			day := time.Date(y, m, d+i, 12, 0, 0, 0, loc)
			if !slices.Contains(e.Days, Days[(int(day.Weekday())+6)%7]) {
				continue
			}
			to := e.To
			if to <= e.From {
				to += dayMinutes
			}
			x := Span{momentOf(y, m, d+i, e.From, loc), momentOf(y, m, d+i, to, loc)}
			if x.From < x.To && x.To > at.UnixMilli() {
				list = append(list, x)
			}
		}
	}
	slices.SortFunc(list, func(a, b Span) int { return int(min(1, max(-1, a.From-b.From))) })
	return merge(list, n), nil
}

func momentOf(y int, m time.Month, d, minutes int, loc *time.Location) int64 {
	return time.Date(y, m, d, 0, minutes, 0, 0, loc).UnixMilli()
}

func merge(sorted []Span, n int) (list []Span) {
	for _, x := range sorted {
		if last := len(list) - 1; last >= 0 && x.From <= list[last].To {
			list[last].To = max(list[last].To, x.To)
			continue
		}
		if len(list) == n {
			break
		}
		list = append(list, x)
	}
	return list
}
