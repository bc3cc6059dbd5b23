package suggest_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/backtest"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/suggest"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../testdata/schedules/zones", strings.ReplaceAll(name, "/", "-")+".tzif"))
	if err != nil {
		t.Fatal(err)
	}
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// job is one whose pings are made up.
type job struct {
	expression string
	interval   time.Duration // instead
	delay      time.Duration // from the start to the ping, at least
	spread     time.Duration // that much more, by chance
	tellsStart bool
}

func (j job) history(t *testing.T, from time.Time, n int, loc *time.Location, r *rand.Rand) backtest.History {
	t.Helper()
	var h backtest.History
	at := from
	for range n {
		if j.interval > 0 {
			at = at.Add(j.interval)
		} else {
			s, err := schedule.Parse([]string{j.expression})
			if err != nil {
				t.Fatal(err)
			}
			at, _ = s.Next(at, loc)
		}
		took := j.delay
		if j.spread > 0 {
			took += time.Duration(r.Int64N(int64(j.spread)))
		}
		p := fsm.PingRecord{At: at.Add(took), Received: at.Add(took), Kind: fsm.SignalSuccess, Took: fsm.NotKnown}
		if j.tellsStart {
			p.Took = took
		}
		if j.interval > 0 {
			at = at.Add(took)
		}
		h.Pings = append(h.Pings, p)
	}
	h.Until = h.Pings[n-1].At.Add(time.Second)
	return h
}

func TestSuggestFindsTheSchedule(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	r := rand.New(rand.NewPCG(18, 0))
	for _, tt := range []struct {
		name string
		job
		n    int
		want string
		says string
	}{
		{name: "every 5 minutes", job: job{expression: "*/5 * * * *", delay: time.Second, spread: 3 * time.Second}, n: 100, want: "*/5 * * * *"},
		{name: "every 10 minutes, from 3 on", job: job{expression: "3-59/10 * * * *", delay: time.Second, spread: 3 * time.Second}, n: 100, want: "3-59/10 * * * *"},
		{name: "hourly at :05", job: job{expression: "5 * * * *", delay: 2 * time.Second, spread: 20 * time.Second}, n: 100, want: "5 * * * *"},
		{name: "every 6 hours", job: job{expression: "15 */6 * * *", delay: 10 * time.Second, spread: time.Minute}, n: 60, want: "15 */6 * * *"},
		{name: "daily at 02:00, over a change of the clock", job: job{expression: "0 2 * * *", delay: 3 * time.Minute, spread: 4 * time.Minute}, n: 90, want: "0 2 * * *", says: "sure"},
		{name: "weekdays at 02:00", job: job{expression: "0 2 * * 1-5", delay: 20 * time.Second, spread: time.Minute}, n: 60, want: "0 2 * * 1-5", says: "sure"},
		{name: "on three days of the week", job: job{expression: "30 6 * * 1,3,5", delay: 20 * time.Second, spread: time.Minute}, n: 40, want: "30 6 * * 1,3,5"},
		{name: "twice a day", job: job{expression: "17 4,16 * * *", delay: 5 * time.Second, spread: 10 * time.Second}, n: 60, want: "17 4,16 * * *"},
		{name: "weekly", job: job{expression: "0 3 * * 0", delay: 10 * time.Minute, spread: 20 * time.Minute, tellsStart: true}, n: 20, want: "0 3 * * 0"},
		{name: "monthly", job: job{expression: "0 5 1 * *", delay: time.Minute, spread: time.Minute}, n: 10, want: "0 5 1 * *", says: "likely"},
		{name: "last day of the month", job: job{expression: "0 5 L * *", delay: time.Minute, spread: time.Minute}, n: 10, want: "0 5 L * *"},
		{name: "second Tuesday", job: job{expression: "0 5 * * 2#2", delay: time.Minute, spread: time.Minute}, n: 8, want: "0 5 * * 2#2"},
		{name: "around midnight", job: job{expression: "59 23 * * *", delay: 10 * time.Second, spread: time.Minute}, n: 40, want: "59 23 * * *"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.history(t, time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC), tt.n, berlin, r)
			list := suggest.Suggest(h, []*time.Location{berlin, time.UTC})
			if len(list) == 0 {
				t.Fatal("nothing is suggested")
			}
			s := list[0]
			if got := strings.Join(s.Expressions, " | "); got != tt.want {
				t.Errorf("suggests %q (%v), want %q; all: %+v", got, s.Zone, tt.want, list)
			}
			if tt.says != "" && s.Sure() != tt.says {
				t.Errorf("is %s (fit %.2f of %d), want %s", s.Sure(), s.Fit, s.Runs, tt.says)
			}
			if alerts := backtest.Run(s.Settings(), h).Alerts; len(alerts) != 0 {
				t.Errorf("would have alerted: %v", alerts)
			}
			if most := tt.delay + tt.spread; s.Grace < most/2 || s.Grace > 2*most+5*time.Minute {
				t.Errorf("grace %v for runs that end up to %v late", s.Grace, most)
			}
		})
	}
}

func TestSuggestFindsTheInterval(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(18, 1))
	for name, j := range map[string]struct {
		job
		want time.Duration
	}{
		"a loop that sleeps 50 minutes": {job{interval: 50 * time.Minute, delay: time.Second, spread: 20 * time.Second}, 50 * time.Minute},
		"a loop of 7 seconds":           {job{interval: 7 * time.Second, delay: 10 * time.Millisecond, spread: 50 * time.Millisecond}, 7 * time.Second},
		"an hour, wandering":            {job{interval: time.Hour, delay: 30 * time.Second, spread: time.Minute}, time.Hour},
	} {
		h := j.history(t, time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC), 100, time.UTC, r)
		list := suggest.Suggest(h, []*time.Location{time.UTC})
		if len(list) == 0 || list[0].Interval == 0 || (list[0].Interval-j.want).Abs() > j.want/30 {
			t.Errorf("%s: %+v", name, list)
			continue
		}
		if n := len(backtest.Run(list[0].Settings(), h).Alerts); n != 0 {
			t.Errorf("%s: with %v and %v of grace it would have alerted %d times", name, list[0].Interval, list[0].Grace, n)
		}
	}
}

func TestAMissedRunDoesNotStretchTheGrace(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(18, 2))
	h := job{expression: "0 2 * * *", delay: time.Minute, spread: time.Minute}.history(t, time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC), 60, time.UTC, r)
	h.Pings = append(h.Pings[:30], h.Pings[33:]...)
	s := suggest.Suggest(h, []*time.Location{time.UTC})[0]
	if strings.Join(s.Expressions, "") != "0 2 * * *" || s.Grace > 10*time.Minute {
		t.Errorf("%+v", s)
	}
	if alerts := backtest.Run(s.Settings(), h).Alerts; len(alerts) != 1 || alerts[0].Reason != backtest.Missed || alerts[0].Until.IsZero() {
		t.Errorf("alerts: %v", alerts)
	}
}

func TestRunLimitsComeFromRuns(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(18, 3))
	h := job{expression: "0 2 * * *", delay: 10 * time.Minute, spread: 10 * time.Minute, tellsStart: true}.history(t, time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC), 60, time.UTC, r)
	s := suggest.Suggest(h, []*time.Location{time.UTC})[0]
	if s.MaxRun < 20*time.Minute || s.MaxRun > 40*time.Minute || s.MinRun < 4*time.Minute || s.MinRun > 6*time.Minute {
		t.Errorf("runs of 10 to 20 minutes: at least %v, at most %v", s.MinRun, s.MaxRun)
	}
}

func TestTooFewRunsSuggestNothing(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(18, 4))
	for n := 1; n < suggest.MinRuns; n++ {
		h := job{expression: "0 2 * * *"}.history(t, time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC), n, time.UTC, r)
		if list := suggest.Suggest(h, []*time.Location{time.UTC}); list != nil {
			t.Error(n, list)
		}
	}
	if list := suggest.Suggest(backtest.History{}, nil); list != nil {
		t.Error(list)
	}
}

// FuzzSuggest: whatever came when, it does not crash, and what it suggests can be set.
func FuzzSuggest(f *testing.F) {
	f.Add(uint64(1), 20, 60, int64(0))
	f.Add(uint64(2), 100, 86400, int64(1<<33))
	f.Fuzz(func(t *testing.T, seed uint64, n, way int, from int64) {
		r := rand.New(rand.NewPCG(seed, 0))
		var h backtest.History
		at := time.Unix(from%(1<<34), 0)
		for range min(max(n, 0), 200) {
			if r.IntN(10) > 0 {
				at = at.Add(time.Duration(r.Int64N(int64(min(max(way, 1), 1<<22)))) * time.Second)
			}
			p := fsm.PingRecord{At: at, Received: at, Kind: fsm.SignalKind(r.IntN(5) % 4), Took: time.Duration(r.Int64N(1<<40)) - 1<<38}
			h.Pings = append(h.Pings, p)
		}
		h.Until = at.Add(time.Hour)
		for _, s := range suggest.Suggest(h, []*time.Location{time.UTC}) {
			if s.Grace <= 0 || s.Fit < 0 || s.Fit > 1 || s.Interval < 0 || s.Interval == 0 && len(s.Expressions) == 0 {
				t.Errorf("%+v", s)
			}
			if len(s.Expressions) > 0 {
				if _, err := schedule.Parse(s.Expressions); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
