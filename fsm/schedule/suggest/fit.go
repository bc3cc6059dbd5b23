package suggest

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

// candidate is a schedule and what it explains.
type candidate struct {
	expressions []string
	zone        *time.Location
	schedule    schedule.Schedule
	fit         float64
	late        []time.Duration // of the runs that came, at their end
	lag         time.Duration   // typical, of their starts
	period      time.Duration   // typical
}

func parse(expressions []string) (schedule.Schedule, bool) {
	s, err := schedule.Parse(expressions)
	return s, err == nil
}

// try matches a pattern with the runs; false if it explains nothing.
func try(expressions []string, zone *time.Location, runs []run) (candidate, bool) {
	c := candidate{expressions: expressions, zone: zone}
	var ok bool
	if c.schedule, ok = parse(expressions); !ok {
		return c, false
	}
	times := c.times(runs)
	if len(times) < 2 {
		return c, false
	}
	c.match(times, runs)
	return c, c.fit > 0
}

// times are the expected ones between the first run and the last, and one more.
func (c *candidate) times(runs []run) []time.Time {
	const early = time.Minute
	at := runs[0].start.Add(-2 * time.Hour)
	last := runs[len(runs)-1].start.Add(early)
	var times []time.Time
	for len(times) < 4*len(runs)+10 { // a pattern of which three in four did not come is none
		next, ok := c.schedule.Next(at, c.zone)
		if !ok {
			break
		}
		times, at = append(times, next), next
		if next.After(last) {
			break
		}
	}
	for len(times) > 1 && !times[1].After(runs[0].start.Add(early)) {
		times = times[1:]
	}
	return times
}

// match gives each expected time the first run that came for it.
func (c *candidate) match(times []time.Time, runs []run) {
	hits, i := 0, 0
	var lags, periods []time.Duration
	for n := range len(times) - 1 {
		way := times[n+1].Sub(times[n])
		periods = append(periods, way)
		until := times[n+1].Add(-min(time.Minute, way/10))
		for first := true; i < len(runs) && runs[i].start.Before(until); i++ {
			if lag := runs[i].start.Sub(times[n]); first && lag < way/2 {
				hits++
				lags = append(lags, lag)
				c.late = append(c.late, max(0, runs[i].end.Sub(times[n])))
			}
			first = false
		}
	}
	if hits == 0 {
		return
	}
	slices.Sort(lags)
	slices.Sort(periods)
	c.lag, c.period = quantile(lags, 0.9), quantile(periods, 0.5)
	c.fit = min(float64(hits)/float64(len(times)-1), float64(hits)/float64(len(runs)))
}

// ordered reports whether a clock orders the runs: they start within a tenth of the way to the next, or an hour,
// after the expected times.
func (c *candidate) ordered() bool {
	return c.fit >= 0.75 && c.lag <= max(min(c.period/10, time.Hour), 10*time.Second)
}

// better reports whether one candidate explains the runs better: more of them, or as many and clearly closer. Rounder
// times are tried first, and so are preferred.
func (c *candidate) better(than *candidate) bool {
	if diff := c.fit - than.fit; diff > 0.02 || diff < -0.02 {
		return diff > 0
	}
	if diff := c.lag - than.lag; diff.Abs() > min(max(time.Minute, than.period/100), 5*time.Minute) {
		return diff < 0
	}
	return len(c.expressions) < len(than.expressions)
}

func bestSchedule(runs []run, zones []*time.Location) (Suggestion, bool) {
	var best candidate
	found := false
	for _, zone := range zones {
		for _, expressions := range patterns(runs, zone) {
			c, ok := try(expressions, zone, runs)
			if ok && c.ordered() && (!found || c.better(&best)) {
				best, found = c, true
			}
		}
	}
	if !found {
		return Suggestion{}, false
	}
	return Suggestion{
		Expressions: best.expressions, Zone: best.zone, Description: best.schedule.Describe(),
		Grace: graceFor(best.late, best.period), Fit: best.fit,
	}, true
}

// interval is the usual time from one run's end to the next's.
func interval(runs []run) (Suggestion, bool) {
	var ways []time.Duration
	for i := 1; i < len(runs); i++ {
		if way := runs[i].end.Sub(runs[i-1].end); way > 0 {
			ways = append(ways, way)
		}
	}
	if len(ways) < MinRuns-1 {
		return Suggestion{}, false
	}
	slices.Sort(ways)
	usual := roundInterval(quantile(ways, 0.5))
	var late []time.Duration
	for _, way := range ways {
		if way > usual/2 && way < 3*usual/2 {
			late = append(late, max(0, way-usual))
		}
	}
	if len(late) == 0 {
		return Suggestion{}, false
	}
	fit := float64(len(late)) / float64(len(ways))
	return Suggestion{Interval: usual, Grace: graceFor(late, usual), Fit: fit}, true
}
