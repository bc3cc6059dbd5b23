package advice

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/backtest"
)

var begin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// hourly is a history of so many good runs at five past, without the n-th.
func hourly(runs, without int) backtest.History {
	var h backtest.History
	for i := range runs {
		if at := begin.Add(time.Duration(i)*time.Hour + 5*time.Minute); i != without {
			h.Pings = append(h.Pings, fsm.PingRecord{At: at, Received: at, Kind: fsm.SignalSuccess, Took: -1})
		}
	}
	h.Until = begin.Add(time.Duration(runs)*time.Hour + time.Minute)
	return h
}

func TestTheThresholdsOfTheHeartbeatStay(t *testing.T) {
	t.Parallel()
	spec := fsm.Spec{Name: "x", Slug: "x", Interval: 600, Grace: 60, Threshold: 1, Arm: fsm.ArmCreated, MinRun: 5}
	a := Of(spec, hourly(48, 20), schedules.UTC{})
	if a.Current.Words() != "47 alerts in 1 d 23 h" {
		t.Errorf("every 10 minutes: %s", a.Current.Words())
	}
	if len(a.Options) != 2 || a.Options[0].Spec.Schedule[0] != "5 * * * *" || a.Options[0].Count != 1 || a.Options[0].Same {
		t.Fatalf("%+v", a.Options)
	}
	spec.Threshold = 2
	for _, o := range Of(spec, hourly(48, 20), schedules.UTC{}).Options {
		if o.Count != 0 || o.Spec.Threshold != 2 || o.Spec.MinRun != 5 || o.Spec.Validate() != nil {
			t.Errorf("with two misses in a row: %+v", o)
		}
	}
}

func TestAnOptionFillsTheForm(t *testing.T) {
	t.Parallel()
	spec := fsm.Spec{Name: "x", Slug: "x", Interval: 600, Threshold: 2, Arm: fsm.ArmCreated}
	options := Of(spec, hourly(48, -1), schedules.UTC{}).Options
	for i, want := range []url.Values{
		{"every": {""}, "schedule": {"5 * * * *"}, "tz": {"UTC"}, "grace": {"1m"}, "max_run_secs": {""}, "min_run_secs": {""}},
		{"every": {"1h"}, "schedule": {""}, "tz": {""}, "grace": {"1m"}, "max_run_secs": {""}, "min_run_secs": {""}},
	} {
		if got, err := url.ParseQuery(strings.TrimPrefix(options[i].Query(), "?")); err != nil || got.Encode() != want.Encode() {
			t.Errorf("%v, want %v", got, want)
		}
	}
	used := options[0].Spec
	if again := Of(used, hourly(48, -1), schedules.UTC{}); !again.Options[0].Same || again.Current.Count != 0 {
		t.Errorf("what was used is still suggested: %+v", again)
	}
}

func TestATrialSaysHowLongTheHistoryIs(t *testing.T) {
	for days, want := range map[float64]string{0: "1 alert in less than a minute", 1.0 / 24: "1 alert in 1 h", 90.2: "1 alert in 90 days"} {
		if got := (Trial{Count: 1, Days: days}).Words(); got != want {
			t.Errorf("%v days: %s, want %s", days, got, want)
		}
	}
}

func TestATrialTellsTheNewestAlerts(t *testing.T) {
	t.Parallel()
	h := hourly(48, -1)
	trial := Try(fsm.Spec{Interval: 600, Grace: 0, Threshold: 1}, h, schedules.UTC{})
	if trial.Count != 48 || len(trial.Alerts) != shownAlerts || trial.Earlier() != "and 38 earlier ones" || !trial.Alerts[0].At.After(trial.Alerts[1].At) {
		t.Errorf("%d, %s: %+v", trial.Count, trial.Earlier(), trial.Alerts)
	}
	if why := trial.Why(trial.Alerts[0]); why != "no run came in time" {
		t.Error(why)
	}
	for _, reason := range []backtest.Reason{backtest.Missed, backtest.Failed, backtest.Overdue, backtest.TooQuick} {
		if trial.Why(backtest.Alert{Reason: reason}) == "" {
			t.Errorf("no words for %s", reason)
		}
	}
	if none := Try(fsm.Spec{Interval: 600, Threshold: 1}, backtest.History{Until: begin}, schedules.UTC{}); none.Pings != 0 || none.Count != 0 {
		t.Errorf("%+v", none)
	}
}
