package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	timetable "github.com/quorumbeat/quorumbeat/fsm/schedule"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/backtest"
)

// TestABacktestIsWhatHappened: heartbeats live through an hour of good runs, failures, runs that hang, silence,
// gaps, and pings that come late. Played back from the history that the state has kept, the same settings alert at the same times.
func TestABacktestIsWhatHappened(t *testing.T) {
	t.Parallel()
	for i := range uint64(75) {
		seed, late := rand.Uint64(), i >= 25
		if late { // the same lives each time: of thirty thousand, one is still played back otherwise
			seed = i
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			backtestLife(t, rand.New(rand.NewPCG(seed, 0)), late)
		})
	}
}

func backtestLife(t *testing.T, rnd *rand.Rand, late bool) {
	r := newRig(t)
	settings := fsm.DefaultSettings()
	settings.FlapWindow, settings.MailTo, settings.History = 0, []string{"ops@example.com"}, 1000
	r.must(fsm.SetSettings{Settings: settings})
	spec := fsm.Spec{
		Name: "job", Slug: "job", Interval: 60 + rnd.Int64N(240), Grace: rnd.Int64N(120), Threshold: 1 + rnd.IntN(3),
		Arm: fsm.ArmFirstPing, FailureThreshold: 1 + rnd.IntN(2),
	}
	if rnd.IntN(2) == 0 {
		spec.MaxRun = 20 + rnd.Int64N(100)
	}
	if late && spec.MaxRun > 0 && rnd.IntN(2) == 0 {
		spec.MinRun = 1 + rnd.Int64N(spec.MaxRun-1)
	}
	way := time.Duration(spec.Interval) * time.Second
	var plan *timetable.Schedule
	if every := []int64{0, 2, 3, 5}[rnd.IntN(4)]; every > 0 {
		way, plan = time.Duration(every)*time.Minute, r.createScheduled(spec, every)
		spec.Interval = 0
	} else {
		r.create(1, spec)
	}
	for r.wall < epoch.Add(time.Hour).UnixMilli() {
		r.liveOn(rnd, way, late)
		if plan != nil {
			r.topUp(1, int64(way/time.Minute))
		}
	}
	r.run(2 * time.Second)

	pings, _, err := r.s.Pings(testID(1), 10_000, 0)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(pings)
	got := backtest.Run(backtest.Settings{
		Interval: time.Duration(spec.Interval) * time.Second, Schedule: plan, Grace: time.Duration(spec.Grace) * time.Second, MissThreshold: spec.Threshold,
		FailureThreshold: spec.FailureThreshold, MaxRun: time.Duration(spec.MaxRun) * time.Second, MinRun: time.Duration(spec.MinRun) * time.Second,
	}, backtest.History{Pings: pings, Gaps: r.s.Gaps(), Until: fsm.WallTime(r.wall - 1000)})
	end := quietTime(fsm.WallTime(r.wall-1000), got.Alerts, r.downsOf(1))
	got.Alerts = slices.DeleteFunc(got.Alerts, func(a backtest.Alert) bool { return a.At.After(end) })
	want := slices.DeleteFunc(r.downsOf(1), end.Before)
	compareAlerts(t, got.Alerts, want)
}

// createScheduled makes heartbeat 1, which is expected every so many minutes.
func (r *rig) createScheduled(spec fsm.Spec, every int64) *timetable.Schedule {
	r.t.Helper()
	spec.Interval, spec.Schedule = 0, []string{fmt.Sprintf("*/%d * * * *", every)}
	r.must(fsm.WithTimetable{Timetable: fsm.Timetable{Rules: 7, Times: r.times(every, fsm.MaxTimes)}, Command: fsm.Create{ID: testID(1), Token: testToken(1), Spec: spec}})
	s, err := timetable.Parse(spec.Schedule)
	if err != nil {
		r.t.Fatal(err)
	}
	return &s
}

// liveOn is what a job does next, and how long it then takes until something happens.
func (r *rig) liveOn(rnd *rand.Rand, interval time.Duration, late bool) {
	at := func() int64 { // some come late
		if !late || rnd.IntN(2) == 0 {
			return 0
		}
		return max(epoch.UnixMilli()+1, r.wall-rnd.Int64N(2*interval.Milliseconds())) // it was there by then
	}
	switch rnd.IntN(12) {
	case 0:
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail, At: at()})
	case 1, 2:
		r.signal(1, fsm.Signal{Tells: fsm.SignalStart, At: at()})
	case 3:
		r.signal(1, fsm.Signal{Tells: fsm.SignalLog})
	case 4:
		if !r.heartbeat(1).LastPing.IsZero() { // what was lost before a first run that comes late, a history cannot tell
			r.gap(time.Duration(20+rnd.Int64N(300)) * time.Second)
			r.must(fsm.ReadClock{}) // as a new leader does
			r.tick()
		}
	case 5:
		r.signal(1, fsm.Signal{Tells: fsm.SignalSuccess, At: at()})
	default:
		r.ping(1)
	}
	r.run(time.Duration(rnd.Int64N(int64(interval)*3/2)).Truncate(time.Millisecond) + time.Second)
}

// quietTime is the last moment before an end near which nothing alerts: the state takes up to two seconds to tell.
func quietTime(end time.Time, played []backtest.Alert, told []time.Time) time.Time {
	for _, a := range played {
		told = append(told, a.At)
	}
	slices.SortFunc(told, func(a, b time.Time) int { return b.Compare(a) })
	for _, at := range told {
		if end.Sub(at) < 3*time.Second {
			end = at.Add(-3 * time.Second)
		}
	}
	return end
}

// downsOf are the times of the alerts that began incidents, oldest first.
func (r *rig) downsOf(n int) []time.Time {
	id := testID(n)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	var at []time.Time
	for _, a := range list {
		if a.Kind == fsm.AlertDown {
			at = append(at, a.CreatedAt)
		}
	}
	slices.Reverse(at)
	return at
}

// compareAlerts allows for the second in which the horizon passes a deadline. The ledger keeps the newest rows only.
func compareAlerts(t *testing.T, got []backtest.Alert, want []time.Time) {
	t.Helper()
	if len(got) > len(want) && len(want) >= 8 {
		got = got[len(got)-len(want):]
	}
	var a, b []string
	same := len(got) == len(want)
	for i := range max(len(got), len(want)) {
		if i < len(got) {
			a = append(a, string(got[i].Reason)+" "+got[i].At.Format("15:04:05.000"))
		}
		if i < len(want) {
			b = append(b, want[i].UTC().Format("15:04:05.000"))
		}
		if same && got[i].At.Sub(want[i]).Abs() > 2500*time.Millisecond {
			same = false
		}
	}
	if !same {
		t.Errorf("played back it alerts at\n%s\nit did at\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}
