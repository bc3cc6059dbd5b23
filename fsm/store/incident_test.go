package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// TestWhatARecoveryTells: since when and for how long a heartbeat was down, and how
// many misses and failures that was, in every mix.
func TestWhatARecoveryTells(t *testing.T) {
	fail := fsm.Signal{Tells: fsm.SignalFail}
	start := fsm.Signal{Tells: fsm.SignalStart}
	for _, c := range []struct {
		name             string
		story            func(r *rig)
		misses, failures int64
		since            time.Duration // after the epoch
		down, silent     time.Duration
	}{
		{"silence", func(r *rig) {
			r.run(5 * time.Minute)
		}, 4, 0, 71 * time.Second, 229 * time.Second, 5 * time.Minute},
		{"a failure", func(r *rig) {
			r.signal(1, fail)
			r.run(30 * time.Second)
		}, 0, 1, 0, 30 * time.Second, 0},
		{"silence, then a failure", func(r *rig) {
			r.run(3 * time.Minute)
			r.signal(1, fail)
			r.run(time.Second)
		}, 2, 1, 71 * time.Second, 110 * time.Second, 3 * time.Minute},
		{"a failure, then silence", func(r *rig) {
			r.signal(1, fail)
			r.run(3 * time.Minute)
		}, 2, 1, 0, 3 * time.Minute, 0},
		{"silence, failures, silence", func(r *rig) {
			r.run(2 * time.Minute)
			r.signal(1, fail)
			r.run(time.Second)
			r.signal(1, fail)
			r.run(2 * time.Minute)
		}, 2, 2, 71 * time.Second, 170 * time.Second, 2 * time.Minute},
		{"a run that hangs", func(r *rig) {
			r.run(20 * time.Second)
			r.signal(1, start)
			r.run(40 * time.Second)
		}, 0, 1, 31 * time.Second, 29 * time.Second, 0},
		{"silence, then a run that hangs", func(r *rig) {
			r.run(80 * time.Second)
			r.signal(1, start)
			r.run(30 * time.Second)
		}, 1, 1, 71 * time.Second, 39 * time.Second, 110 * time.Second},
		{"what came late, and did not end it", func(r *rig) {
			r.run(5 * time.Minute)
			r.signal(1, fsm.Signal{At: r.wall - 4*60_000})
			r.run(time.Minute)
		}, 5, 0, 71 * time.Second, 289 * time.Second, time.Minute},
		{"an edit", func(r *rig) {
			r.run(2 * time.Minute)
			r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Interval: new(int64(30))}})
			r.run(time.Minute)
		}, 2, 0, 71 * time.Second, 109 * time.Second, 3 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.create(1, testSpec(60, 10, 1))
			c.story(r)
			r.drain()
			r.signal(1, fsm.Signal{Exit: 0})
			e := r.newest(1).Evidence
			if r.newest(1).Kind != fsm.AlertRecovered || e.Misses != c.misses || e.Failures != c.failures {
				t.Errorf("%v: %d misses, %d failures", r.newest(1).Kind, e.Misses, e.Failures)
			}
			// The clock of the tests ticks in steps of up to a second.
			near := func(a, b time.Duration) bool { return (a - b).Abs() < 1100*time.Millisecond }
			if !near(e.Since.Sub(epoch), c.since) || !near(e.Down, c.down) || !near(e.Silent, c.silent) {
				t.Errorf("down since %v for %v, silent for %v", e.Since.Sub(epoch), e.Down, e.Silent)
			}
			if x := r.s.st.table.Record(1).Runs; x != nil && x.Incident != (table.Incident{}) {
				t.Errorf("%+v is kept", x.Incident)
			}
		})
	}
}

// TestAFailureAfterSilenceIsToldOnce: who was told that a job is silent is told that
// it fails, and no more before it is well again.
func TestAFailureAfterSilenceIsToldOnce(t *testing.T) {
	silent := func(t *testing.T) *rig {
		r := newRig(t)
		r.create(1, testSpec(60, 10, 1))
		r.run(75 * time.Second)
		return r
	}
	t.Run("in a mail of its own", func(t *testing.T) {
		r := silent(t)
		r.drain()
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail, Exit: 7, Body: []byte("no space left")})
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		wantAlerts(t, r, 1, "down sent", "failure pending")
		down, failure := r.oldest(1), r.newest(1)
		if e := failure.Evidence; failure.Answers != down.MessageID || !e.Failed || e.Exit != 7 || e.Output != "no space left" || e.Misses != 1 || !e.Since.Equal(down.CreatedAt) {
			t.Errorf("%+v", failure)
		}
		r.drain()
		r.tick()
		r.ping(1)
		r.drain()
		wantAlerts(t, r, 1, "down sent", "failure sent", "recovered sent")
		if got := r.newest(1).Answers; got != failure.MessageID {
			t.Errorf("the recovery answers %q", got)
		}
	})
	t.Run("in the mail that waits", func(t *testing.T) {
		r := silent(t)
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail, Exit: 7})
		wantAlerts(t, r, 1, "down pending")
		if e := r.newest(1).Evidence; !e.Failed || e.Exit != 7 {
			t.Errorf("%+v", e)
		}
	})
	t.Run("in the mail that has to be tried again", func(t *testing.T) {
		r := silent(t)
		down := r.oneReady()
		n := r.attempt(down)
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail, Exit: 7})
		wantAlerts(t, r, 1, "down claimed", "failure pending")
		r.must(fsm.Settle{Alert: down, Term: 1, Attempt: n, Outcome: fsm.OutcomeRetry, RetryIn: 1000})
		if got := r.alerts(1); !slices.Contains(got, "down pending") || !slices.Contains(got, "failure cancelled") {
			t.Errorf("%q", got)
		}
		if a, _ := r.s.Alert(down); !a.Evidence.Failed {
			t.Errorf("%+v", a.Evidence)
		}
		r.run(2 * time.Second)
		r.drain()
		r.ping(1)
		if a := r.newest(1); a.Kind != fsm.AlertRecovered || a.State != fsm.AlertPending || a.Answers == "" {
			t.Errorf("%+v", a)
		}
	})
	t.Run("not if it recovers first", func(t *testing.T) {
		r := silent(t)
		r.drain()
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.tick()
		r.ping(1)
		wantAlerts(t, r, 1, "down sent", "failure cancelled", "recovered pending")
		if a := r.newest(1); a.Answers != r.oldest(1).MessageID {
			t.Errorf("it answers %q", a.Answers)
		}
	})
	t.Run("nor if it is paused first", func(t *testing.T) {
		r := silent(t)
		r.drain()
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.must(fsm.Pause{ID: testID(1)})
		wantAlerts(t, r, 1, "down sent", "failure cancelled")
	})
	t.Run("its recovery is told, though the mail of the failure was refused", func(t *testing.T) {
		for _, early := range []bool{true, false} {
			r := silent(t)
			r.drain()
			r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
			id := r.oneReady()
			n := r.attempt(id)
			refuse := func() { r.must(fsm.Settle{Alert: id, Term: 1, Attempt: n, Outcome: fsm.OutcomeFailed}) }
			if early {
				refuse()
			}
			r.tick()
			r.ping(1)
			if !early {
				refuse()
			}
			wantAlerts(t, r, 1, "down sent", "failure failed", "recovered pending")
			if got := r.newest(1).Answers; got != r.oldest(1).MessageID {
				t.Errorf("it answers %q", got)
			}
		}
	})
	t.Run("in the next incident again", func(t *testing.T) {
		r := silent(t)
		for range 2 {
			r.drain()
			r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
			r.drain()
			r.ping(1)
			r.drain()
			r.run(11 * time.Minute)
		}
		r.drain()
		if got := strings.Join(r.alerts(1), ", "); strings.Count(got, "failure sent") != 2 {
			t.Errorf("%s", got)
		}
	})
}

// oldest is the oldest row about a heartbeat.
func (r *rig) oldest(n int) fsm.Alert {
	id := testID(n)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	return list[len(list)-1]
}

func TestWhichMissAlertsNext(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(60, 0, 3))
	want := func(at int64, rule fsm.Rule, resumed time.Time) {
		t.Helper()
		h := r.heartbeat(1)
		if h.AlertsAt() != at || h.Rule != rule || !h.Resumed.Equal(resumed) {
			t.Errorf("at %d by %v, resumed %v; want %d by %v, %v", h.AlertsAt(), h.Rule, h.Resumed, at, rule, resumed)
		}
	}
	want(3, fsm.RuleThreshold, time.Time{})
	r.must(fsm.Pause{ID: testID(1)})
	want(0, fsm.RuleThreshold, time.Time{})
	r.run(time.Minute)
	at := epoch.Add(time.Minute)
	res := r.must(fsm.Resume{ID: testID(1)})
	want(1, fsm.RuleResumed, at)
	if h, err := fsm.DecodeHeartbeat(res.Data); err != nil || h.AlertsAt() != 1 || !h.Resumed.Equal(at) {
		t.Errorf("%+v, %v", h, err)
	}
	r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Name: new("new")}})
	want(1, fsm.RuleResumed, at)
	r.run(30 * time.Second)
	r.gap(40 * time.Second)
	r.run(30*time.Second + time.Millisecond)
	wantAlerts(t, r, 1, "unheard pending")
	want(2, fsm.RuleUnheard, at)
	if e := r.newest(1).Evidence; e.Rule != fsm.RuleUnheard || e.Misses != 1 {
		t.Errorf("%+v", e)
	}
	r.run(time.Minute)
	want(0, fsm.RuleThreshold, time.Time{})
	if e := r.newest(1).Evidence; e.Rule != fsm.RuleUnheard || e.Misses != 2 || !e.Resumed.Equal(at) {
		t.Errorf("%+v", e)
	}
	r.ping(1)
	want(3, fsm.RuleThreshold, time.Time{})
	if x := r.s.st.table.Record(1).Runs; x != nil {
		t.Errorf("%+v is kept", x)
	}
	r.must(fsm.Pause{ID: testID(1)})
	r.must(fsm.Resume{ID: testID(1)})
	r.run(time.Minute + time.Millisecond)
	if e := r.newest(1).Evidence; e.Rule != fsm.RuleResumed || e.Misses != 1 || e.Resumed.IsZero() {
		t.Errorf("%+v", e)
	}
}

// TestARunThatHangsIsJudgedAsOfItsTime: what is told of it does not depend on when
// judging came round to it, though its heartbeat misses more and more meanwhile.
func TestARunThatHangsIsJudgedAsOfItsTime(t *testing.T) {
	image := func(bound int) []byte {
		r := newRig(t)
		r.s.maxJudged = bound
		r.create(1, testSpec(1, 5, 1))
		for n := 2; n <= 20; n++ {
			r.create(n, testSpec(10, 1, 1)) // due a little before it
		}
		r.run(6500 * time.Millisecond)
		r.signal(1, fsm.Signal{Tells: fsm.SignalStart})
		for range 10 {
			r.wall += 1000
			r.batch(1000)
		}
		for due, ok := r.s.NextDue(); ok && due <= r.s.Horizon(); due, ok = r.s.NextDue() {
			r.batch(0)
		}
		if e := r.newest(1).Evidence; e.Started.IsZero() || e.Failures != 1 || e.Misses != 6 {
			t.Errorf("with a bound of %d: %+v", bound, e)
		}
		return imageOf(t, r.s)
	}
	if string(image(1)) != string(image(1000)) {
		t.Error("the images differ")
	}
}
