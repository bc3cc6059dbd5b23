package store

import (
	"bytes"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

const minuteMs = 60_000

// scheduled adds heartbeat n, which is expected every so many minutes, with a grace of 5.
func (r *rig) scheduled(n int, every int64, known int) {
	r.t.Helper()
	spec := testSpec(0, 300, 1)
	spec.Schedule = []string{"* * * * *"} // the state does not look at it
	c := fsm.Create{ID: testID(n), Token: testToken(n), Spec: spec}
	r.must(fsm.WithTimetable{Timetable: fsm.Timetable{Rules: 7, Times: r.times(every, known)}, Command: c})
}

// times are the next ones of a job that runs every so many minutes.
func (r *rig) times(every int64, n int) (list []int64) {
	step := every * minuteMs
	for at := r.wall/step*step + step; len(list) < n; at += step {
		list = append(list, at)
	}
	return list
}

// topUp gives heartbeat n more times, as a leader does.
func (r *rig) topUp(n int, every int64) {
	r.t.Helper()
	list, _, _ := r.s.WantedTimes(0, r.wall, 7)
	for _, w := range list {
		if w.Ordinal == r.s.st.byID(testID(n)) {
			if r.wall-w.Since > 16*every*minuteMs+w.Grace { // nobody was there to know them
				w.Since = r.wall
			}
			var times []int64
			for at := w.Since/(every*minuteMs)*every*minuteMs + every*minuteMs; len(times) < fsm.MaxTimes; at += every * minuteMs {
				times = append(times, at)
			}
			r.must(fsm.SetTimetables{List: []fsm.NextTimes{{Ordinal: w.Ordinal, Version: w.Version, Since: w.Since, Timetable: fsm.Timetable{Rules: 7, Times: times}}}})
		}
	}
}

// jump sets the wall clock, and lets the leader notice it.
func (r *rig) jump(d time.Duration) {
	r.t.Helper()
	r.wall += d.Milliseconds()
	r.must(fsm.ReadClock{})
}

func TestAScheduleIsJudgedByItsTimetable(t *testing.T) {
	r := newRig(t) // it is midnight
	r.scheduled(1, 60, 16)
	if h := r.heartbeat(1); !h.NextDue.Equal(epoch.Add(time.Hour)) || h.Spec.Interval != 0 {
		t.Errorf("next due %v", h.NextDue)
	}
	r.run(59*time.Minute + 58*time.Second) // a job whose clock is two seconds ahead
	r.ping(1)
	if h := r.heartbeat(1); !h.NextDue.Equal(epoch.Add(2 * time.Hour)) {
		t.Errorf("a ping two seconds early does not count for its time: next due %v", h.NextDue)
	}
	r.run(64 * time.Minute)
	if r.heartbeat(1).Status != fsm.StatusActive {
		t.Fatal("it alerts within the grace")
	}
	r.run(2 * time.Minute)
	if a := r.downs(); len(a) != 1 || !a[0].Evidence.Due.Equal(epoch.Add(2*time.Hour)) || a[0].Evidence.Schedule != "* * * * * UTC" {
		t.Fatalf("%+v", a)
	}
	r.run(3 * time.Hour) // failing: the misses are computed
	if h := r.heartbeat(1); h.Misses != 4 || !h.NextDue.Equal(epoch.Add(6*time.Hour)) {
		t.Errorf("%d misses, next due %v", h.Misses, h.NextDue)
	}
	r.sameAfterRestore()
	r.ping(1)
	if h := r.heartbeat(1); h.Status != fsm.StatusActive || h.Misses != 0 {
		t.Errorf("%v, %d misses", h.Status, h.Misses)
	}
	r.sameAfterRestore()
}

func TestTheMissesOfATimetableGoOnOverItsEnd(t *testing.T) {
	r := newRig(t)
	r.scheduled(1, 60, 16)
	for range 60 {
		r.run(time.Hour)
		r.topUp(1, 60)
	}
	r.run(6 * time.Minute)
	if h := r.heartbeat(1); h.Misses != 60 || h.Missed != 60 {
		t.Errorf("%d misses, %d ever", h.Misses, h.Missed)
	}
	r.sameAfterRestore()
	r.run(time.Hour)
	if h := r.heartbeat(1); h.Misses != 61 {
		t.Errorf("%d misses", h.Misses)
	}
}

func TestATimetableThatRanOutCallsNothingMissed(t *testing.T) {
	r := newRig(t)
	r.scheduled(1, 60, 1)
	r.run(time.Hour)
	r.ping(1)
	r.run(30 * time.Hour)
	if h := r.heartbeat(1); h.Status != fsm.StatusActive || !h.NextDue.IsZero() {
		t.Fatalf("%v, next due %v", h.Status, h.NextDue)
	}
	r.ping(1)
	r.topUp(1, 60)
	if h := r.heartbeat(1); h.NextDue.IsZero() || h.NextDue.Sub(fsm.WallTime(r.wall)) > time.Hour {
		t.Errorf("next due %v at %v", h.NextDue, fsm.WallTime(r.wall))
	}
}

func TestAnEditThatCameFirstWins(t *testing.T) {
	r := newRig(t)
	r.scheduled(1, 60, 16)
	list, _, _ := r.s.WantedTimes(0, r.wall, 8) // a leader with other rules
	if len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	next := fsm.SetTimetables{List: []fsm.NextTimes{{Ordinal: 1, Version: list[0].Version, Since: r.wall, Timetable: fsm.Timetable{Rules: 8, Times: r.times(30, 4)}}}}
	edit := fsm.Update{ID: testID(1), Patch: fsm.Patch{Schedule: &[]string{"@daily"}}}
	r.must(fsm.WithTimetable{Timetable: fsm.Timetable{Rules: 7, Times: r.times(1440, 3)}, Command: edit})
	r.must(next)
	if h := r.heartbeat(1); !h.NextDue.Equal(epoch.Add(24 * time.Hour)) {
		t.Errorf("next due %v", h.NextDue)
	}
	r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Interval: new(int64(60))}})
	r.must(next)
	if h := r.heartbeat(1); !h.NextDue.Equal(epoch.Add(time.Minute)) || len(h.Spec.Schedule) != 0 {
		t.Errorf("next due %v by %v", h.NextDue, h.Spec.Schedule)
	}
	if list, _, more := r.s.WantedTimes(0, r.wall, 8); len(list) != 0 || more {
		t.Errorf("%+v", list)
	}
	r.sameAfterRestore()
}

func TestAClockThatIsMendedDoesNoHarm(t *testing.T) {
	for _, by := range []time.Duration{10 * time.Minute, -10 * time.Minute, 2 * time.Hour, -3 * time.Hour} {
		r := newRig(t)
		r.scheduled(1, 60, 16)
		for range 4 {
			r.run(57 * time.Minute)
			r.jump(by) // for less than the grace
			r.run(2 * time.Minute)
			r.jump(-by)
			r.run(65 * time.Second)
			r.ping(1) // 5 s late, as each hour
			r.run(-time.Duration(r.wall%(60*minuteMs))*time.Millisecond + time.Hour)
			r.ping(1)
		}
		if len(r.downs()) != 0 {
			t.Errorf("a clock that is off by %v for two minutes: %+v", by, r.downs())
		}
		r.sameAfterRestore()
	}
}

func TestServingTimeThatIsLostIsMadeUpForInTimetables(t *testing.T) {
	r := newRig(t)
	r.scheduled(1, 60, 16)
	for range 50 { // elections
		r.run(time.Second)
		r.wall += 30_000
	}
	r.jump(0)
	r.run(time.Duration(65*minuteMs-(r.wall-epoch.UnixMilli())) * time.Millisecond)
	r.run(3 * time.Second)
	if r.heartbeat(1).Status != fsm.StatusFailing {
		t.Error("what elections took is added to the next deadline")
	}
}

func TestGapsExcuseTimesOfATimetable(t *testing.T) {
	t.Run("the one time fell into a gap", func(t *testing.T) {
		r := newRig(t)
		r.scheduled(1, 60, 16)
		r.run(55 * time.Minute)
		r.gap(30 * time.Minute)
		r.must(fsm.ReadClock{})
		r.run(6 * time.Minute)
		if got := r.alerts(1); !slices.Equal(got, []string{"unheard pending"}) {
			t.Errorf("%v", got)
		}
		r.run(45 * time.Minute) // the next one is missed
		if got := r.alerts(1); len(got) != 2 || got[1] != "down pending" {
			t.Errorf("%v", got)
		}
	})
	t.Run("a job gets all of its grace after a gap", func(t *testing.T) {
		r := newRig(t)
		r.scheduled(1, 60, 16)
		r.run(55 * time.Minute)
		r.gap(30 * time.Minute)
		r.must(fsm.ReadClock{})
		r.run(4 * time.Minute)
		r.ping(1)
		r.run(2 * time.Minute)
		if got := r.alerts(1); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
	t.Run("a fair one does not", func(t *testing.T) {
		r := newRig(t)
		r.scheduled(1, 60, 16)
		r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Threshold: new(2)}})
		r.run(110 * time.Minute) // the first is missed
		r.gap(20 * time.Minute)  // of the second
		r.must(fsm.ReadClock{})
		r.run(6 * time.Minute)
		if got := r.alerts(1); !slices.Equal(got, []string{"down pending"}) {
			t.Errorf("%v", got)
		}
	})
}

func TestALatePingOfASchedule(t *testing.T) {
	r := newRig(t)
	r.scheduled(1, 60, 16)
	r.run(190 * time.Minute)
	if r.heartbeat(1).Misses != 3 {
		t.Fatalf("%d misses", r.heartbeat(1).Misses)
	}
	r.signal(1, fsm.Signal{At: r.wall - 65*minuteMs}) // of 2 o'clock: that of 3 is missing still
	if h := r.heartbeat(1); h.Status != fsm.StatusFailing || h.Misses != 1 {
		t.Errorf("%v, %d misses", h.Status, h.Misses)
	}
	r.signal(1, fsm.Signal{At: r.wall - 9*minuteMs})
	if h := r.heartbeat(1); h.Status != fsm.StatusActive || !h.NextDue.Equal(epoch.Add(4*time.Hour)) {
		t.Errorf("%v, next due %v", h.Status, h.NextDue)
	}
}

func TestAnImageOfScheduleIsReadWithCare(t *testing.T) {
	r := newRig(t)
	r.scheduled(1, 60, 16)
	r.scheduled(2, 1, 16)
	r.run(time.Hour)
	image := imageOf(t, r.s)
	for i := range image {
		bad := bytes.Clone(image)
		bad[i] ^= 1
		if New().Restore(bytes.NewReader(bad)) == nil {
			t.Errorf("a flipped bit at %d is not found", i)
		}
	}
}

// TestAScheduleTakesLittleMemory: at most 400 bytes more than an interval.
func TestAScheduleTakesLittleMemory(t *testing.T) {
	testkit.SkipUnderRace(t)
	const heartbeats = 20_000
	measure := func(scheduled bool) float64 {
		r := newRig(t)
		times := fsm.Timetable{Rules: 7, Times: r.times(60, fsm.MaxTimes)}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for n := 1; n <= heartbeats; n++ {
			spec := testSpec(3600, 300, 2)
			if scheduled {
				spec.Interval, spec.Schedule, spec.TZ = 0, []string{"0 2 * * 1-5"}, "Europe/Berlin"
			}
			var c fsm.Command = fsm.Create{ID: testID(n), Token: testToken(n), Spec: spec}
			if scheduled {
				c = fsm.WithTimetable{Timetable: times, Command: c}
			}
			r.must(c)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(r)
		return float64(after.HeapAlloc-before.HeapAlloc) / heartbeats
	}
	plain, scheduled := measure(false), measure(true)
	t.Logf("%.0f bytes a heartbeat, %.0f with a schedule", plain, scheduled)
	if scheduled-plain > 400 {
		t.Errorf("a schedule takes %.0f bytes", scheduled-plain)
	}
}

// TestATimetableThatWasFullGoesOn: a job that was silent for long, or not armed, or paused, fills
// its timetable with times that nobody needs once it is expected again.
func TestATimetableThatWasFullGoesOn(t *testing.T) {
	silent := func(r *rig, minutes int) {
		for range minutes {
			r.run(time.Minute)
			r.topUp(1, 1)
		}
	}
	for name, x := range map[string]struct {
		begin func(r *rig)
		end   func(r *rig)
		grace time.Duration
		for_  int
	}{
		"in its grace": {
			begin: func(r *rig) { r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Grace: new(int64(3600))}}) },
			end:   func(r *rig) { r.ping(1) }, grace: time.Hour, for_: 55,
		},
		"failing after a long grace": {
			begin: func(r *rig) { r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Grace: new(int64(3600))}}) },
			end:   func(r *rig) { r.ping(1) }, grace: time.Hour, for_: 200,
		},
		"paused": {
			begin: func(r *rig) { r.must(fsm.Pause{ID: testID(1)}) },
			end:   func(r *rig) { r.must(fsm.Resume{ID: testID(1)}) }, grace: 5 * time.Minute, for_: 100,
		},
		"waiting for its first ping": {
			begin: func(r *rig) { r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Arm: new(fsm.ArmFirstPing)}}) },
			end:   func(r *rig) { r.ping(1) }, grace: 5 * time.Minute, for_: 100,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.scheduled(1, 1, 16)
			x.begin(r)
			silent(r, x.for_)
			before := r.heartbeat(1).Misses
			if want := max(0, int64(x.for_)-60); x.grace == time.Hour && before < want-1 {
				t.Errorf("%d misses after %d silent minutes, want %d", before, x.for_, want)
			}
			x.end(r)
			alerts := len(r.downs())
			silent(r, int(x.grace.Minutes())+70)
			if h := r.heartbeat(1); h.Status != fsm.StatusFailing || h.Misses < 60 || len(r.downs()) != alerts+1 {
				t.Errorf("silent again it is %v, with %d misses, next due %v; %d alerts more", h.Status, h.Misses, h.NextDue, len(r.downs())-alerts)
			}
			r.sameAfterRestore()
		})
	}
}

// A ping that comes while the wall clock was set back, and no leader has noticed it yet.
func TestAPingAfterTheClockWasSetBack(t *testing.T) {
	t.Run("what had come does not make it missed at once", func(t *testing.T) {
		r := newRig(t)
		r.scheduled(1, 60, 16)
		r.run(61 * time.Minute)
		r.wall -= 10 * minuteMs // 0:51
		r.ping(1)
		r.run(6 * time.Minute) // by the clock before, its grace is over
		if h := r.heartbeat(1); h.Misses != 0 || h.Status != fsm.StatusActive || !h.NextDue.Equal(epoch.Add(time.Hour)) {
			t.Errorf("%v, %d misses, due %v", h.Status, h.Misses, h.NextDue)
		}
	})
	t.Run("what had been missed is expected once more, and judged in time", func(t *testing.T) {
		r := newRig(t)
		r.scheduled(1, 60, 16)
		r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Threshold: new(2)}})
		r.run(66 * time.Minute)
		if h := r.heartbeat(1); h.Misses != 1 {
			t.Fatalf("%d misses", h.Misses)
		}
		r.wall -= 10 * minuteMs // 0:56; by the clock before, the next miss is at 2:05
		r.ping(1)
		r.run(7 * time.Minute)
		if h := r.heartbeat(1); h.Misses != 0 {
			t.Errorf("%d misses before the grace is over", h.Misses)
		}
		r.run(3 * time.Minute)
		if h := r.heartbeat(1); h.Misses != 1 {
			t.Errorf("%d misses after it", h.Misses)
		}
		r.sameAfterRestore()
	})
	t.Run("a little, as clocks are off", func(t *testing.T) {
		r := newRig(t)
		at := r.wall
		spec := testSpec(0, 0, 1)
		spec.Schedule = []string{"* * * * *"}
		c := fsm.Create{ID: testID(1), Token: testToken(1), Spec: spec}
		r.must(fsm.WithTimetable{Timetable: fsm.Timetable{Rules: 7, Times: []int64{at + 2000, at + 4000, at + 6000}}, Command: c})
		r.batch(1950)
		r.ping(1)
		r.batch(100)
		r.wall -= 900
		r.ping(1)
		r.batch(500)
		r.batch(500)
		if h := r.heartbeat(1); h.Misses != 0 {
			t.Errorf("%d misses, though it was pinged after its time", h.Misses)
		}
		if code := r.signal(1, fsm.Signal{Tells: fsm.SignalFail, At: r.heartbeat(1).LastPing.UnixMilli() + 100}); code != fsm.CodeOK || r.status(1) != fsm.StatusFailing {
			t.Errorf("a failure after it counts for nothing: %v, %v", code, r.status(1))
		}
	})
}

// TestAPingWhileTheClockWasSetBack: it is stamped too early for the time that it was of, until the clock is mended.
func TestAPingWhileTheClockWasSetBack(t *testing.T) {
	for _, by := range []time.Duration{-90 * time.Second, -10 * time.Minute, -2 * time.Hour} {
		r := newRig(t)
		r.scheduled(1, 60, 16)
		r.run(59 * time.Minute)
		r.jump(by)
		r.run(65 * time.Second)
		r.ping(1) // 5 s late
		r.run(30 * time.Second)
		r.jump(-by / 2) // in two steps
		r.run(30 * time.Second)
		r.jump(-by + by/2)
		r.run(30 * time.Minute)
		if h := r.heartbeat(1); h.Status != fsm.StatusActive || h.Misses != 0 || !h.NextDue.Equal(epoch.Add(2*time.Hour)) {
			t.Errorf("after %v: %v, %d misses, due %v", by, h.Status, h.Misses, h.NextDue)
		}
		r.sameAfterRestore()
		r.run(36 * time.Minute)
		if h := r.heartbeat(1); h.Status != fsm.StatusFailing {
			t.Errorf("after %v a run that is missed is not told: %v, due %v", by, h.Status, h.NextDue)
		}
	}
}

// TestAClockThatWasAheadMendsNothing: set back to where it was, and then ahead again, it says nothing about the pings before.
func TestAClockThatWasAheadMendsNothing(t *testing.T) {
	r := newRig(t)
	r.scheduled(1, 60, 16)
	r.run(35 * time.Minute)
	r.jump(30 * time.Minute)
	r.run(time.Minute)
	r.jump(-30 * time.Minute)
	r.run(time.Minute)
	r.ping(1)
	r.jump(45 * time.Minute)
	r.run(time.Minute)
	r.jump(-45 * time.Minute)
	r.run(28 * time.Minute)
	if h := r.heartbeat(1); h.Status != fsm.StatusFailing {
		t.Errorf("%v, due %v", h.Status, h.NextDue)
	}
}

// TestTimesThatAWrongClockLetGoComeBack: by a clock that is ahead, the times before a ping are not needed; when it is mended, they are.
func TestTimesThatAWrongClockLetGoComeBack(t *testing.T) {
	r := newRig(t)
	r.scheduled(1, 5, 16)
	r.run(20 * time.Minute)
	r.ping(1)
	r.jump(55 * time.Minute)
	r.ping(1)
	r.topUp(1, 5)
	r.run(time.Minute)
	r.jump(-55 * time.Minute)
	r.topUp(1, 5)
	r.run(time.Minute)
	r.ping(1)
	if h := r.heartbeat(1); !h.NextDue.Equal(epoch.Add(25 * time.Minute)) {
		t.Errorf("due %v", h.NextDue)
	}
	r.sameAfterRestore()
}

// TestAnOutageIsToldOnce: all of the times that fell into it come at once, and none of them had a fair chance.
func TestAnOutageIsToldOnce(t *testing.T) {
	outage := func(r *rig, d time.Duration) {
		r.gap(d)
		r.must(fsm.ReadClock{})
		r.topUp(1, 20)
	}
	t.Run("of many times", func(t *testing.T) {
		r := newRig(t)
		r.scheduled(1, 20, 16)
		r.run(18 * time.Minute) // the grace of the first would end after the outage began
		outage(r, 8*time.Hour)
		r.run(7 * time.Minute)
		if got := r.alerts(1); !slices.Equal(got, []string{"unheard pending"}) {
			t.Errorf("%v", got)
		}
		r.sameAfterRestore()
		r.run(20 * time.Minute) // one is missed after it
		if got := r.alerts(1); !slices.Equal(got, []string{"unheard pending", "down pending"}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("and the next one once more", func(t *testing.T) {
		r := newRig(t)
		r.scheduled(1, 20, 16)
		r.run(15 * time.Minute)
		outage(r, time.Hour)
		r.run(2 * time.Minute)
		outage(r, time.Hour)
		r.run(7 * time.Minute)
		for _, a := range r.alerts(1) {
			if a == "down pending" {
				t.Errorf("%v", r.alerts(1))
			}
		}
	})
}
