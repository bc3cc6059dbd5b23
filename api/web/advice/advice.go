package advice

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/backtest"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/suggest"
)

// Advice is what the stored pings of a heartbeat say of its settings.
type Advice struct {
	Current Trial
	Options []Option // that fit, the best first; none if there are too few good runs
	Needs   int      // good runs that a suggestion needs
}

// Option is one set of settings that fits.
type Option struct {
	Spec fsm.Spec // the heartbeat's, with the option's settings
	Sure string   // sure, likely, a guess
	Fit  string   // how much it explains, of how many runs
	Same bool     // as the heartbeat has them now
	Trial
}

// Of looks at the history of a heartbeat.
func Of(s fsm.Spec, h backtest.History, zones schedules.Zones) Advice {
	current := schedules.SettingsOf(s, zones)
	a := Advice{Current: play(current, h), Needs: suggest.MinRuns}
	for _, x := range suggest.Suggest(h, schedules.ZonesOf(current)) {
		used := schedules.Applied(x, current)
		spec := with(s, used, x)
		a.Options = append(a.Options, Option{
			Spec: spec, Sure: x.Sure(), Fit: fmt.Sprintf("fits %.0f %% of %s", x.Fit*100, show.Plural(x.Runs, "good run", "good runs")),
			Same: sameTimes(spec, s), Trial: play(used, h),
		})
	}
	return a
}

// with returns the settings of a heartbeat that uses a suggestion.
func with(s fsm.Spec, used backtest.Settings, x suggest.Suggestion) fsm.Spec {
	s.Interval, s.Schedule, s.TZ = seconds(used.Interval), nil, ""
	if len(x.Expressions) > 0 {
		s.Interval, s.Schedule, s.TZ = 0, x.Expressions, x.Zone.String()
	}
	s.Grace, s.MaxRun, s.MinRun = seconds(used.Grace), seconds(used.MaxRun), seconds(used.MinRun)
	return s
}

// sameTimes reports whether two heartbeats are judged by the same times.
func sameTimes(a, b fsm.Spec) bool {
	zone := func(s fsm.Spec) string { return strings.TrimSuffix(s.TZ, "UTC") }
	return a.Interval == b.Interval && slices.Equal(a.Schedule, b.Schedule) && zone(a) == zone(b) &&
		a.Grace == b.Grace && a.MaxRun == b.MaxRun && a.MinRun == b.MinRun
}

// Query fills the form of the heartbeat with the option.
func (o Option) Query() string {
	q := url.Values{
		"every": {written(o.Spec.Interval)}, "schedule": {strings.Join(o.Spec.Schedule, "\n")}, "tz": {o.Spec.TZ}, "grace": {show.WriteDuration(o.Spec.Grace)},
		"max_run_secs": {written(o.Spec.MaxRun)}, "min_run_secs": {written(o.Spec.MinRun)},
	}
	return "?" + q.Encode()
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// written is a duration as the form has it, empty for none.
func written(secs int64) string {
	if secs == 0 {
		return ""
	}
	return show.WriteDuration(secs)
}
