package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/routing"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
)

func (r *rig) explain(n int) routing.Explanation {
	r.t.Helper()
	x, err := r.s.Explain(testID(n))
	if err != nil {
		r.t.Fatal(err)
	}
	return x
}

// outline says of each target whether it is told, by which rule, and what keeps it.
func outline(list []routing.Target) (out []string) {
	for _, t := range list {
		line := fmt.Sprintf("%.6s by %s: told %v %s", t.Recipient, t.By, t.Told, t.Not)
		for _, w := range t.Waits {
			line += " " + string(w.For)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func wantOutline(t *testing.T, what string, list []routing.Target, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := outline(list); !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func failNow(r *rig, n int) { r.signal(n, fsm.Signal{Tells: fsm.SignalFail, Exit: 1}) }

// TestAnExplanationKeepsItsWord: whoever it says would be told gets a row when the heartbeat fails, from
// the time on that it says, and nobody else does.
func TestAnExplanationKeepsItsWord(t *testing.T) {
	settings := fsm.DefaultSettings()
	settings.MailTo = []string{"team@example.com"}
	for name, x := range map[string]struct {
		spec   func(*fsm.Spec)
		before func(r *rig)
		want   []string
	}{
		"the defaults": {want: []string{"ch_010 by default: told true ", "team@e by mail_to: told true "}},
		"by tag, one after a while, one not of this kind": {
			spec: func(s *fsm.Spec) { s.Tags = []string{"web", "db"} },
			want: []string{"ch_020 by tag: told true  after", "ch_030 by tag: told false not_wanted"},
		},
		"those that it names, and its own address": {
			spec: func(s *fsm.Spec) { s.Notify, s.Emails = []string{channelID(4).String()}, []string{"me@example.com"} },
			want: []string{"ch_040 by notify: told true ", "me@exa by email: told true "},
		},
		"addresses of a channel, each once": {
			spec:   func(s *fsm.Spec) { s.Tags, s.Emails = []string{"mail"}, []string{"me@example.com"} },
			before: func(r *rig) { r.mailChannel(5, "ops@example.com, me@example.com") },
			want:   []string{"ch_050 by tag: told true  after", "ch_050 by tag: told false twice", "me@exa by email: told true "},
		},
		"while it flaps": {
			before: func(r *rig) {
				for range 3 {
					failNow(r, 1)
					r.drain()
					r.ping(1)
					r.drain()
				}
			},
			want: []string{"ch_010 by default: told true ", "team@e by mail_to: told true  flap_window"}, // the channel was told of nothing yet
		},
		"while the alert before is in a sender's hands": {
			before: func(r *rig) {
				failNow(r, 1)
				id := r.s.LaneWork(1, channelID(1).String(), 1).Ready[0]
				r.must(fsm.Claim{Alert: id, Term: 1, Attempt: 1})
				r.ping(1)
			},
			want: []string{"ch_010 by default: told true  before", "team@e by mail_to: told true "},
		},
		"in a maintenance window": {
			spec:   func(s *fsm.Spec) { s.Tags, s.Emails = []string{"db"}, []string{"me@example.com"} },
			before: func(r *rig) { r.window(1, 0, time.Hour) },
			want:   []string{"ch_020 by tag: told true  after window", "me@exa by email: told true  window"},
		},
		"after a burst": {
			before: func(r *rig) {
				for n := 2; n < 10; n++ {
					spec := silentSpec()
					spec.Emails = []string{"team@example.com"}
					r.create(n, spec)
					failNow(r, n)
				}
				for _, id := range r.s.Work(1, 5).Ready {
					r.send(id)
				}
			},
			want: []string{"ch_010 by default: told true ", "team@e by mail_to: told true  burst"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.must(fsm.SetSettings{Settings: settings})
			r.channel(1, byDefault)
			r.channel(2, func(c *fsm.ChannelSpec) { c.Tags, c.After = []string{"db"}, 600 })
			r.channel(3, func(c *fsm.ChannelSpec) { c.Tags, c.On = []string{"web"}, fsm.SetOf(fsm.AlertUnheard) })
			r.channel(4, func(*fsm.ChannelSpec) {})
			spec := testSpec(3600, 0, 1)
			spec.Emails = nil
			if x.spec != nil {
				x.spec(&spec)
			}
			r.create(1, spec)
			if x.before != nil {
				x.before(r)
			}
			said := r.explain(1)
			wantOutline(t, "before", said.Targets, x.want...)
			id := testID(1)
			old, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
			failNow(r, 1)
			rows, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
			for _, a := range rows[:len(rows)-len(old)] {
				i := slices.IndexFunc(said.Targets, func(t routing.Target) bool { return t.Recipient == a.Recipient && t.Told })
				if i < 0 {
					t.Errorf("%s is told, against the explanation", a.Recipient)
					continue
				}
				if at := said.Targets[i].At; !slices.ContainsFunc(said.Targets[i].Waits, func(w routing.Wait) bool { return w.For == routing.Burst }) && at.Sub(a.Waits).Abs() > time.Millisecond {
					t.Errorf("%s is told at %v, and not at %v", a.Recipient, a.Waits, at)
				}
				said.Targets[i].Told = false
			}
			for _, x := range said.Targets {
				if x.Told {
					t.Errorf("%s is not told, against the explanation", x.Recipient)
				}
			}
		})
	}
}

func TestAnExplanationOfWhatIsOpen(t *testing.T) {
	r := newRig(t)
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: 100, Burst: 5, GroupWait: 10_000, FlapWindow: 300_000, MailTo: []string{"team@example.com"}}})
	ch := r.channel(1, byDefault)
	spec := testSpec(60, 0, 1)
	spec.Emails, spec.RemindEvery = []string{"me@example.com"}, 600
	r.create(1, spec)
	if x := r.explain(1); x.Silent != "" || x.AlertsAt.IsZero() || !x.Told() {
		t.Errorf("new: %+v", x)
	}
	wantOutline(t, "the default mail is overruled by its own", r.explain(1).Overruled, "team@e by mail_to: told false overruled")

	r.run(time.Minute + time.Millisecond)
	wantOutline(t, "failing", r.explain(1).Targets, "ch_010 by default: told true ", "me@exa by email: told true ")
	id := r.s.LaneWork(1, ch, 1).Ready[0]
	r.must(fsm.Claim{Alert: id, Term: 1, Attempt: 1})
	r.must(fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeRetry, RetryIn: 5000, Error: "the service said 503"})
	r.send(r.s.Work(1, 1).Ready[0])
	x := r.explain(1)
	wantOutline(t, "one tried", x.Targets, "ch_010 by default: told true  retry", "me@exa by email: told true ")
	i := slices.IndexFunc(x.Targets, func(t routing.Target) bool { return t.Channel != nil })
	if c := x.Targets[i]; c.Trouble != "the service said 503" || c.Alert == nil || c.At.IsZero() || x.Targets[1-i].Trouble != "" || x.RemindAt.IsZero() || !x.AlertsAt.IsZero() {
		t.Errorf("%+v", x)
	}

	r.channel(2, byDefault)
	r.must(fsm.AckIncident{Heartbeat: testID(1), Incident: 1, By: "Ann"})
	x = r.explain(1)
	wantOutline(t, "acknowledged", x.Targets, "ch_010 by default: told false cancelled", "me@exa by email: told true ", "ch_020 by default: told false began")
	if x.Silent != routing.Acknowledged || x.By != "Ann" || !x.RemindAt.IsZero() {
		t.Errorf("acknowledged: %+v", x)
	}
	r.must(fsm.SnoozeIncident{Heartbeat: testID(1), Incident: 1, For: 60_000})
	if x := r.explain(1); x.Silent != routing.Snoozed || x.Until.IsZero() {
		t.Errorf("snoozed: %+v", x)
	}
	r.must(fsm.Pause{ID: testID(1)})
	x = r.explain(1)
	wantOutline(t, "paused", x.Targets, "ch_010 by default: told false paused", "me@exa by email: told false paused", "ch_020 by default: told false paused")
	if x.Silent != routing.Paused || x.Told() || !x.AlertsAt.IsZero() {
		t.Errorf("paused: %+v", x)
	}
	spec.Emails, spec.Slug = nil, "b"
	r.must(fsm.DeleteChannel{ID: channelID(1)})
	r.must(fsm.DeleteChannel{ID: channelID(2)})
	r.must(fsm.SetSettings{Settings: fsm.DefaultSettings()})
	r.create(2, spec)
	if x := r.explain(2); x.Silent != routing.NoRecipient || len(x.Targets) != 0 {
		t.Errorf("nobody: %+v", x)
	}
	if _, err := r.s.Explain(testID(9)); err != fsm.ErrNotFound {
		t.Errorf("one that is not there: %v", err)
	}
}

// TestHoursThatNobodyKnowsYetHaveNoTime: what a channel waits for is told, not when that ends.
func TestHoursThatNobodyKnowsYetHaveNoTime(t *testing.T) {
	r := newRig(t)
	r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.Hours = true, simHours })
	r.create(1, testSpec(3600, 0, 1))
	waits := func() []routing.Wait { return r.explain(1).Targets[0].Waits }
	if got := waits(); len(got) != 1 || !got[0].Until.IsZero() || !strings.Contains(got[0].Said(), "not known yet") {
		t.Errorf("%+v", got)
	}
	opens := r.wall + 3600_000
	r.must(fsm.SetHours{List: []fsm.HoursTimes{{Channel: channelID(1), Hours: simHours, Rules: 7, Spans: []weekly.Span{{From: opens, To: opens + 1000}}}}})
	if got := waits(); len(got) != 1 || got[0].Until.UnixMilli() != opens || strings.Contains(got[0].Said(), "not known") {
		t.Errorf("%+v", got)
	}
}
