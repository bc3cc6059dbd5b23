package store

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestUptimeIsCountedByDay: incidents are counted as they end, and the one that is going on is told.
func TestUptimeIsCountedByDay(t *testing.T) {
	r := newRig(t)
	r.wall = epoch.Add(23 * time.Hour).UnixMilli()
	r.create(1, testSpec(60, 0, 1))
	r.create(2, testSpec(3600*48, 0, 1))
	down := func(day int) int64 {
		t.Helper()
		days, err := r.s.Uptime(testID(1), time.UnixMilli(r.wall))
		if err != nil || len(days) != fsm.UptimeDays {
			t.Fatal(err)
		}
		for _, d := range days {
			if d.Date.Equal(epoch.AddDate(0, 0, day)) {
				return d.Down / 1000
			}
		}
		return -1
	}
	r.run(30 * time.Minute)             // it fails after a minute
	if got := down(0); got != 29*60-1 { // a deadline has passed once the next second begins
		t.Errorf("while it fails: %d s", got)
	}
	r.run(90 * time.Minute)
	r.ping(1)
	if a, b := down(0), down(1); a != 59*60-1 || b != 3600 {
		t.Errorf("over midnight: %d s and %d s", a, b)
	}
	r.run(30 * time.Second)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	r.run(10 * time.Second)
	r.must(fsm.Pause{ID: testID(1)})
	if got := down(1); got != 3610 {
		t.Errorf("a reported failure, ended by hand: %d s", got)
	}
	r.run(time.Hour)
	r.must(fsm.Resume{ID: testID(1)})
	days, _ := r.s.Uptime(testID(1), time.UnixMilli(r.wall))
	if d := days[len(days)-1]; d.Paused != 3600_000 || d.Down != 3610_000 {
		t.Errorf("paused: %+v", d)
	}
	if days, _ := r.s.Uptime(testID(2), time.UnixMilli(r.wall)); days[fsm.UptimeDays-1].Down != 0 || days[0].Unknown != 24*3600_000 {
		t.Errorf("one that never failed: %+v", days)
	}
	r.must(fsm.Delete{ID: testID(1)})
	if _, err := r.s.Uptime(testID(1), time.UnixMilli(r.wall)); !errors.Is(err, fsm.ErrNotFound) {
		t.Errorf("a deleted one: %v", err)
	}
	forgotten := func(ord uint64, encoded string) { t.Errorf("%d is still known: %x", ord, encoded) }
	r.s.st.uptime.Each(forgotten)
	r.s.st.uptime.EachPaused(forgotten)
}

// TestPausesAreKnownWhenTheyAreOver: those that somebody ended, those that ended by themselves, and the
// one that goes on.
func TestPausesAreKnownWhenTheyAreOver(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(3600, 0, 1))
	start := r.wall
	r.must(fsm.TimedPause{ID: testID(1), For: 60_000})
	r.run(5 * time.Minute) // it is judged again, later than it ended
	r.ping(1)
	r.must(fsm.Pause{ID: testID(1)})
	r.run(time.Minute)
	r.must(fsm.Resume{ID: testID(1)})
	r.run(time.Minute)
	r.must(fsm.Pause{ID: testID(1)})
	r.run(time.Minute)
	want := [][2]int64{{0, 60}, {300, 360}, {420, 480}}
	got := r.s.PausesAt(r.s.st.byID(testID(1)), time.UnixMilli(r.wall))
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i, p := range got {
		from, to := p.From.UnixMilli()-start, p.To.UnixMilli()-start
		if from/1000 != want[i][0] || to/1000 != want[i][1] {
			t.Errorf("pause %d: from %d ms to %d ms", i, from, to)
		}
	}
}

// TestUptimeIsSmall: nothing for those that never failed, a few bytes a day for the others.
func TestUptimeIsSmall(t *testing.T) {
	const beats = 1600
	var before, after runtime.MemStats
	r := newRig(t)
	for n := 1; n <= beats; n++ {
		r.s.st.uptime.Remove(uint64(n))
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	midnight := epoch.UnixMilli()
	for day := range int64(fsm.UptimeDays) {
		for n := uint64(1); n <= beats; n++ {
			at := midnight + day*24*3600_000
			r.s.st.uptime.AddDown(n, at, at+int64(n)*1000)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	per := float64(after.HeapAlloc-before.HeapAlloc) / beats
	if words := fmt.Sprintf("%.0f bytes a heartbeat that failed on each of 90 days, %.1f a day", per, per/fsm.UptimeDays); per > 8*fsm.UptimeDays {
		t.Error(words)
	} else {
		t.Log(words)
	}
	runtime.KeepAlive(r)
}
