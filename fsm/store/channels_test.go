package store

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func channelID(n byte) fsm.ChannelID { return fsm.ChannelID{n} }

// channel makes a channel that takes every kind, but for what change does to it.
func (r *rig) channel(n byte, change func(*fsm.ChannelSpec)) string {
	r.t.Helper()
	spec := fsm.ChannelSpec{Name: fmt.Sprint("channel ", n), Kind: "webhook", On: fsm.SetOf(fsm.ChannelKinds...)}
	change(&spec)
	r.must(fsm.CreateChannel{ID: channelID(n), Spec: spec})
	return channelID(n).String()
}

func byDefault(c *fsm.ChannelSpec) { c.Default = true }

// told lists the rows of a heartbeat as KIND RECIPIENT STATE, oldest first.
func (r *rig) told(n int) (out []string) {
	r.t.Helper()
	id := testID(n)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	slices.Reverse(list)
	for _, a := range list {
		out = append(out, fmt.Sprintf("%v %.6s %v", a.Kind, a.Recipient, a.State))
	}
	return out
}

func wantTold(t *testing.T, r *rig, n int, want ...string) {
	t.Helper()
	got := r.told(n)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestWhoIsTold(t *testing.T) {
	settings := fsm.DefaultSettings()
	settings.MailTo = []string{"team@example.com"}
	for name, x := range map[string]struct {
		spec func(*fsm.Spec)
		want []string
	}{
		"the default channels and the default mail": {func(*fsm.Spec) {}, []string{"ch_01", "team@"}},
		"channels by tag, and no default":           {func(s *fsm.Spec) { s.Tags = []string{"x", "db"} }, []string{"ch_02", "ch_03"}},
		"those that it names, and no others":        {func(s *fsm.Spec) { s.Notify, s.Tags = []string{channelID(4).String()}, []string{"db"} }, []string{"ch_04"}},
		"its own address in any case":               {func(s *fsm.Spec) { s.Notify, s.Emails = []string{channelID(4).String()}, []string{"me@example.com"} }, []string{"ch_04", "me@ex"}},
		"addresses that it names, and no others": {
			func(s *fsm.Spec) { s.NotifyMail, s.Tags = []string{"you@example.com"}, []string{"db"} }, []string{"you@e"},
		},
		"with its own address, no default mail": {func(s *fsm.Spec) { s.Emails = []string{"me@example.com"} }, []string{"ch_01", "me@ex"}},
		"one that is gone counts as not named": {
			func(s *fsm.Spec) { s.Notify, s.Tags = []string{channelID(9).String()}, []string{"db"} }, []string{"ch_02", "ch_03"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.must(fsm.SetSettings{Settings: settings})
			r.channel(1, byDefault)
			r.channel(2, func(c *fsm.ChannelSpec) { c.Tags = []string{"db"} })
			r.channel(3, func(c *fsm.ChannelSpec) { c.Tags = []string{"web", "x", "db"} })
			r.channel(4, func(*fsm.ChannelSpec) {})
			spec := testSpec(60, 0, 1)
			spec.Emails = nil
			x.spec(&spec)
			r.create(1, spec)
			r.run(time.Minute + time.Millisecond)
			id := testID(1)
			list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
			var got []string
			for _, a := range list {
				got = append(got, a.Recipient[:5])
			}
			slices.Sort(got)
			if !slices.Equal(got, x.want) {
				t.Errorf("told %q, want %q", got, x.want)
			}
		})
	}
}

func TestAChannelTakesSomeKinds(t *testing.T) {
	r := newRig(t)
	ch := r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.On = true, fsm.SetOf(fsm.AlertDown) })
	quiet := r.channel(2, func(c *fsm.ChannelSpec) { c.Default, c.On = true, fsm.SetOf(fsm.AlertUnheard) })
	r.create(1, silentSpec())
	r.run(time.Minute + time.Millisecond)
	wantTold(t, r, 1, "down ch_010 pending")
	w := r.s.LaneWork(1, ch, 10)
	if len(w.Ready) != 1 || len(r.s.LaneWork(1, quiet, 10).Ready) != 0 {
		t.Fatalf("work: %+v", w)
	}
	r.send(w.Ready[0])
	r.ping(1)
	wantTold(t, r, 1, "down ch_010 sent")
}

func silentSpec() fsm.Spec {
	spec := testSpec(60, 0, 1)
	spec.Emails = nil
	return spec
}

func TestAChannelIsToldAfterAWhile(t *testing.T) {
	later := func(c *fsm.ChannelSpec) { c.Default, c.After = true, 1800 }
	t.Run("of what lasts", func(t *testing.T) {
		r := newRig(t)
		ch := r.channel(1, later)
		r.create(1, silentSpec())
		r.run(time.Minute + time.Millisecond)
		down := r.s.Serving()
		if w := r.s.LaneWork(1, ch, 10); len(w.Ready) != 0 || w.Next < down+1_799_000 || w.Next > down+1_800_000 {
			t.Fatalf("work %+v at %d", w, down)
		}
		r.run(30 * time.Minute)
		r.send(r.s.LaneWork(1, ch, 10).Ready[0])
		r.ping(1)
		wantTold(t, r, 1, "down ch_010 sent", "recovered ch_010 pending")
	})
	t.Run("and not of what is over", func(t *testing.T) {
		r := newRig(t)
		r.channel(1, later)
		r.create(1, silentSpec())
		for range 3 { // it flaps
			r.run(time.Minute + time.Millisecond)
			r.ping(1)
		}
		for _, row := range r.told(1) {
			if row != "down ch_010 cancelled" && row != "recovered ch_010 cancelled" {
				t.Errorf("%s", row)
			}
		}
	})
	t.Run("no later for what a flap window held back that was over before it lasted", func(t *testing.T) {
		r := newRig(t)
		ch := r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.After = true, 60 })
		spec := testSpec(3600, 0, 1)
		spec.Emails = nil
		r.create(1, spec)
		fail := func() { r.signal(1, fsm.Signal{Tells: fsm.SignalFail}) }
		ready := func() []fsm.AlertID { return r.s.LaneWork(1, ch, 10).Ready }
		fail()
		r.run(time.Minute)
		r.send(ready()[0])
		r.ping(1)
		r.send(ready()[0])
		fail()
		r.run(10 * time.Second)
		r.ping(1)
		r.run(4 * time.Minute)
		fail()
		r.run(59 * time.Second)
		if got := ready(); len(got) != 0 {
			t.Fatalf("%d alerts before it has lasted", len(got))
		}
		r.run(time.Second)
		if got := ready(); len(got) != 1 {
			t.Errorf("%d alerts once it has: %q", len(got), r.told(1))
		}
	})
	t.Run("no later for an incident of which it took nothing", func(t *testing.T) {
		r := newRig(t)
		ch := r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.On = true, fsm.SetOf(fsm.AlertUnheard) })
		spec := testSpec(3600, 0, 1)
		spec.Emails = nil
		r.create(1, spec)
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.ping(1)
		r.must(fsm.UpdateChannel{ID: channelID(1), Spec: fsm.ChannelSpec{
			Name: "channel 1", Kind: "webhook", On: fsm.SetOf(fsm.ChannelKinds...), Default: true, After: 60,
		}})
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.run(time.Minute)
		if got := r.s.LaneWork(1, ch, 10).Ready; len(got) != 1 {
			t.Errorf("%d alerts once it has lasted: %q", len(got), r.told(1))
		}
	})
	t.Run("no sooner for an alert to others that did not go out", func(t *testing.T) {
		r := newRig(t)
		ch := r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.On = true, fsm.SetOf(fsm.AlertUnheard) })
		spec := testSpec(60, 0, 1)
		spec.RemindEvery = 60
		r.create(1, spec)
		r.run(time.Minute + time.Millisecond)
		mail := r.oneReady()
		n := r.attempt(mail)
		r.ping(1)
		r.run(time.Minute + time.Millisecond)
		r.must(fsm.UpdateChannel{ID: channelID(1), Spec: fsm.ChannelSpec{
			Name: "channel 1", Kind: "webhook", On: fsm.SetOf(fsm.ChannelKinds...), Default: true, After: 1800,
		}})
		r.run(time.Minute + time.Millisecond)
		wantTold(t, r, 1, "down ops@ex claimed", "recovered ops@ex cancelled", "down ops@ex pending", "reminder ch_010 pending")
		r.must(fsm.Settle{Alert: mail, Term: 1, Attempt: n, Outcome: fsm.OutcomeRetry, RetryIn: 5000, Error: "no connection"})
		if got := r.s.LaneWork(1, ch, 10).Ready; len(got) != 0 {
			t.Errorf("the reminder may go, and its incident has not lasted: %q", r.told(1))
		}
	})
}

func TestAChannelWhoseServiceGroupsGetsEachAlone(t *testing.T) {
	r := newRig(t)
	alone := r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.Alone = true, true })
	other := r.channel(2, byDefault)
	for i := 1; i <= 30; i++ {
		r.create(i, silentSpec())
	}
	r.run(time.Minute + time.Millisecond)
	if w := r.s.LaneWork(1, alone, 100); len(w.Ready) != 30 || len(w.Digests) != 0 {
		t.Errorf("alone: %d rows, %d digests", len(w.Ready), len(w.Digests))
	}
	w := r.s.LaneWork(1, other, 100)
	if len(w.Ready) != fsm.DefaultSettings().Burst {
		t.Errorf("in a burst: %d rows", len(w.Ready))
	}
	for _, id := range w.Ready {
		r.send(id)
	}
	r.run(11 * time.Second)
	if w := r.s.LaneWork(1, other, 100); len(w.Digests) != 1 || len(w.Digests[0].Members) != 25 {
		t.Errorf("after it: %+v", w)
	}
}

func TestChannelsAreEditedSafely(t *testing.T) {
	r := newRig(t)
	r.channel(1, byDefault)
	good := fsm.ChannelSpec{Name: "other", Kind: "webhook", On: fsm.SetOf(fsm.AlertDown)}
	wantCode(t, r.do(fsm.CreateChannel{ID: channelID(1), Spec: good}), fsm.CodeExists)
	wantCode(t, r.do(fsm.UpdateChannel{ID: channelID(1), IfVersion: 2, Spec: good}), fsm.CodeConflict)
	wantCode(t, r.do(fsm.UpdateChannel{ID: channelID(7), Spec: good}), fsm.CodeNotFound)
	wantCode(t, r.do(fsm.DeleteChannel{ID: channelID(7)}), fsm.CodeNotFound)
	wantCode(t, r.do(fsm.DeleteChannel{ID: channelID(1), IfVersion: 9}), fsm.CodeConflict)
	same := good
	same.Name = "channel 1"
	wantCode(t, r.do(fsm.CreateChannel{ID: channelID(2), Spec: same}), fsm.CodeExists)
	for name, change := range map[string]func(*fsm.ChannelSpec){
		"no name":           func(s *fsm.ChannelSpec) { s.Name = "" },
		"a name like an ID": func(s *fsm.ChannelSpec) { s.Name = channelID(3).String() },
		"an address":        func(s *fsm.ChannelSpec) { s.Name = "a@example.com" },
		"no kind":           func(s *fsm.ChannelSpec) { s.Kind = "" },
		"nothing on":        func(s *fsm.ChannelSpec) { s.On = 0 },
		"recovered alone":   func(s *fsm.ChannelSpec) { s.On = fsm.SetOf(fsm.AlertRecovered) },
		"too large": func(s *fsm.ChannelSpec) {
			s.Fields = slices.Repeat([]fsm.ChannelField{{Name: "x", Value: string(make([]byte, 8000))}}, 3)
		},
		"a long wait": func(s *fsm.ChannelSpec) { s.After = 1 << 40 },
	} {
		bad := good
		change(&bad)
		if got := r.do(fsm.CreateChannel{ID: channelID(2), Spec: bad}).Code; got != fsm.CodeInvalid {
			t.Errorf("%s: code %d", name, got)
		}
	}
	for i := 2; i <= fsm.MaxChannels; i++ {
		good.Name = fmt.Sprint("n", i)
		r.must(fsm.CreateChannel{ID: fsm.ChannelID{0: byte(i), 1: 1}, Spec: good})
	}
	good.Name = "one more"
	wantCode(t, r.do(fsm.CreateChannel{ID: fsm.ChannelID{2: 2}, Spec: good}), fsm.CodeQuota)
	kind := good
	kind.Name, kind.Kind = "channel 1", "slack"
	wantCode(t, r.do(fsm.UpdateChannel{ID: channelID(1), Spec: kind}), fsm.CodeInvalid)
}

// TestChannelsSurviveARestore: with their secrets, and what waits for them.
func TestChannelsSurviveARestore(t *testing.T) {
	r := newRig(t)
	ch := r.channel(1, func(c *fsm.ChannelSpec) {
		c.Default, c.Hours, c.After = true, simHours, 1
		c.Fields = []fsm.ChannelField{{Name: "secret", Value: "hush", Secret: true}}
	})
	r.create(1, silentSpec())
	r.run(time.Minute + 2*time.Second)
	var image bytes.Buffer
	if _, err := r.s.Snapshot().WriteTo(&image); err != nil {
		t.Fatal(err)
	}
	whole := bytes.Clone(image.Bytes())
	again := New()
	if err := again.Restore(&image); err != nil {
		t.Fatal(err)
	}
	if a, b := fmt.Sprint(r.s.Channels()), fmt.Sprint(again.Channels()); a != b {
		t.Errorf("channels %s became %s", a, b)
	}
	if a, b := fmt.Sprint(r.s.LaneWork(1, ch, 9)), fmt.Sprint(again.LaneWork(1, ch, 9)); a != b || len(again.Lanes()) != 1 {
		t.Errorf("work %s became %s", a, b)
	}
	var second bytes.Buffer
	if _, err := again.Snapshot().WriteTo(&second); err != nil || !bytes.Equal(whole, second.Bytes()) {
		t.Errorf("the second image differs (%v)", err)
	}
}
