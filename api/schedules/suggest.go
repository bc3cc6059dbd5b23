package schedules

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/backtest"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/suggest"
)

// MaxPings is how many of the newest pings are looked at.
const MaxPings = 2_000

// Suggestions are the settings that a heartbeat's stored pings suggest, and what others would have
// alerted on.
type Suggestions struct {
	Suggestions []Suggestion `json:"suggestions"` // best first; none if there are too few good runs
	Current     Trial        `json:"current"`     // what the present settings would have alerted on
	Tried       *Trial       `json:"tried"`       // and those of the query
	Pings       int          `json:"pings"`       // that were looked at
	Needs       int          `json:"needs"`       // good runs that a suggestion needs
	TZData      string       `json:"tz_data"`
}

// Suggestion is one set of settings: a schedule with its tz, or an interval.
type Suggestion struct {
	Schedule     []string `json:"schedule"` // null: interval_secs
	TZ           *string  `json:"tz"`
	Description  string   `json:"description"`
	IntervalSecs *int64   `json:"interval_secs"`
	GraceSecs    int64    `json:"grace_secs"`
	MaxRunSecs   *int64   `json:"max_run_secs"`
	MinRunSecs   *int64   `json:"min_run_secs"`
	Fit          float64  `json:"fit"`  // 0 to 1: how much of the history it explains
	Sure         string   `json:"sure"` // sure, likely, a guess
	Runs         int      `json:"runs"` // good ones that it stands on
	Trial
}

// Trial is what settings would have alerted on.
type Trial struct {
	Alerts int       `json:"alerts"`
	Days   float64   `json:"days"` // that the history covers
	Failed []Failure `json:"failed"`
}

// Failure is one of those alerts; the newest are told.
type Failure struct {
	At     string  `json:"at"`
	Reason string  `json:"reason"` // missed, failed, overdue, too quick
	Until  *string `json:"until"`  // null: no good run ended it
}

const maxFailures = 20

// Suggest looks at a history. Zones are tried in their order.
func Suggest(h backtest.History, zones []*time.Location, current backtest.Settings, tried *backtest.Settings) Suggestions {
	out := Suggestions{Suggestions: []Suggestion{}, Current: trial(backtest.Run(current, h)), Pings: len(h.Pings), Needs: suggest.MinRuns}
	for _, s := range suggest.Suggest(h, zones) {
		out.Suggestions = append(out.Suggestions, worded(s, trial(backtest.Run(Applied(s, current), h))))
	}
	if tried != nil {
		t := trial(backtest.Run(*tried, h))
		out.Tried = &t
	}
	return out
}

// Applied are the settings of a heartbeat that uses a suggestion: what that leaves open stays.
func Applied(s suggest.Suggestion, current backtest.Settings) backtest.Settings {
	b := s.Settings()
	b.MissThreshold, b.FailureThreshold = current.MissThreshold, current.FailureThreshold
	b.MaxRun, b.MinRun = cmp.Or(b.MaxRun, current.MaxRun), cmp.Or(b.MinRun, current.MinRun)
	if b.MaxRun > 0 && b.MinRun >= b.MaxRun {
		b.MinRun = 0
	}
	return b
}

func worded(s suggest.Suggestion, would Trial) Suggestion {
	out := Suggestion{
		Description: s.Description, GraceSecs: seconds(s.Grace), MaxRunSecs: secondsIfAny(s.MaxRun), MinRunSecs: secondsIfAny(s.MinRun),
		Fit: math.Round(s.Fit*1000) / 1000, Sure: s.Sure(), Runs: s.Runs, Trial: would,
	}
	if len(s.Expressions) > 0 {
		tz := s.Zone.String()
		out.Schedule, out.TZ = s.Expressions, &tz
	} else {
		out.IntervalSecs = secondsIfAny(s.Interval)
		out.Description = every(s.Interval)
	}
	return out
}

// every says an interval in its largest whole unit: "Every 2 hours".
func every(d time.Duration) string {
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		switch n := d / u.size; {
		case d%u.size != 0:
		case n == 1:
			return "Every " + u.name
		default:
			return fmt.Sprintf("Every %d %ss", n, u.name)
		}
	}
	return fmt.Sprintf("Every %d seconds", seconds(d))
}

func trial(r backtest.Result) Trial {
	t := Trial{Alerts: len(r.Alerts), Days: math.Round(r.Days()*10) / 10, Failed: []Failure{}}
	for _, a := range r.Alerts[max(0, len(r.Alerts)-maxFailures):] {
		f := Failure{At: stamp(a.At), Reason: string(a.Reason)}
		if !a.Until.IsZero() {
			until := stamp(a.Until)
			f.Until = &until
		}
		t.Failed = append(t.Failed, f)
	}
	return t
}

func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

func secondsIfAny(d time.Duration) *int64 {
	if d <= 0 {
		return nil
	}
	n := seconds(d)
	return &n
}
