package store

import (
	"slices"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func wantStatus(t *testing.T, r *rig, n int, status fsm.Status, misses int64) {
	t.Helper()
	h := r.heartbeat(n)
	if h.Status != status || h.Misses != misses {
		t.Errorf("at %v: status %s with %d misses, want %s with %d",
			time.UnixMilli(r.wall).Sub(epoch), h.Status, h.Misses, status, misses)
	}
}

func wantAlerts(t *testing.T, r *rig, n int, want ...string) {
	t.Helper()
	if got := r.alerts(n); !slices.Equal(got, want) {
		t.Errorf("alerts %q, want %q", got, want)
	}
}

func TestMissesComeAtIntervalsPlusGrace(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(3600, 600, 2))
	r.run(time.Hour + 10*time.Minute)
	wantStatus(t, r, 1, fsm.StatusActive, 0)
	r.tick()
	wantStatus(t, r, 1, fsm.StatusActive, 1)
	wantAlerts(t, r, 1)
	r.run(time.Hour)
	wantStatus(t, r, 1, fsm.StatusFailing, 2)
	wantAlerts(t, r, 1, "down pending")
	r.run(3 * time.Hour)
	wantStatus(t, r, 1, fsm.StatusFailing, 5)
	wantAlerts(t, r, 1, "down pending")
	if got := r.s.Totals().Misses; got != 5 {
		t.Errorf("total misses %d, want 5", got)
	}
	if next, want := r.heartbeat(1).NextDue, epoch.Add(6*time.Hour); !next.Equal(want) {
		t.Errorf("next expected %v, want %v", next, want)
	}
}

func TestPingEndsAnIncidentWithOneRecovery(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(60, 0, 1))
	r.run(10 * time.Second)
	r.ping(1)
	r.run(5 * time.Minute)
	wantStatus(t, r, 1, fsm.StatusFailing, 4)
	r.send(r.oneReady())
	if c := r.ping(1); c != fsm.CodeOK {
		t.Fatalf("ping: code %d", c)
	}
	wantStatus(t, r, 1, fsm.StatusActive, 0)
	wantAlerts(t, r, 1, "down sent", "recovered pending")
	id := testID(1)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	if got := list[0].Evidence.Silent; got != 5*time.Minute {
		t.Errorf("silent for %v, want 5m", got)
	}
	if list[0].Answers != list[1].MessageID {
		t.Errorf("the recovery answers %q, the alert is %q", list[0].Answers, list[1].MessageID)
	}
	r.ping(1)
	wantAlerts(t, r, 1, "down sent", "recovered pending")
	r.send(r.oneReady())
	r.run(2 * time.Minute)
	wantAlerts(t, r, 1, "down sent", "recovered sent", "down pending")
}

func TestAPingInTheBatchThatPassesItsDeadlineCounts(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(1, 0, 1))
	r.wall += 1500
	r.batch(1500, fsm.Ping{Ordinal: 1})
	r.tick()
	r.tick()
	wantStatus(t, r, 1, fsm.StatusActive, 0)
	wantAlerts(t, r, 1)
}

func TestPausing(t *testing.T) {
	t.Run("a paused heartbeat does not miss and takes pings", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(1, 1, 2))
		r.must(fsm.Pause{ID: testID(1)})
		r.run(10 * time.Second)
		if c := r.ping(1); c != fsm.CodePaused {
			t.Errorf("ping of a paused heartbeat: code %d", c)
		}
		wantStatus(t, r, 1, fsm.StatusPaused, 0)
		if h := r.heartbeat(1); h.Pings != 1 || !h.NextDue.IsZero() {
			t.Errorf("pings %d, next %v", h.Pings, h.NextDue)
		}
		wantAlerts(t, r, 1)
	})
	t.Run("after resume the next missed interval alerts, whatever the threshold", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(10, 1, 5))
		r.must(fsm.Pause{ID: testID(1)})
		r.run(time.Minute)
		r.must(fsm.Resume{ID: testID(1)})
		name := "other"
		r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Name: &name}})
		r.run(11 * time.Second)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
		r.tick()
		wantStatus(t, r, 1, fsm.StatusFailing, 1)
		wantAlerts(t, r, 1, "down pending")
	})
	t.Run("a ping after resume restores the threshold", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(10, 0, 2))
		r.must(fsm.Pause{ID: testID(1)})
		r.must(fsm.Resume{ID: testID(1)})
		r.ping(1)
		r.run(11 * time.Second)
		wantStatus(t, r, 1, fsm.StatusActive, 1)
	})
	t.Run("pausing a failing heartbeat ends its incident without mail", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(1, 0, 1))
		r.run(3 * time.Second)
		wantAlerts(t, r, 1, "down pending")
		r.must(fsm.Pause{ID: testID(1)})
		wantAlerts(t, r, 1, "down cancelled")
		r.must(fsm.Resume{ID: testID(1)})
		r.ping(1)
		wantAlerts(t, r, 1, "down cancelled", "recovered cancelled") // nobody had been told
	})
	t.Run("an unarmed heartbeat stays unarmed through pause and resume", func(t *testing.T) {
		r := newRig(t)
		spec := testSpec(1, 0, 1)
		spec.Arm = fsm.ArmFirstPing
		r.create(1, spec)
		r.run(5 * time.Second)
		r.must(fsm.Pause{ID: testID(1)})
		r.must(fsm.Resume{ID: testID(1)})
		r.run(5 * time.Second)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
		r.ping(1)
		r.run(1100 * time.Millisecond)
		wantStatus(t, r, 1, fsm.StatusFailing, 1)
	})
	t.Run("pausing twice and resuming twice change nothing", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(10, 0, 1))
		r.must(fsm.Pause{ID: testID(1)})
		r.run(time.Second)
		v := r.heartbeat(1).Version
		r.must(fsm.Pause{ID: testID(1)})
		if got := r.heartbeat(1).Version; got != v {
			t.Errorf("version %d after a second pause, was %d", got, v)
		}
		r.must(fsm.Resume{ID: testID(1)})
		next := r.heartbeat(1).NextDue
		r.run(time.Second)
		r.must(fsm.Resume{ID: testID(1)})
		if got := r.heartbeat(1).NextDue; !got.Equal(next) {
			t.Errorf("a second resume moved the deadline from %v to %v", next, got)
		}
	})
}

func TestEditing(t *testing.T) {
	t.Run("a new interval anchors at now and keeps the misses", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(10, 0, 3))
		r.run(10*time.Second + time.Millisecond)
		wantStatus(t, r, 1, fsm.StatusActive, 1)
		interval := int64(20)
		r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Interval: &interval}})
		wantStatus(t, r, 1, fsm.StatusActive, 1)
		r.run(20*time.Second + time.Millisecond)
		wantStatus(t, r, 1, fsm.StatusActive, 2)
		r.run(20 * time.Second)
		wantStatus(t, r, 1, fsm.StatusFailing, 3)
	})
	t.Run("a failing heartbeat with a new interval goes on missing by it", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(10, 0, 1))
		r.run(30*time.Second + time.Millisecond)
		wantStatus(t, r, 1, fsm.StatusFailing, 3)
		interval := int64(60)
		r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Interval: &interval}})
		wantStatus(t, r, 1, fsm.StatusFailing, 3)
		r.run(time.Minute + time.Millisecond)
		wantStatus(t, r, 1, fsm.StatusFailing, 4)
	})
	t.Run("a lower threshold acts at the next miss", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(10, 0, 5))
		r.run(30*time.Second + time.Millisecond)
		one := 1
		r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Threshold: &one}})
		wantStatus(t, r, 1, fsm.StatusActive, 3)
		r.run(10 * time.Second)
		wantStatus(t, r, 1, fsm.StatusFailing, 4)
	})
	t.Run("an edit that changes nothing does nothing", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(10, 0, 5))
		before := imageOf(t, r.s)
		interval := int64(10)
		tags := []string{}
		r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Interval: &interval, Tags: &tags}})
		if string(before) != string(imageOf(t, r.s)) {
			t.Error("the state changed")
		}
	})
	t.Run("a stale version is refused", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(10, 0, 5))
		if c := r.do(fsm.Delete{ID: testID(1), IfVersion: 7}).Code; c != fsm.CodeConflict {
			t.Errorf("code %d", c)
		}
		r.heartbeat(1)
	})
}

func TestGaps(t *testing.T) {
	t.Run("a gap excuses its own length", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(60, 10, 1))
		r.run(30 * time.Second)
		r.gap(time.Hour)
		r.run(40 * time.Second)
		wantStatus(t, r, 1, fsm.StatusActive, 0)
		if got, want := r.heartbeat(1).NextDue, epoch.Add(time.Hour+time.Minute); !got.Equal(want) {
			t.Errorf("next expected %v, want %v", got, want)
		}
	})
	t.Run("a daily job whose hour was lost is unheard, and alerts at its next miss", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(86400, 600, 1))
		r.run(24*time.Hour - 10*time.Minute)
		r.gap(2 * time.Hour) // from 23:50 to 01:50, due at 00:00
		r.run(20*time.Minute + time.Second)
		wantStatus(t, r, 1, fsm.StatusActive, 1)
		wantAlerts(t, r, 1, "unheard pending")
		r.run(24 * time.Hour)
		wantStatus(t, r, 1, fsm.StatusFailing, 2)
		wantAlerts(t, r, 1, "unheard pending", "down pending")
	})
	t.Run("a job with a fair chance after the gap alerts", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(60, 10, 2))
		r.run(55 * time.Second)
		r.gap(time.Minute)
		r.run(90 * time.Second)
		wantStatus(t, r, 1, fsm.StatusFailing, 2)
		wantAlerts(t, r, 1, "down pending")
	})
	t.Run("a ping that was held through a gap does not count it", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(60, 10, 1))
		r.wall += 30_000
		r.ping(1)
		r.must(fsm.RecordGap{From: r.wall - 30_000, To: r.wall})
		if got, want := r.heartbeat(1).NextDue, epoch.Add(90*time.Second); !got.Equal(want) {
			t.Errorf("next expected %v, want %v", got, want)
		}
	})
	t.Run("a gap dated by a clock that jumped back hides none before it", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(60, 10, 1))
		r.run(55 * time.Second)
		r.gap(50 * time.Second) // the ping at 60 s had no chance
		r.wall -= time.Hour.Milliseconds()
		r.gap(11 * time.Second)
		r.run(15*time.Second + time.Millisecond)
		wantAlerts(t, r, 1, "unheard pending")
	})
	t.Run("gaps that overlap are one, told again or by another leader", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(60, 10, 1))
		r.run(30 * time.Second)
		from := r.wall
		r.wall += 100_000
		r.must(fsm.RecordGap{From: from, To: from + 60_000})
		r.must(fsm.RecordGap{From: from, To: from + 60_000})
		r.must(fsm.RecordGap{From: from + 50_000, To: from + 100_000})
		r.must(fsm.RecordGap{From: from + 20_000, To: from + 30_000})
		if list := r.s.Gaps(); len(list) != 1 || list[0].To.Sub(list[0].From) != 100*time.Second {
			t.Errorf("gaps %v", list)
		}
		if total := r.s.Totals().GapTotal; total != 100_000 {
			t.Errorf("%d ms of gaps, want 100000", total)
		}
		if got, want := r.heartbeat(1).NextDue, epoch.Add(160*time.Second); !got.Equal(want) {
			t.Errorf("next expected %v, want %v", got, want)
		}
	})
	t.Run("a gap of unknown length excuses what was due after it, once", func(t *testing.T) {
		r := newRig(t)
		r.create(1, testSpec(60, 10, 1))
		r.create(2, testSpec(60, 10, 1))
		r.run(30 * time.Second)
		at := r.wall
		r.wall -= 1000 * time.Hour.Milliseconds() // a machine without a clock of its own
		r.must(fsm.RecordGap{From: at, To: at})
		r.run(time.Second)
		r.ping(2)
		r.run(72 * time.Second)
		wantAlerts(t, r, 1, "unheard pending")
		wantAlerts(t, r, 2, "down pending")
		r.run(30 * time.Second)
		wantAlerts(t, r, 1, "unheard pending", "down pending")
	})
	t.Run("a gap that ends before it begins is none", func(t *testing.T) {
		r := newRig(t)
		if res := r.do(fsm.RecordGap{From: r.wall, To: r.wall - 1}); res.Code != fsm.CodeInvalid {
			t.Errorf("code %d", res.Code)
		}
	})
	t.Run("a clock that jumps raises nothing", func(t *testing.T) {
		for _, jump := range []time.Duration{time.Hour, -time.Hour} {
			r := newRig(t)
			r.create(1, testSpec(60, 10, 1))
			r.run(30 * time.Second)
			r.wall += jump.Milliseconds()
			r.run(30 * time.Second)
			wantStatus(t, r, 1, fsm.StatusActive, 0)
			r.ping(1)
			r.run(59 * time.Second)
			wantStatus(t, r, 1, fsm.StatusActive, 0)
		}
	})
}

func TestHistoryKeepsTheNewestPings(t *testing.T) {
	r := newRig(t)
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: 3, Burst: 5, GroupWait: 10_000}})
	r.create(1, testSpec(60, 0, 1))
	for range 10 {
		r.run(700 * time.Millisecond)
		r.ping(1)
	}
	list, more, err := r.s.Pings(testID(1), 2, 0)
	if err != nil || !more || len(list) != 2 || list[0].Number != 10 || list[1].Number != 9 {
		t.Fatalf("pings %v, more %v, err %v", list, more, err)
	}
	if want := epoch.Add(7 * time.Second); !list[0].At.Equal(want) {
		t.Errorf("newest at %v, want %v", list[0].At, want)
	}
	list, more, _ = r.s.Pings(testID(1), 2, 9)
	if more || len(list) != 1 || list[0].Number != 8 {
		t.Errorf("second page %v, more %v", list, more)
	}
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: 0, Burst: 5, GroupWait: 10_000}})
	if list, _, _ := r.s.Pings(testID(1), 10, 0); len(list) != 0 {
		t.Errorf("pings after the history was turned off: %v", list)
	}
	if h := r.heartbeat(1); h.Pings != 10 {
		t.Errorf("counter %d", h.Pings)
	}
}
