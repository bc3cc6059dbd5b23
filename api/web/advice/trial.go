package advice

import (
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/backtest"
)

// shownAlerts is how many of a trial's alerts are listed.
const shownAlerts = 10

// Trial is what settings would have alerted on in a stored history.
type Trial struct {
	Count  int
	Alerts []backtest.Alert // the newest few of them, the newest first
	Days   float64          // that the history covers
	Pings  int              // in it; none: nothing is known
	now    time.Time
}

// Moment is one of its times.
func (t Trial) Moment(at time.Time) template.HTML { return show.Moment(at, t.now) }

// Try plays a history with the settings of a heartbeat.
func Try(s fsm.Spec, h backtest.History, zones schedules.Zones) Trial {
	return play(schedules.SettingsOf(s, zones), h)
}

func play(s backtest.Settings, h backtest.History) Trial {
	r := backtest.Run(s, h)
	newest := slices.Clone(r.Alerts[max(0, len(r.Alerts)-shownAlerts):])
	slices.Reverse(newest)
	return Trial{Count: len(r.Alerts), Alerts: newest, Days: r.Days(), Pings: len(h.Pings), now: h.Until}
}

// Words say how many alerts in how long: "3 alerts in 90 days".
func (t Trial) Words() string {
	return show.Plural(t.Count, "alert", "alerts") + " in " + t.Long()
}

// Long is how long the history is, in days where it has two.
func (t Trial) Long() string {
	if t.Days*24*60 < 1 {
		return "less than a minute"
	}
	if t.Days < 2 {
		return show.Span(time.Duration(t.Days * float64(24*time.Hour)))
	}
	return fmt.Sprintf("%.0f days", t.Days)
}

// Earlier is how many alerts are not listed, in words; "" if all are.
func (t Trial) Earlier() string {
	if n := t.Count - len(t.Alerts); n > 0 {
		return "and " + show.Plural(n, "earlier one", "earlier ones")
	}
	return ""
}

// reasons are those of alerts, as a person says them.
var reasons = map[backtest.Reason]string{
	backtest.Missed:   "no run came in time",
	backtest.Failed:   "the job reported a failure",
	backtest.Overdue:  "a run did not end in its time",
	backtest.TooQuick: "a good run was too short",
}

// Why tells the reason of an alert.
func (Trial) Why(a backtest.Alert) string { return reasons[a.Reason] }
