package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
)

// window makes a maintenance window for the tag db: from a while from now, for another.
func (r *rig) window(n byte, in, length time.Duration) fsm.WindowID {
	r.t.Helper()
	id, from := fsm.WindowID{n}, r.wall+in.Milliseconds()
	r.must(fsm.CreateWindow{ID: id, Spec: fsm.WindowSpec{Name: fmt.Sprint("window ", n), Tags: []string{"db"}, From: from, To: from + length.Milliseconds()}})
	return id
}

// tagged adds a heartbeat of a minute and no grace that is tagged db.
func (r *rig) tagged(n int, change ...func(*fsm.Spec)) {
	r.t.Helper()
	spec := testSpec(60, 0, 1)
	spec.Name, spec.Tags = fmt.Sprint("job-", n), []string{"db"}
	for _, f := range change {
		f(&spec)
	}
	r.create(n, spec)
}

// nothing asks that nobody is told anything now, and what the alerts of heartbeat n wait for.
func (r *rig) nothing(n int, waitsFor string) {
	r.t.Helper()
	if w := r.work(); len(w.Ready)+len(w.Digests) > 0 {
		r.t.Errorf("%+v", w)
	}
	for _, id := range r.rowsOf(n) {
		a, _ := r.s.Alert(id)
		if a.State == fsm.AlertPending && (a.WaitsFor.For != waitsFor || a.Waits.IsZero()) {
			r.t.Errorf("a %v waits until %v for %+v", a.Kind, a.Waits, a.WaitsFor)
		}
	}
	r.checkLedger()
}

func TestAMaintenanceWindow(t *testing.T) {
	t.Run("keeps an alarm back, and a grace longer", func(t *testing.T) {
		r := newRig(t)
		r.tagged(1, func(s *fsm.Spec) { s.Grace = 30 })
		r.window(1, time.Minute, 10*time.Minute)
		r.run(11 * time.Minute)
		r.nothing(1, fsm.WaitWindow)
		wantAlerts(t, r, 1, "down pending")
		wantCode(t, r.do(fsm.Claim{Alert: r.rowsOf(1)[0], Term: 1, Attempt: 1}), fsm.CodeRejected)
		if next := r.work().Next - r.s.Serving(); next != 30_000 {
			t.Errorf("the sender looks again in %d ms", next)
		}
		r.run(29 * time.Second)
		r.nothing(1, fsm.WaitWindow)
		r.run(time.Second)
		r.send(r.oneReady())
		wantAlerts(t, r, 1, "down sent")
	})
	t.Run("and a recovery in it cancels both", func(t *testing.T) {
		r := newRig(t)
		r.tagged(1)
		r.window(1, 0, 10*time.Minute)
		r.run(5 * time.Minute)
		r.nothing(1, fsm.WaitWindow)
		r.ping(1)
		r.nothing(1, "")
		wantAlerts(t, r, 1, "down cancelled", "recovered cancelled")
	})
	t.Run("but lets a recovery through that somebody waits for", func(t *testing.T) {
		r := newRig(t)
		r.tagged(1)
		r.run(61 * time.Second)
		r.send(r.oneReady())
		r.window(1, 0, 10*time.Minute)
		r.ping(1)
		r.send(r.oneReady())
		wantAlerts(t, r, 1, "down sent", "recovered sent")
	})
	t.Run("is for heartbeats with its tag", func(t *testing.T) {
		r := newRig(t)
		r.tagged(1)
		r.tagged(2, func(s *fsm.Spec) { s.Tags = []string{"web"} })
		r.window(1, 0, 10*time.Minute)
		r.run(61 * time.Second)
		r.send(r.oneReady())
		wantAlerts(t, r, 2, "down sent")
		r.nothing(1, fsm.WaitWindow)
		r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Tags: &[]string{"web"}}})
		r.send(r.oneReady())
	})
	t.Run("counts at once when it is made, and when it is deleted", func(t *testing.T) {
		r := newRig(t)
		r.tagged(1)
		r.run(61 * time.Second)
		r.oneReady()
		id := r.window(1, 0, 10*time.Minute)
		r.nothing(1, fsm.WaitWindow)
		r.run(2 * time.Minute)
		r.nothing(1, fsm.WaitWindow)
		r.must(fsm.DeleteWindow{ID: id})
		wantCode(t, r.do(fsm.DeleteWindow{ID: id}), fsm.CodeNotFound)
		r.send(r.oneReady())
	})
	t.Run("stops what a sender has in hand", func(t *testing.T) {
		r, id, n := inHandWhenAWindowBegins(t)
		wantCode(t, r.do(fsm.Fence{Alert: id, Term: 1, Attempt: n}), fsm.CodeRejected)
		wantAlerts(t, r, 1, "down pending")
		r.nothing(1, fsm.WaitWindow)
		r.run(time.Minute)
		r.send(r.oneReady())
	})
	t.Run("and what a lost leader had in hand", func(t *testing.T) {
		r, id, n := inHandWhenAWindowBegins(t)
		r.term = 2
		wantCode(t, r.do(fsm.Claim{Alert: id, Term: 2, Attempt: n + 1}), fsm.CodeRejected)
		r.nothing(1, fsm.WaitWindow)
		r.run(time.Minute)
		r.send(r.oneReady())
	})
	t.Run("dissolves a digest that nobody had in hand", func(t *testing.T) {
		r := newRig(t)
		for n := 1; n <= 8; n++ {
			r.tagged(n, func(s *fsm.Spec) {
				if n == 8 {
					s.Tags = nil
				}
			})
		}
		r.run(61 * time.Second)
		for _, id := range r.work().Ready {
			r.send(id)
		}
		r.run(11 * time.Second)
		digest := r.work().Digests[0]
		r.must(digest)
		r.window(1, 0, time.Minute)
		wantCode(t, r.do(fsm.Claim{Alert: digest.ID, Term: 1, Attempt: 1}), fsm.CodeRejected)
		r.checkLedger()
		r.send(r.oneReady())
		wantAlerts(t, r, 8, "down sent")
		r.nothing(7, fsm.WaitWindow)
		r.run(time.Minute)
		for _, id := range r.work().Ready {
			r.send(id)
		}
		for n := 1; n <= 7; n++ {
			wantAlerts(t, r, n, "down sent")
		}
	})
	t.Run("keeps back a storm, which then is a digest", func(t *testing.T) {
		r := newRig(t)
		for n := 1; n <= 50; n++ {
			r.tagged(n)
		}
		r.window(1, 0, 5*time.Minute)
		r.run(5*time.Minute - time.Millisecond)
		r.nothing(50, fsm.WaitWindow)
		r.run(time.Millisecond)
		for _, id := range r.work().Ready {
			r.send(id)
		}
		r.run(11 * time.Second)
		if w := r.work(); len(w.Digests) != 1 || len(w.Digests[0].Members) != 45 {
			t.Errorf("%+v", w)
		}
	})
	t.Run("is asked nothing by who sends by hand", func(t *testing.T) {
		r := newRig(t)
		r.tagged(1)
		r.window(1, 0, 10*time.Minute)
		r.run(61 * time.Second)
		r.nothing(1, fsm.WaitWindow)
		r.must(fsm.DeliverAlert{Alert: r.rowsOf(1)[0]})
		r.checkLedger()
		r.send(r.oneReady())
	})
	t.Run("leaves a reminder for later", func(t *testing.T) {
		r := newRig(t)
		r.tagged(1, func(s *fsm.Spec) { s.RemindEvery = 60 })
		r.run(61 * time.Second)
		r.send(r.oneReady())
		r.window(1, 0, 5*time.Minute)
		r.run(5*time.Minute - time.Second)
		r.nothing(1, fsm.WaitWindow)
		r.run(time.Second)
		r.send(r.oneReady())
		wantAlerts(t, r, 1, "down sent", "reminder sent")
	})
}

// TestAClockThatJumpsOpensNoWindow: it is doubted for as long as it jumped, ten minutes at most, and so is one
// that would end a window.
func TestAClockThatJumpsOpensNoWindow(t *testing.T) {
	jump := func(r *rig, d time.Duration) {
		r.wall += d.Milliseconds()
		r.must(fsm.ReadClock{})
	}
	isOn := func(r *rig) bool { return r.s.Windows()[0].On }
	for name, c := range map[string]struct {
		in, length, jump time.Duration
		at               map[time.Duration]bool // whether it is on, so long after the jump
	}{
		"into a window":        {time.Hour, time.Hour, 70 * time.Minute, map[time.Duration]bool{0: false, 9 * time.Minute: false, 10 * time.Minute: true, 49 * time.Minute: true, 51 * time.Minute: false}},
		"by less":              {time.Minute, time.Hour, 2 * time.Minute, map[time.Duration]bool{0: false, time.Minute: false, 2 * time.Minute: true}},
		"past a window":        {time.Hour, time.Hour, 3 * time.Hour, map[time.Duration]bool{0: false, 11 * time.Minute: false}},
		"past its end":         {-time.Hour, 2 * time.Hour, 3 * time.Hour, map[time.Duration]bool{0: true, 9 * time.Minute: true, 10 * time.Minute: false}},
		"before its beginning": {-time.Minute, time.Hour, -time.Hour, map[time.Duration]bool{0: false, 58 * time.Minute: false, 60 * time.Minute: true}},
	} {
		r := newRig(t)
		r.window(1, c.in, c.length)
		r.run(time.Second)
		jump(r, c.jump)
		for at := time.Duration(0); at < time.Hour+time.Minute; at += time.Minute {
			if want, asked := c.at[at]; asked && isOn(r) != want {
				t.Errorf("a jump %s: %v after it the window is on: %v", name, at, !want)
			}
			r.run(time.Minute)
		}
	}
	t.Run("and mended, it changes nothing", func(t *testing.T) {
		r := newRig(t)
		r.tagged(1)
		r.window(1, time.Hour, time.Hour)
		r.run(30 * time.Second)
		jump(r, 90*time.Minute)
		r.run(31 * time.Second)
		r.send(r.oneReady())
		jump(r, -90*time.Minute)
		if isOn(r) {
			t.Error("it is on")
		}
	})
}

func TestLimitsOfWindows(t *testing.T) {
	r := newRig(t)
	once := fsm.WindowSpec{Name: "n", Tags: []string{"db"}, From: r.wall, To: r.wall + 1000}
	scheduled := fsm.WindowSpec{Name: "n", Tags: []string{"db"}, Schedule: []string{"@daily"}, For: 60}
	for what, spec := range map[string]fsm.WindowSpec{
		"no name":         {Tags: once.Tags, From: once.From, To: once.To},
		"no tags":         {Name: "n", From: once.From, To: once.To},
		"no times":        {Name: "n", Tags: once.Tags},
		"an end before":   {Name: "n", Tags: once.Tags, From: once.To, To: once.From},
		"over":            {Name: "n", Tags: once.Tags, From: r.wall - 1000, To: r.wall},
		"too long by now": {Name: "n", Tags: once.Tags, To: r.wall + fsm.MaxWindowLength + 1},
		"too long":        {Name: "n", Tags: once.Tags, From: r.wall, To: r.wall + fsm.MaxWindowLength + 1},
		"both":            {Name: "n", Tags: once.Tags, From: once.From, To: once.To, Schedule: scheduled.Schedule, For: 60},
		"for without":     {Name: "n", Tags: once.Tags, From: once.From, To: once.To, For: 60},
		"no length":       {Name: "n", Tags: once.Tags, Schedule: scheduled.Schedule},
		"a long length":   {Name: "n", Tags: once.Tags, Schedule: scheduled.Schedule, For: fsm.MaxWindowSecs + 1},
		"no such time":    {Name: "n", Tags: once.Tags, Schedule: []string{"61 * * * *"}, For: 60},
		"a zone of words": {Name: "n", Tags: once.Tags, Schedule: scheduled.Schedule, TZ: "here and now", For: 60},
	} {
		if got := r.do(fsm.CreateWindow{ID: fsm.WindowID{9}, Spec: spec}); got.Code != fsm.CodeInvalid {
			t.Errorf("%s: code %d", what, got.Code)
		}
	}
	for n := range fsm.MaxWindows {
		r.must(fsm.CreateWindow{ID: fsm.WindowID{1, byte(n)}, Spec: once})
	}
	wantCode(t, r.do(fsm.CreateWindow{ID: fsm.WindowID{1, 1}, Spec: once}), fsm.CodeExists)
	wantCode(t, r.do(fsm.CreateWindow{ID: fsm.WindowID{2}, Spec: scheduled}), fsm.CodeQuota)
	r.run(time.Hour + 2*time.Second)
	r.must(fsm.CreateWindow{ID: fsm.WindowID{2}, Spec: scheduled}) // those that are over make room
	if n := len(r.s.Windows()); n != 1 {
		t.Errorf("%d windows are left", n)
	}
	r.sameAfterRestore()
}

// opensIn tells when the hours of channel n are: in a while, for another.
func (r *rig) opensIn(n byte, in, length time.Duration) {
	r.t.Helper()
	from := r.wall + in.Milliseconds()
	r.must(fsm.SetHours{List: []fsm.HoursTimes{{Channel: fsm.ChannelID{n}, Hours: simHours, Rules: 1, Spans: []weekly.Span{{From: from, To: from + length.Milliseconds()}, {From: from + 86_400_000, To: from + 90_000_000}}}}})
}

func TestTheHoursOfAChannel(t *testing.T) {
	begin := func(t *testing.T, beats int) (*rig, string) {
		r := newRig(t)
		r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.Hours = true, simHours })
		r.opensIn(1, time.Hour, time.Hour)
		for n := 1; n <= beats; n++ {
			r.tagged(n, func(s *fsm.Spec) { s.Emails = nil })
		}
		return r, fsm.ChannelID{1}.String()
	}
	t.Run("keep everything back, and then it is a digest", func(t *testing.T) {
		r, lane := begin(t, 3)
		r.run(30 * time.Minute)
		r.ping(3) // and nobody is told of its failure
		if w := r.s.LaneWork(1, lane, 100); len(w.Ready)+len(w.Digests) > 0 || w.Next == 0 {
			t.Fatalf("%+v", w)
		}
		if a, _ := r.s.Alert(r.rowsOf(1)[0]); a.WaitsFor.For != fsm.WaitHours || a.WaitsFor.Name != "channel 1" || a.Waits.UnixMilli() != epoch.UnixMilli()+3_600_000 {
			t.Errorf("it waits until %v for %+v", a.Waits, a.WaitsFor)
		}
		wantCode(t, r.do(fsm.Claim{Alert: r.rowsOf(1)[0], Term: 1, Attempt: 1}), fsm.CodeRejected)
		r.checkLedger()
		r.run(30 * time.Minute)
		r.checkLedger()
		w := r.s.LaneWork(1, lane, 100)
		if len(w.Digests) != 1 || len(w.Digests[0].Members) != 3 { // 3 failed again meanwhile
			t.Fatalf("%+v", w)
		}
		r.must(w.Digests[0])
		r.send(w.Digests[0].ID)
		wantAlerts(t, r, 1, "down sent")
		r.ping(1)
		r.send(r.s.LaneWork(1, lane, 100).Ready[0]) // in its hours it is told at once
		r.run(time.Hour)
		r.ping(2)
		if w := r.s.LaneWork(1, lane, 100); len(w.Ready) > 0 {
			t.Errorf("it is told of a recovery outside its hours: %+v", w)
		}
	})
	t.Run("do not delay one alert alone, nor what is sent by hand", func(t *testing.T) {
		r, lane := begin(t, 1)
		r.run(2 * time.Minute)
		id := r.rowsOf(1)[0]
		r.must(fsm.DeliverAlert{Alert: id})
		r.send(id)
		r.ping(1)
		r.run(58*time.Minute - 2*time.Millisecond)
		r.run(2 * time.Millisecond)
		if w := r.s.LaneWork(1, lane, 100); len(w.Ready) != 1 {
			t.Errorf("%+v", w)
		}
	})
	t.Run("are awaited for half a minute, and no longer", func(t *testing.T) {
		r := newRig(t)
		r.run(50 * time.Second)
		r.tagged(1, func(s *fsm.Spec) { s.Interval, s.Emails = 5, nil })
		r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.Hours = true, simHours })
		r.run(29 * time.Second)
		if w := r.s.LaneWork(1, fsm.ChannelID{1}.String(), 100); len(w.Ready) > 0 {
			t.Errorf("%+v", w)
		}
		r.run(time.Second)
		if w := r.s.LaneWork(1, fsm.ChannelID{1}.String(), 100); len(w.Ready) != 1 {
			t.Errorf("%+v", w)
		}
		r.sameAfterRestore()
	})
	t.Run("count at once when they change", func(t *testing.T) {
		r, lane := begin(t, 1)
		r.run(2 * time.Minute)
		if w := r.s.LaneWork(1, lane, 100); len(w.Ready) > 0 {
			t.Errorf("%+v", w)
		}
		c := r.s.Channels()[0]
		c.Spec.Hours = ""
		r.must(fsm.UpdateChannel{ID: c.ID, Spec: c.Spec})
		r.send(r.s.LaneWork(1, lane, 100).Ready[0])
		r.opensIn(1, time.Hour, time.Hour) // of hours that it has no more
		r.checkLedger()
	})
	t.Run("must be written as they are written", func(t *testing.T) {
		r := newRig(t)
		for _, text := range []string{"mon", "mon-fri 08:00-18:00", "mon 08:00-18:00", "mon 08:00-18:00  UTC"} {
			spec := fsm.ChannelSpec{Name: "x", Kind: "webhook", On: fsm.SetOf(fsm.ChannelKinds...), Hours: text}
			wantCode(t, r.do(fsm.CreateChannel{ID: fsm.ChannelID{9}, Spec: spec}), fsm.CodeInvalid)
		}
	})
}

// inHandWhenAWindowBegins returns a store with an alert that a sender claimed before a window of a minute began.
func inHandWhenAWindowBegins(t *testing.T) (r *rig, id fsm.AlertID, attempt uint32) {
	r = newRig(t)
	r.tagged(1)
	r.run(61 * time.Second)
	id = r.oneReady()
	attempt = r.attempt(id)
	r.window(1, 0, time.Minute)
	return r, id, attempt
}
