package timetables

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// zonesOf are rules of a version in which every zone has the same offset from UTC.
type zonesOf struct {
	version string
	offset  time.Duration
}

func (z zonesOf) Version() string { return z.version }

func (z zonesOf) Location(name string) (*time.Location, error) {
	if name == "Nowhere" {
		return nil, fmt.Errorf("no such zone")
	}
	return time.FixedZone(name, int(z.offset.Seconds())), nil
}

// rig is a store with a keeper, and a wall clock.
type rig struct {
	t      *testing.T
	keeper *Keeper
	now    time.Time
	done   int // commands
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, now: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}
	r.keeper = &Keeper{
		Store: store.New(), Zones: zonesOf{"a", 0}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time { return r.now },
		Propose: func(_ context.Context, _ uint64, cmd fsm.Command) (fsm.Result, error) {
			r.done++
			return r.do(cmd), nil
		},
	}
	return r
}

func (r *rig) do(cmds ...fsm.Command) fsm.Result {
	r.t.Helper()
	b := logentry.Batch{Term: 1, Wall: r.now.UnixMilli()}
	for _, c := range cmds {
		b.Items = append(b.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
	}
	res, err := r.keeper.Store.Apply(logentry.Append(nil, &b), 1)
	if err != nil || len(res) > 0 && res[0].Code != fsm.CodeOK {
		r.t.Fatalf("%v, %v", res, err)
	}
	if len(res) == 0 {
		return fsm.Result{}
	}
	return res[0]
}

func (r *rig) create(n byte, tz string, schedule ...string) {
	spec := fsm.Spec{Name: "x", Slug: "x", Grace: 60, Threshold: 1, Arm: fsm.ArmCreated, Schedule: schedule, TZ: tz}
	r.do(fsm.Create{ID: fsm.HeartbeatID{n}, Token: fsm.Token{n}, Spec: spec})
}

func (r *rig) look() int {
	r.done = 0
	r.keeper.look(r.t.Context(), 1, map[string]bool{})
	return r.done
}

func (r *rig) due(n byte) string {
	h, err := r.keeper.Store.Heartbeat(fsm.HeartbeatID{n})
	if err != nil {
		r.t.Fatal(err)
	}
	if h.NextDue.IsZero() {
		return ""
	}
	return h.NextDue.Format("02 15:04")
}

func TestTimetablesAreToppedUp(t *testing.T) {
	r := newRig(t)
	r.create(1, "Europe/Berlin", "0 2 * * *")
	r.create(2, "", "*/10 * * * *", "@hourly")
	r.create(3, "Nowhere", "@daily")
	if r.due(1) != "" {
		t.Error("somebody else computes times")
	}
	if n := r.look(); n != 1 || r.due(1) != "01 02:00" || r.due(2) != "01 00:10" || r.due(3) != "" {
		t.Errorf("%d commands; due at %q, %q, %q", n, r.due(1), r.due(2), r.due(3))
	}
	if n := r.look(); n != 0 {
		t.Errorf("%d commands of what is known already", n)
	}
	for range 100 {
		r.now = r.now.Add(10 * time.Minute)
		r.do(fsm.Ping{Ordinal: 2})
		r.look()
	}
	if r.due(2) != "01 16:50" {
		t.Errorf("after 100 runs due at %q", r.due(2))
	}
	r.now = r.now.Add(100 * time.Hour) // nobody led
	r.do(fsm.Ping{Ordinal: 2})
	if r.look(); r.due(2) != "05 20:50" {
		t.Errorf("after it ran out due at %q", r.due(2))
	}
}

// TestALeaderKeepsLooking: what changes while it leads is seen within a second, new rules of the
// machine within an hour, and nothing after its term.
func TestALeaderKeepsLooking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, refreshed := newRig(t), 0
		r.keeper.Refresh = func() bool { refreshed++; return false }
		ctx, endTerm := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); r.keeper.Lead(ctx, 1) }()
		for n := byte(1); n <= 3; n++ {
			synctest.Wait()
			r.create(n, "", "@daily")
			time.Sleep(lookEvery)
			if synctest.Wait(); lookEvery > time.Second || r.due(n) == "" {
				t.Errorf("heartbeat %d has no times after %v", n, lookEvery)
			}
		}
		time.Sleep(3 * time.Hour)
		if synctest.Wait(); refreshed < 3 || refreshed > 4 {
			t.Errorf("%d looks at the machine's rules in three hours", refreshed)
		}
		endTerm()
		<-ended
	})
}

func TestALeaderWithOtherRulesComputesAllAnew(t *testing.T) {
	r := newRig(t)
	for n := byte(1); n <= 200; n++ {
		r.create(n, "Europe/Berlin", "0 2 * * *")
	}
	if r.look(); r.due(200) != "01 02:00" {
		t.Errorf("due at %q", r.due(200))
	}
	r.keeper.Zones = zonesOf{"b", 2 * time.Hour}
	if n := r.look(); n != 1 || r.due(1) != "02 00:00" || r.due(200) != "02 00:00" {
		t.Errorf("%d commands; due at %q", n, r.due(200))
	}
	if n := r.look(); n != 0 {
		t.Errorf("%d commands more", n)
	}
}

func TestAScheduleThatEndsIsLeftAlone(t *testing.T) {
	r := newRig(t)
	r.create(1, "", "2026-05-01 01:00")
	r.look()
	if n := r.look(); n != 0 || r.due(1) != "01 01:00" {
		t.Errorf("%d commands; due at %q", n, r.due(1))
	}
}

// TestAWallClockThatMovedIsRead: one that is ahead by the leader, one that is behind by the state itself.
func TestAWallClockThatMovedIsRead(t *testing.T) {
	r := newRig(t)
	r.create(1, "", "@hourly")
	r.look()
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		r.now = r.now.Add(by)
		r.do(fsm.Ping{Ordinal: 1})
		if off := r.keeper.Store.ClockOff(); off != max(0, by.Milliseconds()) {
			t.Errorf("off by %d", off)
		}
		if r.look(); r.keeper.Store.ClockOff() != 0 {
			t.Errorf("still off by %d", r.keeper.Store.ClockOff())
		}
	}
}

// realZones are the rules of the machine or of Go, under a version of one's own.
type realZones string

func (z realZones) Version() string { return string(z) }

func (realZones) Location(name string) (*time.Location, error) { return time.LoadLocation(name) }

// pass lets a second pass on both clocks.
func (r *rig) pass() {
	r.t.Helper()
	r.now = r.now.Add(time.Second)
	b := logentry.Batch{Term: 1, Wall: r.now.UnixMilli(), Delta: 1000}
	if _, err := r.keeper.Store.Apply(logentry.Append(nil, &b), 1); err != nil {
		r.t.Fatal(err)
	}
}

// TestSummerTimeCausesNoAlarmAndHidesNone: jobs of every hour, of two in the morning and of half
// past, in Berlin, through both changes of its clocks; the leader changes each hour, and so do the rules
// that it knows. Then one job stops.
func TestSummerTimeCausesNoAlarmAndHidesNone(t *testing.T) {
	if _, err := time.LoadLocation("Europe/Berlin"); err != nil {
		t.Skip("this machine has no rules of time zones")
	}
	for name, begin := range map[string]time.Time{
		"the hour that is skipped":  time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC),
		"the hour that comes twice": time.Date(2026, 10, 24, 20, 0, 0, 0, time.UTC),
		"a night as any":            time.Date(2026, 6, 10, 20, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.now = begin
			jobs := []string{"0 * * * *", "0 2 * * *", "30 2 * * *", "*/20 * * * *"}
			runs := map[uint64][]int64{} // when each job's own cron starts it
			for i, job := range jobs {
				r.create(byte(i+1), "Europe/Berlin", job)
				times := runsOf(t, job, begin, begin.Add(11*time.Hour))
				for _, at := range times {
					runs[uint64(i+1)] = append(runs[uint64(i+1)], at.Unix())
				}
			}
			stop := begin.Add(8 * time.Hour)
			for r.now.Before(begin.Add(10 * time.Hour)) {
				if r.now.Unix()%3600 == 1800 {
					r.keeper.Zones = realZones(r.now.Format("15"))
				} else if _, isReal := r.keeper.Zones.(realZones); !isReal {
					r.keeper.Zones = realZones("first")
				}
				r.pass()
				if r.now.Unix()%10 == 0 {
					r.look()
				}
				for ord, times := range runs {
					if len(times) > 0 && r.now.Unix() >= times[0]-2 { // two seconds early: a machine whose clock is ahead
						runs[ord] = times[1:]
						if ord != 1 || r.now.Before(stop) {
							r.do(fsm.Ping{Ordinal: ord})
						}
					}
				}
				if alerts, _ := r.keeper.Store.Alerts(fsm.AlertFilter{}); len(alerts) > 0 && r.now.Before(stop) {
					t.Fatalf("at %v an alert: %+v", r.now, alerts[0])
				}
			}
			alerts, _ := r.keeper.Store.Alerts(fsm.AlertFilter{})
			if len(alerts) != 1 || alerts[0].Heartbeat != (fsm.HeartbeatID{1}) {
				t.Errorf("%d alerts, want one, of the job that stopped", len(alerts))
			}
		})
	}
}

// runsOf lists when a job runs.
func runsOf(t *testing.T, expression string, from, to time.Time) (list []time.Time) {
	t.Helper()
	for at := from; ; {
		times, err := Next(realZones("x"), []string{expression}, "Europe/Berlin", at)
		if err != nil || len(times.Times) == 0 {
			t.Fatalf("%v, %v", times, err)
		}
		for _, ms := range times.Times {
			if at = time.UnixMilli(ms); at.After(to) {
				return list
			}
			list = append(list, at)
		}
	}
}

// TestALongGraceGoesOn: every minute with an hour of grace, of which the timetable cannot hold all
// that is expected at once.
func TestALongGraceGoesOn(t *testing.T) {
	r := newRig(t)
	spec := fsm.Spec{Name: "x", Slug: "x", Grace: 3600, Threshold: 1, Arm: fsm.ArmCreated, Schedule: []string{"* * * * *"}}
	r.do(fsm.Create{ID: fsm.HeartbeatID{1}, Token: fsm.Token{1}, Spec: spec})
	silent := func(minutes int) (commands int) {
		for range minutes * 30 {
			r.serve(2 * time.Second)
			commands += r.look()
		}
		return commands
	}
	for _, minutes := range []int{55, 90, 300} {
		commands := silent(minutes)
		h, err := r.keeper.Store.Heartbeat(fsm.HeartbeatID{1})
		if want := max(0, int64(minutes)-61); err != nil || h.Misses < want-1 || h.Misses > want+1 || commands > minutes/6 {
			t.Errorf("after %d silent minutes it has missed %d, want %d; %d commands", minutes, h.Misses, want, commands)
		}
		r.do(fsm.Ping{Ordinal: 1})
		for range 20 {
			r.look()
		}
		if r.due(1) != r.now.Truncate(time.Minute).Add(time.Minute).Format("02 15:04") {
			t.Errorf("due at %q at %v", r.due(1), r.now)
		}
	}
}

// serve lets time pass on both clocks.
func (r *rig) serve(d time.Duration) {
	r.now = r.now.Add(d)
	b := logentry.Batch{Term: 1, Wall: r.now.UnixMilli(), Delta: uint32(d.Milliseconds())}
	if _, err := r.keeper.Store.Apply(logentry.Append(nil, &b), 1); err != nil {
		r.t.Fatal(err)
	}
}

// TestTimesByAWrongClockAreComputedAnew: the node that took the heartbeat was an hour ahead, or behind,
// and did not trust its clock.
func TestTimesByAWrongClockAreComputedAnew(t *testing.T) {
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		r := newRig(t)
		spec := fsm.Spec{Name: "x", Slug: "x", Grace: 60, Threshold: 1, Arm: fsm.ArmCreated, Schedule: []string{"30 * * * *"}}
		times, err := Next(zonesOf{"a", 0}, spec.Schedule, "", r.now.Add(off))
		if err != nil {
			t.Fatal(err)
		}
		times.Rules = 0
		r.do(fsm.WithTimetable{Timetable: times, Command: fsm.Create{ID: fsm.HeartbeatID{1}, Token: fsm.Token{1}, Spec: spec}})
		if r.look(); r.due(1) != "01 00:30" {
			t.Errorf("due at %q by a clock that is off by %v", r.due(1), off)
		}
		if n := r.look(); n != 0 {
			t.Errorf("%d commands more", n)
		}
	}
}

// berlin are the rules of Berlin, in every zone.
type berlin struct{ zonesOf }

func (berlin) Location(string) (*time.Location, error) { return time.LoadLocation("Europe/Berlin") }

// TestWindowsThroughClockChanges looks at the nights in which Berlin's clocks change: a window of every day begins at 4 by the clock on the
// wall, and is as long as ever; one in the skipped hour begins right after it; and so with the hours of a channel.
func TestWindowsThroughClockChanges(t *testing.T) {
	if _, err := time.LoadLocation("Europe/Berlin"); err != nil {
		t.Skip(err)
	}
	r := newRig(t)
	r.keeper.Zones = berlin{zonesOf{"berlin", 0}}
	at := func(text string) time.Time {
		when, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	r.now = at("2026-03-27 12:00")
	for n, schedule := range []string{"0 4 * * *", "30 2 * * *"} {
		r.do(fsm.CreateWindow{ID: fsm.WindowID{byte(n + 1)}, Spec: fsm.WindowSpec{Name: schedule, Tags: []string{"db"}, Schedule: []string{schedule}, TZ: "Europe/Berlin", For: 3600}})
	}
	r.do(fsm.CreateChannel{ID: fsm.ChannelID{1}, Spec: fsm.ChannelSpec{Name: "ops", Kind: "webhook", On: fsm.SetOf(fsm.ChannelKinds...), Hours: "mon,tue,wed,thu,fri,sat,sun 08:00-18:00 Europe/Berlin"}})
	look := func() {
		r.keeper.lookAtWindows(t.Context(), 1, map[string]bool{})
		r.keeper.lookAtHours(t.Context(), 1, map[string]bool{})
	}
	look()
	r.done = 0
	if look(); r.done != 0 {
		t.Errorf("%d commands though everything is known", r.done)
	}
	for when, want := range map[string]string{
		"2026-03-28 12:00": "0 4 * * *: 02:00, 30 2 * * *: 01:00", // half past two is skipped: at three
		"2026-03-29 12:00": "0 4 * * *: 02:00, 30 2 * * *: 00:30",
		"2026-10-24 12:00": "0 4 * * *: 03:00, 30 2 * * *: 00:30", // half past two comes twice, and counts once
		"2026-10-25 12:00": "0 4 * * *: 03:00, 30 2 * * *: 01:30",
	} {
		r = newRigAt(t, r, at(when))
		look()
		got := ""
		for _, id := range []byte{1, 2} {
			for _, w := range r.keeper.Store.Windows() {
				if w.ID == (fsm.WindowID{id}) {
					if got != "" {
						got += ", "
					}
					got += w.Spec.Name + ": " + w.Begins.UTC().Format("15:04")
					if w.Ends.Sub(w.Begins) != time.Hour {
						t.Errorf("%s: %s is %s long", when, w.Spec.Name, w.Ends.Sub(w.Begins))
					}
				}
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
}

// newRigAt moves a rig to a time, in a store of its own with the same windows.
func newRigAt(t *testing.T, old *rig, now time.Time) *rig {
	windows := old.keeper.Store.Windows()
	old.now = now
	old.keeper.Store = store.New()
	for _, w := range windows {
		old.do(fsm.CreateWindow{ID: w.ID, Spec: w.Spec})
	}
	return old
}
