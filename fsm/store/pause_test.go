package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// pauseFor pauses heartbeat n for a time.
func (r *rig) pauseFor(n int, d time.Duration) fsm.Heartbeat {
	r.t.Helper()
	return r.decode(r.must(fsm.TimedPause{ID: testID(n), For: d.Milliseconds()}))
}

func (r *rig) decode(res fsm.Result) fsm.Heartbeat {
	r.t.Helper()
	h, err := fsm.DecodeHeartbeat(res.Data)
	if err != nil {
		r.t.Fatal(err)
	}
	return h
}

func TestAPauseEndsByItself(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(60, 5, 3))
	h := r.pauseFor(1, time.Hour)
	end := epoch.Add(time.Hour)
	if h.Status != fsm.StatusPaused || !h.PausedUntil.Equal(end) || h.Version != 2 || !h.NextDue.IsZero() {
		t.Fatalf("%+v", h)
	}
	if due, running := r.s.NextDue(); !running || due != 3600_000 {
		t.Errorf("the next deadline is at %d (%v): a leader would not tick then", due, running)
	}
	r.run(59*time.Minute + 59*time.Second)
	if code := r.ping(1); code != fsm.CodePaused || r.heartbeat(1).Status != fsm.StatusPaused {
		t.Errorf("a ping while it is paused is answered %d", code)
	}
	r.sameAfterRestore()
	r.run(2 * time.Second)
	h = r.heartbeat(1)
	if h.Status != fsm.StatusActive || !h.PausedUntil.IsZero() || h.Version != 3 || !h.UpdatedAt.Equal(end) || !h.Resumed.Equal(end) || h.Rule != fsm.RuleResumed || h.Pings != 1 {
		t.Fatalf("after its end: %+v", h)
	}
	if !h.NextDue.Equal(end.Add(time.Minute)) {
		t.Errorf("next due %v", h.NextDue)
	}
	r.run(62 * time.Second)
	if len(r.downs()) != 0 {
		t.Fatal("it alerts before an interval and the grace have passed since the end of the pause")
	}
	r.run(3 * time.Second)
	if a := r.downs(); len(a) != 1 || !a[0].Evidence.Resumed.Equal(end) {
		t.Fatalf("the first missed interval after it: %+v", a)
	}
	if days, err := r.s.Uptime(testID(1), fsm.WallTime(r.wall)); err != nil || days[len(days)-1].Paused != 3600_000 {
		t.Errorf("paused for %d ms, %v", days[len(days)-1].Paused, err)
	}
}

func TestAPauseUntilATime(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(60, 5, 1))
	until := epoch.Add(8 * time.Hour)
	pause := func(until time.Time) fsm.Result { return r.do(fsm.TimedPause{ID: testID(1), Until: until.UnixMilli()}) }
	if h := r.decode(pause(until)); !h.PausedUntil.Equal(until) {
		t.Fatalf("%+v", h)
	}
	before := imageOf(t, r.s)
	for _, c := range []fsm.TimedPause{
		{Until: epoch.UnixMilli()},
		{Until: epoch.UnixMilli() - 1},
		{Until: 1},
		{Until: epoch.UnixMilli() + fsm.MaxPause + 1},
		{For: fsm.MinPause - 1},
		{For: fsm.MaxPause + 1},
		{For: 1000, Until: until.UnixMilli()},
		{},
	} {
		if c.ID = testID(1); r.do(c).Code != fsm.CodeInvalid {
			t.Errorf("%+v is accepted", c)
		}
	}
	if r.do(fsm.TimedPause{ID: testID(9), For: 1000}).Code != fsm.CodeNotFound || r.do(fsm.TimedPause{ID: testID(1), IfVersion: 9, For: 1000}).Code != fsm.CodeConflict {
		t.Error("of another heartbeat, or version")
	}
	if pause(until); !bytes.Equal(before, imageOf(t, r.s)) {
		t.Error("what is refused, or changes nothing, changed the state")
	}
}

// TestWhatComesInBetween: a pause that ends by itself, and what else may happen to the heartbeat.
func TestWhatComesInBetween(t *testing.T) {
	const n = 1
	for name, c := range map[string]struct {
		do     func(r *rig)
		status fsm.Status // half an hour after the hour was over
	}{
		"nothing":                {func(*rig) {}, fsm.StatusActive},
		"an edit":                {func(r *rig) { r.must(fsm.Update{ID: testID(n), Patch: fsm.Patch{Interval: new(int64(7200))}}) }, fsm.StatusActive},
		"a pause without an end": {func(r *rig) { r.must(fsm.Pause{ID: testID(n)}) }, fsm.StatusPaused},
		"an edit to paused":      {func(r *rig) { r.must(fsm.Update{ID: testID(n), Pause: new(true)}) }, fsm.StatusActive},
		"a longer pause":         {func(r *rig) { r.pauseFor(n, 2*time.Hour) }, fsm.StatusPaused},
		"a shorter pause":        {func(r *rig) { r.pauseFor(n, time.Minute) }, fsm.StatusActive},
		"a resume":               {func(r *rig) { r.must(fsm.Resume{ID: testID(n)}) }, fsm.StatusActive},
		"a resume by an edit":    {func(r *rig) { r.must(fsm.Update{ID: testID(n), Pause: new(false)}) }, fsm.StatusActive},
		"a resume and a pause": {func(r *rig) {
			r.must(fsm.Resume{ID: testID(n)})
			r.must(fsm.Pause{ID: testID(n)})
		}, fsm.StatusPaused},
		"a failure": {func(r *rig) { r.signal(n, fsm.Signal{Tells: fsm.SignalFail, Exit: 1}) }, fsm.StatusActive},
		"a start":   {func(r *rig) { r.signal(n, fsm.Signal{Tells: fsm.SignalStart}) }, fsm.StatusActive},
		"a deletion": {func(r *rig) {
			r.must(fsm.Delete{ID: testID(n)})
			r.create(n+1, testSpec(7200, 60, 1))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.create(n, testSpec(7200, 60, 1))
			r.pauseFor(n, time.Hour)
			r.run(20 * time.Minute)
			c.do(r)
			r.sameAfterRestore()
			r.run(70 * time.Minute)
			r.sameAfterRestore()
			h, err := r.s.Heartbeat(testID(n))
			if (err == nil) != (c.status != "") || h.Status != c.status {
				t.Errorf("%v, %+v", err, h)
			}
			if total := r.s.Totals(); total.Paused != map[bool]int{true: 1}[c.status == fsm.StatusPaused] {
				t.Errorf("%d are paused", total.Paused)
			}
			if len(r.downs()) > 0 {
				t.Errorf("it alerted: %+v", r.downs())
			}
		})
	}
}

func TestAPingRightAfterThePauseCounts(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(60, 5, 3))
	r.pauseFor(1, 10*time.Second)
	r.wall += 10_000
	r.batch(2000)
	r.batch(2000)
	r.batch(2000)
	r.batch(2000)
	r.batch(2000) // the horizon is two seconds behind
	if r.heartbeat(1).Status != fsm.StatusPaused {
		t.Fatal("the test wants a state that is not judged yet")
	}
	if code := r.ping(1); code != fsm.CodeOK {
		t.Errorf("a ping at the moment in which the pause ends is answered %d", code)
	}
	if h := r.heartbeat(1); h.Rule != fsm.RuleThreshold || h.Status != fsm.StatusActive || !h.LastPing.Equal(fsm.WallTime(r.wall)) {
		t.Errorf("%+v", h)
	}
}

func TestPausesOverClocksThatJump(t *testing.T) {
	hour := time.Hour.Milliseconds()
	status := func(r *rig, want fsm.Status) {
		r.t.Helper()
		if h := r.heartbeat(1); h.Status != want {
			r.t.Fatalf("at %v it is %v: %+v", fsm.WallTime(r.wall), h.Status, h)
		}
	}
	begin := func(t *testing.T) *rig {
		r := newRig(t)
		r.create(1, testSpec(60, 5, 1))
		r.pauseFor(1, 8*time.Hour)
		r.run(time.Minute)
		return r
	}
	t.Run("ahead, and mended within ten minutes", func(t *testing.T) {
		r := begin(t)
		r.jump(24 * time.Hour)
		r.run(9 * time.Minute)
		r.sameAfterRestore()
		r.jump(-24 * time.Hour)
		r.run(7 * time.Hour)
		status(r, fsm.StatusPaused)
		r.run(51 * time.Minute)
		status(r, fsm.StatusActive)
	})
	t.Run("ahead, for good", func(t *testing.T) {
		r := begin(t)
		r.jump(24 * time.Hour)
		r.run(10*time.Minute - time.Second)
		status(r, fsm.StatusPaused)
		r.run(2 * time.Second)
		status(r, fsm.StatusActive)
	})
	t.Run("back", func(t *testing.T) {
		r := begin(t)
		r.jump(-time.Hour)
		r.run(9*time.Hour - 2*time.Minute)
		status(r, fsm.StatusPaused)
		r.run(2 * time.Minute)
		status(r, fsm.StatusActive)
	})
	t.Run("the monitor was away until after the end", func(t *testing.T) {
		r := begin(t)
		r.gap(12 * time.Hour)
		r.must(fsm.ReadClock{})
		r.run(10*time.Minute + time.Second)
		status(r, fsm.StatusActive)
		if h := r.heartbeat(1); h.Resumed.UnixMilli() < epoch.UnixMilli()+12*hour {
			t.Errorf("it counts as resumed %v, while nobody was there", h.Resumed)
		}
		r.run(50 * time.Second)
		r.sameAfterRestore()
		if len(r.downs()) > 0 {
			t.Error("it alerts at once")
		}
		r.run(20 * time.Second)
		if len(r.downs()) != 1 {
			t.Error("it is not watched")
		}
	})
	t.Run("the monitor was away until before the end", func(t *testing.T) {
		r := begin(t)
		r.gap(7 * time.Hour)
		r.must(fsm.ReadClock{})
		r.run(58 * time.Minute)
		status(r, fsm.StatusPaused)
		r.run(2 * time.Minute)
		status(r, fsm.StatusActive)
	})
}

// TestAScheduleAfterAPause: its times in the pause, and right at the end, are nobody's.
func TestAScheduleAfterAPause(t *testing.T) {
	for _, off := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
		t.Run(off.String(), func(t *testing.T) {
			r := newRig(t)
			r.scheduled(1, 60, fsm.MaxTimes)
			r.must(fsm.TimedPause{ID: testID(1), Until: epoch.Add(3*time.Hour + off).UnixMilli()})
			r.run(3*time.Hour + time.Minute)
			if h := r.heartbeat(1); h.Status != fsm.StatusActive || !h.NextDue.Equal(epoch.Add(4*time.Hour)) {
				t.Fatalf("%v, next due %v", h.Status, h.NextDue)
			}
			r.run(63 * time.Minute)
			if len(r.downs()) > 0 {
				t.Fatal("it alerts within the grace")
			}
			r.run(2 * time.Minute)
			if len(r.downs()) != 1 {
				t.Fatal("it is not watched")
			}
		})
	}
}

func TestManyPausesEndAtOnce(t *testing.T) {
	const n = 300
	r := newRig(t)
	r.s.maxJudged = 7
	for i := range n {
		r.create(i+1, testSpec(3600, 5, 1))
		r.pauseFor(i+1, time.Minute)
	}
	r.run(61 * time.Second)
	for r.s.Totals().Paused > 0 {
		r.wall += 5000
		before := r.s.Totals().Paused
		if r.batch(0); r.s.Totals().Paused != before-7 && before > 7 {
			t.Fatalf("%d of %d are paused after a batch that judges 7", r.s.Totals().Paused, before)
		}
	}
	for i := range n {
		if h := r.heartbeat(i + 1); !h.UpdatedAt.Equal(epoch.Add(time.Minute)) {
			t.Fatalf("%d counts as resumed at %v", i+1, h.UpdatedAt)
		}
	}
	r.sameAfterRestore()
}

func TestAnImageOfPausesIsReadWithCare(t *testing.T) {
	r := newRig(t)
	for n := 1; n <= 3; n++ {
		r.create(n, testSpec(60, 5, 1))
	}
	r.must(fsm.Pause{ID: testID(1)})
	r.pauseFor(2, time.Hour)
	for what, x := range map[string]struct{ ord, until uint64 }{
		"of nobody":         {4, 1},
		"of nobody, too":    {0, 1},
		"that is none":      {3, 1},
		"that is told of":   {2, 1},
		"that never ends":   {1, 0},
		"that overflows":    {1, 1 << 63},
		"that is all right": {1, 1},
	} {
		item := wire.NewReader(binary.AppendUvarint(binary.AppendUvarint(nil, x.ord), x.until))
		err := r.s.st.readPauses(&item)
		if good := what == "that is all right"; (err == nil && item.End() == nil) != good {
			t.Errorf("a pause %s: %v", what, err)
		}
		r.s.st.table.OwnRuns(1).Pause = nil
	}
	image := imageOf(t, r.s)
	for i := range image {
		bad := bytes.Clone(image)
		bad[i] ^= 1
		if New().Restore(bytes.NewReader(bad)) == nil {
			t.Errorf("a flipped bit at %d is not found", i)
		}
	}
	r.s.st.clock = &timetable.Clock{}
	if err := New().Restore(bytes.NewReader(imageOf(t, r.s))); !errors.Is(err, fsm.ErrCorrupt) {
		t.Errorf("a pause without a clock: %v", err)
	}
}
