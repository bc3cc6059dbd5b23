package store

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestAReportedFailureAlertsAtOnce(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(3600, 60, 5))
	r.ping(1)
	r.run(time.Minute)
	if c := r.signal(1, fsm.Signal{Tells: fsm.SignalFail, Exit: 3, Body: []byte("no space left")}); c != fsm.CodeOK {
		t.Fatalf("code %d", c)
	}
	wantStatus(t, r, 1, fsm.StatusFailing, 0)
	wantAlerts(t, r, 1, "down pending")
	e := r.newest(1).Evidence
	if !e.Failed || e.Exit != 3 || e.Output != "no space left" || !e.LastPing.Equal(epoch.Add(time.Minute)) || !e.Due.IsZero() {
		t.Errorf("evidence %+v", e)
	}
	h := r.heartbeat(1)
	if h.LastExit != 3 || !h.LastPing.Equal(epoch.Add(time.Minute)) || !h.NextDue.Equal(epoch.Add(61*time.Minute)) {
		t.Errorf("%+v", h)
	}
	r.run(10 * time.Second)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	wantAlerts(t, r, 1, "down pending")
	r.run(2 * time.Hour)
	wantStatus(t, r, 1, fsm.StatusFailing, 1)
	wantAlerts(t, r, 1, "down pending")
	r.send(r.oneReady())
	r.ping(1)
	wantStatus(t, r, 1, fsm.StatusActive, 0)
	wantAlerts(t, r, 1, "down sent", "recovered pending")
	if e := r.newest(1).Evidence; e.Down != 2*time.Hour+10*time.Second || e.Failures != 2 || e.Misses != 1 || e.Silent != 0 {
		t.Errorf("recovery %+v", e)
	}
	if got := r.heartbeat(1).LastExit; got != fsm.NotKnown {
		t.Errorf("exit status %d after a plain ping", got)
	}
	r.run(2 * time.Hour)
	wantStatus(t, r, 1, fsm.StatusActive, 1)
}

// newest is the newest row about a heartbeat.
func (r *rig) newest(n int) fsm.Alert {
	r.t.Helper()
	id := testID(n)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	if len(list) == 0 {
		r.t.Fatal("no alert")
	}
	return list[0]
}

func TestRuns(t *testing.T) {
	start := fsm.Signal{Tells: fsm.SignalStart}
	named := func(tells fsm.SignalKind, n byte) fsm.Signal {
		return fsm.Signal{Tells: tells, HasRun: true, Run: [16]byte{n}}
	}
	t.Run("one that does not end within its grace fails at once", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(86400, 60, 5))
		r.run(time.Hour)
		r.signal(1, start)
		r.run(time.Minute)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
		r.tick()
		wantStatus(t, r, 1, fsm.StatusFailing, 0)
		wantAlerts(t, r, 1, "down pending")
		if e := r.newest(1).Evidence; !e.Started.Equal(epoch.Add(time.Hour)) || !e.Due.Equal(epoch.Add(61*time.Minute)) {
			t.Errorf("%+v", e)
		}
	})
	t.Run("without a grace it has the interval", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 0, 5))
		r.run(time.Minute)
		r.signal(1, start)
		r.run(time.Hour)
		wantStatus(t, r, 1, fsm.StatusActive, 1)
		r.tick()
		wantStatus(t, r, 1, fsm.StatusFailing, 1)
		if e := r.newest(1).Evidence; !e.Due.Equal(epoch.Add(61 * time.Minute)) {
			t.Errorf("due %v", e.Due)
		}
	})
	t.Run("after one that hangs the next is due an interval after its start", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 2))
		r.run(time.Hour - time.Second)
		r.signal(1, start)
		r.run(10 * time.Minute)
		wantStatus(t, r, 1, fsm.StatusFailing, 0)
		if next, want := r.heartbeat(1).NextDue, epoch.Add(2*time.Hour-time.Second); !next.Equal(want) {
			t.Errorf("next %v, want %v", next, want)
		}
		r.run(51 * time.Minute)
		wantStatus(t, r, 1, fsm.StatusFailing, 0)
		r.tick()
		wantStatus(t, r, 1, fsm.StatusFailing, 1)
	})
	t.Run("one that began late fails though its interval was missed", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 3))
		r.run(time.Hour + 30*time.Second)
		r.signal(1, start)
		r.run(time.Minute)
		wantStatus(t, r, 1, fsm.StatusActive, 1)
		r.tick()
		wantStatus(t, r, 1, fsm.StatusFailing, 1)
	})
	t.Run("one that failed before is not told again", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 3))
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.signal(1, start)
		r.run(5 * time.Minute)
		wantAlerts(t, r, 1, "down pending")
		if in := r.s.st.table.Record(1).Runs.Incident; in.Failures != 2 {
			t.Errorf("%+v", in)
		}
	})
	t.Run("starting again and again does not hide that nothing ends", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(600, 60, 1))
		for range 25 {
			r.signal(1, start)
			r.run(30 * time.Second)
		}
		wantStatus(t, r, 1, fsm.StatusFailing, 1)
	})
	t.Run("one that a node held until after its end does not hang", func(t *testing.T) {
		for _, named := range []bool{false, true} {
			r := newRig(t)
			r.create(1, testSpec(86400, 60, 1))
			r.run(10 * time.Second)
			r.signal(1, fsm.Signal{HasRun: named})
			r.run(5 * time.Second)
			r.signal(1, fsm.Signal{Tells: fsm.SignalStart, HasRun: named, Held: 9000})
			r.run(5 * time.Minute)
			wantStatus(t, r, 1, fsm.StatusActive, 0)
		}
	})
	t.Run("one that a node held, and that has not ended, does", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(86400, 60, 1))
		r.ping(1)
		r.run(10 * time.Second)
		r.signal(1, fsm.Signal{Tells: fsm.SignalStart, Held: 9000})
		r.run(5 * time.Minute)
		wantStatus(t, r, 1, fsm.StatusFailing, 0)
	})
	t.Run("ends close what they should, and say how long it took", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 600, 1))
		open := func(want int) {
			t.Helper()
			_, slot := r.s.st.table.At(1)
			if got := len(r.s.st.table.PageAt(0).Runs(slot).Open); got != want {
				t.Errorf("%d runs are open, want %d", got, want)
			}
		}
		took := func(want time.Duration) {
			t.Helper()
			if got := r.heartbeat(1).LastRun; got != want {
				t.Errorf("the run took %v, want %v", got, want)
			}
		}
		r.signal(1, named(fsm.SignalStart, 1))
		r.run(10 * time.Second)
		r.signal(1, named(fsm.SignalStart, 2))
		r.signal(1, start)
		r.run(5 * time.Second)
		open(3)
		if h := r.heartbeat(1); !h.Started.Equal(epoch.Add(10 * time.Second)) {
			t.Errorf("running since %v", h.Started)
		}
		r.signal(1, named(fsm.SignalSuccess, 9))
		open(3)
		took(fsm.NotKnown)
		r.signal(1, named(fsm.SignalSuccess, 1))
		open(2)
		took(15 * time.Second)
		r.signal(1, fsm.Signal{Tells: fsm.SignalLog})
		open(2)
		took(15 * time.Second)
		r.ping(1)
		open(0)
		took(5 * time.Second)
		r.signal(1, named(fsm.SignalStart, 3))
		r.signal(1, named(fsm.SignalStart, 4))
		r.run(time.Second)
		r.signal(1, named(fsm.SignalFail, 4))
		open(0)
		took(time.Second)
		r.ping(1)
		took(fsm.NotKnown)
	})
	t.Run("only the newest are kept", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 600, 1))
		for i := range fsm.MaxOpenRuns + 5 {
			r.signal(1, named(fsm.SignalStart, byte(i)))
		}
		if got := len(r.s.st.table.PageAt(0).Runs(0).Open); got != fsm.MaxOpenRuns {
			t.Errorf("%d", got)
		}
	})
	t.Run("a start arms what waits for its first ping", func(t *testing.T) {
		r := newRig(t)
		spec := testSpec(60, 10, 1)
		spec.Arm = fsm.ArmFirstPing
		r.create(1, spec)
		r.run(time.Hour)
		r.signal(1, fsm.Signal{Tells: fsm.SignalLog})
		r.run(time.Hour)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
		r.signal(1, start)
		r.run(10 * time.Second)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
		r.tick()
		wantStatus(t, r, 1, fsm.StatusFailing, 0)
		if h := r.heartbeat(1); !h.LastPing.IsZero() || h.Pings != 2 {
			t.Errorf("%+v", h)
		}
	})
	t.Run("a pause lets go of it", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 10, 1))
		r.signal(1, start)
		r.must(fsm.Pause{ID: testID(1)})
		r.run(time.Minute)
		if c := r.signal(1, fsm.Signal{Tells: fsm.SignalFail}); c != fsm.CodePaused {
			t.Errorf("code %d", c)
		}
		r.signal(1, start)
		r.must(fsm.Resume{ID: testID(1)})
		r.run(time.Minute)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
		wantAlerts(t, r, 1)
	})
	t.Run("an edit gives it the new grace from now", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 600, 1))
		r.signal(1, start)
		r.run(time.Minute)
		r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Grace: new(int64(30))}})
		r.run(30 * time.Second)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
		r.tick()
		wantStatus(t, r, 1, fsm.StatusFailing, 0)
	})
	t.Run("those that may have ended in a gap are unheard, told once", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 1))
		r.signal(1, start)
		r.signal(1, named(fsm.SignalStart, 1))
		r.run(30 * time.Second)
		r.gap(10 * time.Minute)
		r.run(31 * time.Second)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
		wantAlerts(t, r, 1, "unheard pending")
		if e := r.newest(1).Evidence; !e.Due.Equal(epoch.Add(11 * time.Minute)) {
			t.Errorf("due %v", e.Due)
		}
	})
	t.Run("one that was overdue while failing is not counted after the recovery", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 2))
		r.signal(1, named(fsm.SignalStart, 1))
		r.signal(1, named(fsm.SignalStart, 2))
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail}) // closes both
		r.signal(1, named(fsm.SignalStart, 3))
		r.run(2 * time.Minute)
		r.signal(1, named(fsm.SignalSuccess, 4))
		r.run(2 * time.Minute)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
	})
}

func TestLatePings(t *testing.T) {
	ago := func(r *rig, d time.Duration) int64 { return r.wall - d.Milliseconds() }
	t.Run("an older one changes nothing but the history", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 1))
		r.run(10 * time.Minute)
		r.ping(1)
		r.run(10 * time.Minute)
		before := r.heartbeat(1)
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail, At: ago(r, 15*time.Minute)})
		r.signal(1, fsm.Signal{At: ago(r, 15*time.Minute)})
		r.signal(1, fsm.Signal{Tells: fsm.SignalStart, At: ago(r, 15*time.Minute)})
		r.run(5 * time.Minute)
		h := r.heartbeat(1)
		before.Pings, before.Started = h.Pings, h.Started
		if fmt.Sprint(h) != fmt.Sprint(before) {
			t.Errorf("%+v\nwas\n%+v", h, before)
		}
		list, _, _ := r.s.Pings(testID(1), 10, 0)
		if !list[2].At.Equal(epoch.Add(5*time.Minute)) || !list[2].Received.Equal(epoch.Add(20*time.Minute)) || list[2].Kind != fsm.SignalFail {
			t.Errorf("%+v", list)
		}
	})
	t.Run("a newer one is a ping of its time", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 1))
		r.run(70 * time.Minute)
		wantStatus(t, r, 1, fsm.StatusFailing, 1)
		r.send(r.oneReady())
		r.signal(1, fsm.Signal{At: ago(r, 5*time.Minute)})
		wantStatus(t, r, 1, fsm.StatusActive, 0)
		wantAlerts(t, r, 1, "down sent", "recovered pending")
		h := r.heartbeat(1)
		if want := epoch.Add(65 * time.Minute); !h.LastPing.Equal(want) || !h.NextDue.Equal(want.Add(time.Hour)) {
			t.Errorf("%+v", h)
		}
		r.run(56 * time.Minute)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
		r.tick()
		wantStatus(t, r, 1, fsm.StatusFailing, 1)
	})
	t.Run("one after which the next is overdue does not recover", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 1))
		r.run(5*time.Hour + time.Minute)
		r.signal(1, fsm.Signal{At: ago(r, 4*time.Hour)})
		wantStatus(t, r, 1, fsm.StatusFailing, 3)
		wantAlerts(t, r, 1, "down pending")
		if got := r.s.Totals().Misses; got != 4 {
			t.Errorf("%d misses in all", got)
		}
	})
	t.Run("time that the cluster lost makes no miss of it", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 1))
		r.run(time.Minute)
		r.gap(2 * time.Hour)
		r.run(time.Minute)
		r.signal(1, fsm.Signal{At: ago(r, 2*time.Hour)})
		r.run(time.Hour)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
	})
	t.Run("a run delivered late tells how long it took", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 1))
		r.run(30 * time.Minute)
		r.signal(1, fsm.Signal{Tells: fsm.SignalStart, At: ago(r, 20*time.Minute)})
		r.signal(1, fsm.Signal{Exit: fsm.NotKnown, At: ago(r, 5*time.Minute)})
		if got := r.heartbeat(1); got.LastRun != 15*time.Minute || !got.Started.IsZero() {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a time in the future is now", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 1))
		r.signal(1, fsm.Signal{At: r.wall + 5000})
		if h := r.heartbeat(1); !h.LastPing.Equal(epoch) {
			t.Errorf("%v", h.LastPing)
		}
	})
}

func TestTheSameKeyIsTheSamePing(t *testing.T) {
	r := newRig(t)
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: 3, Burst: 5, GroupWait: 10_000}})
	r.create(1, testSpec(3600, 60, 1))
	key := fsm.Signal{Tells: fsm.SignalFail, IdempotencyKey: [16]byte{1, 2, 3}}
	r.signal(1, key)
	before := imageOf(t, r.s)
	if c := r.signal(1, key); c != fsm.CodeOK {
		t.Errorf("code %d", c)
	}
	if string(before) != string(imageOf(t, r.s)) {
		t.Error("a repeat changed the state")
	}
	r.must(fsm.Pause{ID: testID(1)})
	paused := fsm.Signal{IdempotencyKey: [16]byte{4}}
	if c := r.signal(1, paused); c != fsm.CodePaused {
		t.Errorf("code %d", c)
	}
	r.must(fsm.Resume{ID: testID(1)})
	if a, b := r.signal(1, paused), r.signal(1, key); a != fsm.CodePaused || b != fsm.CodeOK {
		t.Errorf("answered %d and %d, were answered %d and %d", a, b, fsm.CodePaused, fsm.CodeOK)
	}
	if h := r.heartbeat(1); h.Pings != 2 {
		t.Errorf("%d pings", h.Pings)
	}
	for range 3 {
		r.ping(1)
	}
	r.signal(1, key) // it has left the history
	if h := r.heartbeat(1); h.Pings != 6 {
		t.Errorf("%d pings", h.Pings)
	}
}

func TestTheHistoryShowsWhatSignalsTold(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(3600, 60, 1))
	r.signal(1, fsm.Signal{Tells: fsm.SignalStart, HasRun: true, Run: [16]byte{9}, From: netip.MustParseAddr("192.0.2.1")})
	r.run(1500 * time.Millisecond)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail, Exit: 42, HasRun: true, Run: [16]byte{9}, From: netip.MustParseAddr("2001:db8::2"), Body: []byte("b")})
	r.ping(1)
	r.signal(1, fsm.Signal{Tells: fsm.SignalLog, Body: []byte("c")})
	list, _, err := r.s.Pings(testID(1), 10, 0)
	if err != nil || len(list) != 4 {
		t.Fatalf("%+v, %v", list, err)
	}
	log, plain, fail, start := list[0], list[1], list[2], list[3]
	if log.Kind != fsm.SignalLog || string(log.Body) != "c" || log.Exit != fsm.NotKnown || log.Number != 4 {
		t.Errorf("%+v", log)
	}
	if plain.Kind != fsm.SignalSuccess || plain.Exit != fsm.NotKnown || plain.Took != fsm.NotKnown || plain.Body != nil || plain.HasRun || plain.From != "" {
		t.Errorf("%+v", plain)
	}
	if fail.Kind != fsm.SignalFail || fail.Exit != 42 || fail.Took != 1500*time.Millisecond || fail.Run != [16]byte{9} || fail.From != "2001:db8::2" {
		t.Errorf("%+v", fail)
	}
	if start.Kind != fsm.SignalStart || !start.HasRun || start.Took != fsm.NotKnown || start.From != "192.0.2.1" {
		t.Errorf("%+v", start)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(3600, 60, 1))
	for i := range 10 {
		r.signal(1, fsm.Signal{Tells: fsm.SignalLog, Body: []byte(strings.Repeat(fmt.Sprint(i), fsm.MaxBody))})
	}
	list, _, _ := r.s.Pings(testID(1), 10, 0)
	kept := 0
	for i, p := range list {
		if len(p.Body) == fsm.MaxBody && p.Body[0] == byte('0'+len(list)-1-i) {
			kept++
		}
	}
	if x := r.s.st.table.PageAt(0).Runs(0); kept != 3 || len(x.Bodies) != 3 || x.Size > fsm.MaxBodies {
		t.Errorf("%d bodies are shown, %d kept, %d bytes", kept, len(x.Bodies), x.Size)
	}
	for range 100 {
		r.ping(1)
	}
	if x := r.s.st.table.PageAt(0).Runs(0); x != nil || r.s.st.table.Bodies != 0 {
		t.Errorf("%+v is kept of pings that left the history", x)
	}
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail, Body: []byte(strings.Repeat("ü", fsm.MaxBody/2))})
	if out := r.newest(1).Evidence.Output; len(out) != fsm.MaxExcerpt || strings.Trim(out, "ü") != "" {
		t.Errorf("an excerpt of %d bytes", len(out))
	}
	r.signal(1, fsm.Signal{Tells: fsm.SignalSuccess})
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail, Body: []byte("x" + strings.Repeat("ü", fsm.MaxBody/2-1))})
	if out := r.newest(1).Evidence.Output; strings.Trim(out, "ü") != "" {
		t.Errorf("the excerpt is cut within a character: %q", out[:4])
	}
	r.run(10 * time.Minute) // the second is held back
	first := r.oneReady()
	r.send(first)
	if a, err := r.s.Alert(first); err != nil || a.State != fsm.AlertSent || a.Evidence.Output != "" {
		t.Errorf("the excerpt outlives its mail: %v, %v", a.State, err)
	}
}

// TestOutput: what a mail says that the run printed is of that run.
func TestOutput(t *testing.T) {
	body := func(s string) fsm.Signal { return fsm.Signal{Tells: fsm.SignalLog, Body: []byte(s)} }
	t.Run("a log of the run that failed", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 1))
		r.signal(1, body("copying"))
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		if got := r.newest(1).Evidence.Output; got != "copying" {
			t.Errorf("%q", got)
		}
	})
	t.Run("not that of the run before", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(3600, 60, 1))
		r.signal(1, fsm.Signal{Body: []byte("all is well")})
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		if got := r.newest(1).Evidence.Output; got != "" {
			t.Errorf("%q", got)
		}
	})
	t.Run("a silence has that of the last run", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(60, 0, 1))
		r.signal(1, fsm.Signal{Body: []byte("all is well")})
		r.run(2 * time.Minute)
		if got := r.newest(1).Evidence.Output; got != "all is well" {
			t.Errorf("%q", got)
		}
	})
}
