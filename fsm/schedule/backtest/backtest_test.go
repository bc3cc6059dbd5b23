package backtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/backtest"
)

func TestAHistoryWithoutPingsCoversNothing(t *testing.T) {
	if r := backtest.Run(backtest.Settings{}, backtest.History{Until: start}); r.Days() != 0 || len(r.Alerts) > 0 {
		t.Errorf("%d alerts in %g days", len(r.Alerts), r.Days())
	}
}

var start = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC) // a Monday

func at(d time.Duration) time.Time { return start.Add(d) }

// pings reads "0m ok, 60m start, 70m fail"; "90m ok of 60m" is one that came late.
func pings(t *testing.T, text string) []fsm.PingRecord {
	t.Helper()
	var list []fsm.PingRecord
	kinds := map[string]fsm.SignalKind{"ok": fsm.SignalSuccess, "start": fsm.SignalStart, "fail": fsm.SignalFail, "log": fsm.SignalLog}
	var began time.Time
	for item := range strings.SplitSeq(text, ",") {
		when, kind, _ := strings.Cut(strings.TrimSpace(item), " ")
		d, err := time.ParseDuration(when)
		if err != nil {
			t.Fatal(err)
		}
		kind, of, late := strings.Cut(kind, " of ")
		p := fsm.PingRecord{At: at(d), Received: at(d), Kind: kinds[kind], Took: fsm.NotKnown}
		if late {
			sent, err := time.ParseDuration(of)
			if err != nil {
				t.Fatal(err)
			}
			p.At = at(sent)
		}
		if p.Kind == fsm.SignalStart {
			began = p.At
		} else if !began.IsZero() {
			p.Took, began = p.At.Sub(began), time.Time{}
		}
		list = append(list, p)
	}
	return list
}

func TestBacktest(t *testing.T) {
	t.Parallel()
	hourly := backtest.Settings{Interval: time.Hour, Grace: 5 * time.Minute}
	daily, err := schedule.Parse([]string{"0 2 * * *"})
	if err != nil {
		t.Fatal(err)
	}
	nightly := backtest.Settings{Schedule: &daily, Grace: 10 * time.Minute}
	with := func(s backtest.Settings, change func(*backtest.Settings)) backtest.Settings {
		change(&s)
		return s
	}
	for _, tt := range []struct {
		name     string
		settings backtest.Settings
		pings    string
		gaps     []fsm.Gap
		until    time.Duration
		want     string
	}{
		{"all is well", hourly, "0m ok, 60m ok, 124m ok", nil, 180 * time.Minute, ""},
		{"a miss and a recovery", hourly, "0m ok, 90m ok", nil, 100 * time.Minute, "missed 1h5m0s-1h30m0s"},
		{"a miss that goes on", hourly, "0m ok", nil, 10 * time.Hour, "missed 1h5m0s"},
		{"on the deadline", hourly, "0m ok, 65m ok", nil, 100 * time.Minute, ""},
		{"just after it", hourly, "0m ok, 65m0.001s ok", nil, 100 * time.Minute, "missed 1h5m0s-1h5m0.001s"},
		{"the second miss alerts", with(hourly, func(s *backtest.Settings) { s.MissThreshold = 2 }), "0m ok, 90m ok, 240m ok", nil, 250 * time.Minute, "missed 3h35m0s-4h0m0s"},
		{"a failure", hourly, "0m ok, 60m fail, 80m ok", nil, 100 * time.Minute, "failed 1h0m0s-1h20m0s"},
		{"a failure during another", hourly, "0m ok, 60m fail, 70m fail, 80m ok", nil, 100 * time.Minute, "failed 1h0m0s-1h20m0s"},
		{"the second failure in a row alerts", with(hourly, func(s *backtest.Settings) { s.FailureThreshold = 2 }), "0m ok, 10m fail, 20m ok, 30m fail, 40m fail, 50m ok", nil, time.Hour, "failed 40m0s-50m0s"},
		{"a run that does not end", hourly, "0m ok, 60m start, 80m ok", nil, 100 * time.Minute, "overdue 1h5m0s-1h20m0s"},
		{"a run that may take long", with(hourly, func(s *backtest.Settings) { s.MaxRun = 30 * time.Minute; s.Grace = 30 * time.Minute }), "0m ok, 60m start, 80m ok", nil, 100 * time.Minute, ""},
		{"a run that is too quick", with(hourly, func(s *backtest.Settings) { s.MinRun = time.Minute }), "0m start, 4m ok, 60m start, 60m10s ok, 62m start, 64m ok", nil, 100 * time.Minute, "too quick 1h0m10s-1h4m0s"},
		{"a note changes nothing", hourly, "0m ok, 60m log", nil, 70 * time.Minute, "missed 1h5m0s"},
		{"nothing came ever", hourly, "0m log", nil, 70 * time.Hour, ""},
		{"a gap stops the clock", hourly, "0m ok, 90m ok", []fsm.Gap{{From: at(20 * time.Minute), To: at(50 * time.Minute)}}, 100 * time.Minute, ""},
		{"a gap only delays", hourly, "0m ok", []fsm.Gap{{From: at(20 * time.Minute), To: at(50 * time.Minute)}}, 10 * time.Hour, "missed 1h35m0s"},
		{"nightly is well", nightly, "2h1m ok, 26h5m ok, 50h9m ok", nil, 51 * time.Hour, ""},
		{"a night is missed", nightly, "2h1m ok, 50h9m ok", nil, 51 * time.Hour, "missed 26h10m0s-50h9m0s"},
		{"a clock that is early", nightly, "2h1m ok, 25h59m30s ok, 50h1m ok", nil, 51 * time.Hour, ""},
		{"a run by hand does not stand for the night's", nightly, "2h1m ok, 12h ok", nil, 27 * time.Hour, "missed 26h10m0s"},
		{"a day's runs that came at once", hourly, "600m ok of 60m, 600m1s ok of 120m, 600m2s start of 175m, 600m3s ok of 180m, 600m4s ok of 600m", nil, 660 * time.Minute, ""},
		{"a late one that is older moves nothing back", hourly, "0m ok, 60m ok, 120m ok, 121m ok of 10m, 122m fail of 30m, 123m start of 20m, 180m ok", nil, 200 * time.Minute, ""},
		{"a late one whose next is overdue ends nothing", hourly, "0m ok, 190m ok of 60m, 200m ok of 180m", nil, 210 * time.Minute, "missed 1h5m0s-3h20m0s"},
		{"a late end closes no later run", hourly, "0m ok, 60m start, 61m ok of 59m", nil, 70 * time.Minute, "overdue 1h5m0s"},
		{"a late night", nightly, "2h1m ok, 30h ok of 26h1m, 50h1m ok", nil, 51 * time.Hour, "missed 26h10m0s-30h0m0s"},
		{
			"a late one takes all that was lost for lost after it", hourly, "0m ok, 110m ok of 61m",
			[]fsm.Gap{{From: at(20 * time.Minute), To: at(60 * time.Minute)}},
			220 * time.Minute, "missed 2h46m0s",
		},
		{
			"and what was due in a gap since it is not told", hourly, "0m ok, 80m ok of 35m",
			[]fsm.Gap{{From: at(30 * time.Minute), To: at(70 * time.Minute)}, {From: at(90 * time.Minute), To: at(100 * time.Minute)}},
			160 * time.Minute, "",
		},
		{"a night in a gap is not told as missed", nightly, "2h1m ok, 50h1m ok", []fsm.Gap{{From: at(25 * time.Hour), To: at(28 * time.Hour)}}, 51 * time.Hour, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := backtest.Run(tt.settings, backtest.History{Pings: pings(t, tt.pings), Gaps: tt.gaps, Until: at(tt.until)})
			var got []string
			for _, a := range r.Alerts {
				s := string(a.Reason) + " " + a.At.Sub(start).String()
				if !a.Until.IsZero() {
					s += "-" + a.Until.Sub(start).String()
				}
				got = append(got, s)
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("alerts %v, want %s", got, tt.want)
			}
		})
	}
}

// Fewer alerts by more grace, a longer interval or a higher threshold: never more.
func TestPatienceNeverAlertsMore(t *testing.T) {
	t.Parallel()
	text := "0m ok, 63m ok, 130m ok, 131m fail, 200m ok, 400m ok, 455m ok, 530m ok, 1000m ok"
	last := 100
	for grace := time.Duration(0); grace < 10*time.Hour; grace += 7 * time.Minute {
		s := backtest.Settings{Interval: time.Hour, Grace: grace}
		n := len(backtest.Run(s, backtest.History{Pings: pings(t, text), Until: at(20 * time.Hour)}).Alerts)
		if n > last {
			t.Errorf("%v of grace: %d alerts, %d with less", grace, n, last)
		}
		last = n
	}
	if last != 1 { // the reported failure
		t.Errorf("%d alerts with ten hours of grace", last)
	}
}
