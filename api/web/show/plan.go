package show

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

// plan says when a heartbeat was expected.
type plan interface {
	// between are the newest few expected times between a run and a moment, oldest first.
	between(run, before time.Time, most int) []time.Time

	// late reports whether a run ended late for the time that it was expected at, when
	// another had ended before.
	late(p fsm.PingRecord, before time.Time, grace time.Duration) bool
}

// planOf is that of a spec; of a schedule that this version cannot read, nothing is known.
func planOf(spec fsm.Spec, zone *time.Location) plan {
	if len(spec.Schedule) == 0 {
		return every(time.Duration(spec.Interval) * time.Second)
	}
	when, err := schedule.Parse(spec.Schedule)
	if err != nil || zone == nil {
		return every(0)
	}
	return scheduled{when, zone}
}

// every is a plan that counts from the last run; 0: of nothing.
type every time.Duration

func (e every) between(run, before time.Time, most int) (times []time.Time) {
	if e <= 0 {
		return nil
	}
	n := int((before.Sub(run) - 1) / time.Duration(e))
	for k := max(1, n-most+1); k <= n; k++ {
		times = append(times, run.Add(time.Duration(k)*time.Duration(e)))
	}
	return times
}

func (e every) late(p fsm.PingRecord, before time.Time, grace time.Duration) bool {
	return e > 0 && p.At.Sub(before) > time.Duration(e)+grace/4 // no job is punctual to the second
}

// scheduled is a plan of moments that a schedule names.
type scheduled struct {
	when schedule.Schedule
	zone *time.Location
}

const (
	maxTimes = 500 // that are looked at in one go to find the newest few
	maxGoes  = 60
)

func (s scheduled) between(run, before time.Time, most int) []time.Time {
	after := s.answered(run)
	if first, ok := s.when.Next(after, s.zone); !ok || !first.Before(before) || most <= 0 {
		return nil
	}
	// A schedule can be followed forwards only: from ever longer ago, until that is enough, and
	// from half way to there if it is too much.
	from, few, many := latest(after, before.Add(-s.way(before)*time.Duration(most))), before, time.Time{}
	for range maxGoes {
		times := s.follow(from, before)
		switch {
		case len(times) == maxTimes:
			many = from
		case len(times) < most && from.After(after):
			few = from
		default:
			return times[max(0, len(times)-most):]
		}
		if from = few.Add(-few.Sub(many) / 2); many.IsZero() {
			from = latest(after, few.Add(-4*before.Sub(few)))
		}
	}
	return nil
}

// follow is what the schedule names from one moment to another, up to maxTimes.
func (s scheduled) follow(from, before time.Time) (times []time.Time) {
	for at := from; len(times) < maxTimes; {
		next, ok := s.when.Next(at, s.zone)
		if !ok || !next.Before(before) {
			break
		}
		times, at = append(times, next), next
	}
	return times
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// way is how far two expected times are apart, about then.
func (s scheduled) way(about time.Time) time.Duration {
	if two := s.when.Times(about, s.zone, 2); len(two) == 2 {
		return two[1].Sub(two[0])
	}
	return 24 * time.Hour
}

// answered is the expected time that a run came a little too early for, or the run's own: a
// minute, or a tenth of the way to the next, is no earliness.
func (s scheduled) answered(run time.Time) time.Time {
	next := s.when.Times(run, s.zone, 2)
	if len(next) == 2 && next[0].Sub(run) <= min(time.Minute, next[1].Sub(next[0])/10) {
		return next[0]
	}
	return run
}

// late counts from when the run began, if that is known: long runs end after their time.
func (s scheduled) late(p fsm.PingRecord, before time.Time, grace time.Duration) bool {
	began := p.At.Add(-max(p.Took, 0))
	expected := s.between(before, began, 1)
	return len(expected) > 0 && began.Sub(expected[0]) > grace/4
}
