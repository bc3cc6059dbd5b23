package backtest

import (
	"sort"
	"time"
)

// maxTimes bounds the expected times of a schedule that are computed: two weeks of every
// minute, or two years of every hour. A longer history is judged up to there.
const maxTimes = 20_000

// plan says when the runs after an anchor are expected.
type plan interface {
	// expected is the n-th expected time, from 1, after a good run at a moment.
	expected(anchor time.Time, n int) (time.Time, bool)

	// countsFor is the moment for which what came at another counts.
	countsFor(t time.Time) time.Time

	// way is the least time between two.
	way() time.Duration
}

// every is a plan that counts from the last good run.
type every time.Duration

func (e every) expected(anchor time.Time, n int) (time.Time, bool) {
	return anchor.Add(time.Duration(n) * time.Duration(e)), true
}

func (e every) countsFor(t time.Time) time.Time { return t }

func (e every) way() time.Duration { return time.Duration(e) }

// timetable is a plan of fixed moments, sorted.
type timetable []time.Time

func newTimetable(s Settings, h History) timetable {
	if len(h.Pings) == 0 {
		return nil
	}
	var times timetable
	for at := h.Pings[0].At.Add(-time.Minute); len(times) < maxTimes; {
		next, ok := s.Schedule.Next(at, s.Zone)
		if !ok {
			break
		}
		times, at = append(times, next), next
		if next.After(h.Until) {
			break
		}
	}
	return times
}

func (t timetable) way() time.Duration {
	least := time.Duration(0)
	for i := 1; i < len(t); i++ {
		if w := t[i].Sub(t[i-1]); least == 0 || w < least {
			least = w
		}
	}
	return least
}

func (t timetable) expected(anchor time.Time, n int) (time.Time, bool) {
	anchor = t.countsFor(anchor)
	i := sort.Search(len(t), func(i int) bool { return t[i].After(anchor) })
	if i += n - 1; i >= len(t) {
		return time.Time{}, false
	}
	return t[i], true
}

// countsFor is the next expected time, if that is near.
func (t timetable) countsFor(at time.Time) time.Time {
	i := sort.Search(len(t), func(i int) bool { return t[i].After(at) })
	if i < len(t) && t[i].Sub(at) <= t.early(i) {
		return t[i]
	}
	return at
}

// early is how long before an expected time a ping counts for it: a minute, or a tenth of the way
// from the one before, or to the one after the first.
func (t timetable) early(i int) time.Duration {
	switch {
	case i > 0:
		return min(time.Minute, t[i].Sub(t[i-1])/10)
	case len(t) > 1:
		return min(time.Minute, t[1].Sub(t[0])/10)
	}
	return time.Minute
}
