package suggest

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/backtest"
)

// MinRuns is how many good runs a suggestion needs.
const MinRuns = 5

// Suggestion is one set of settings.
type Suggestion struct {
	Expressions []string // a cron schedule; none: Interval
	Zone        *time.Location
	Description string // of the schedule, in English
	Interval    time.Duration

	Grace  time.Duration
	MaxRun time.Duration // 0: none, for no run's length is known
	MinRun time.Duration // 0: none

	Fit  float64 // 0 to 1: how much of the history it explains
	Runs int     // good runs that it stands on
}

// Sure says in a word how far to trust a suggestion.
func (s Suggestion) Sure() string {
	switch {
	case s.Fit >= 0.97 && s.Runs >= 20:
		return "sure"
	case s.Fit >= 0.9 && s.Runs >= 8:
		return "likely"
	}
	return "a guess"
}

// Suggest finds settings that fit a history, best first: at most one schedule, and an interval. A schedule goes
// first unless the interval explains much more: it does not wander. There
// are none for fewer than MinRuns good runs. Zones are tried in their order; the first wins where
// they do not differ.
func Suggest(h backtest.History, zones []*time.Location) []Suggestion {
	runs := goodRuns(h.Pings)
	if len(runs) < MinRuns {
		return nil
	}
	var list []Suggestion
	if s, ok := bestSchedule(runs, zones); ok {
		list = append(list, s)
	}
	if s, ok := interval(runs); ok {
		list = append(list, s)
	}
	for i := range list {
		list[i].MaxRun, list[i].MinRun = runLimits(runs)
		list[i].Runs = len(runs)
	}
	if len(list) == 2 && list[1].Fit > list[0].Fit+0.1 {
		slices.Reverse(list)
	}
	return list
}

// Settings are those of a suggestion, to be played through a history.
func (s Suggestion) Settings() backtest.Settings {
	b := backtest.Settings{Interval: s.Interval, Zone: s.Zone, Grace: s.Grace, MaxRun: s.MaxRun, MinRun: s.MinRun}
	if len(s.Expressions) > 0 {
		if parsed, ok := parse(s.Expressions); ok {
			b.Schedule = &parsed
		}
	}
	return b
}

// run is a good one.
type run struct {
	start, end time.Time
	took       time.Duration // negative: not known
}

func goodRuns(pings []fsm.PingRecord) []run {
	var runs []run
	for _, p := range pings {
		if p.Kind != fsm.SignalSuccess {
			continue
		}
		r := run{start: p.At, end: p.At, took: p.Took}
		if p.Took > 0 {
			r.start = p.At.Add(-p.Took)
		}
		runs = append(runs, r)
	}
	slices.SortFunc(runs, func(a, b run) int { return a.start.Compare(b.start) })
	return runs
}
