package store

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// mailChannel makes a channel that is mail, for the tag mail, of what lasts for ten minutes.
func (r *rig) mailChannel(n byte, to string, change ...func(*fsm.ChannelSpec)) {
	r.t.Helper()
	r.channel(n, func(c *fsm.ChannelSpec) {
		c.Kind, c.Tags, c.After, c.Fields = fsm.KindEmail, []string{"mail"}, 600, []fsm.ChannelField{{Name: fsm.FieldTo, Value: to}}
		for _, f := range change {
			f(c)
		}
	})
}

func mailed(n byte, to string) string { return fsm.MailBy(channelID(n), to) }

// TestAMailChannel: its addresses are told by the way of all mail, and its rules hold for each.
func TestAMailChannel(t *testing.T) {
	r := newRig(t)
	r.mailChannel(1, "ops@example.com, night@example.com")
	r.mailChannel(2, "night@example.com", func(c *fsm.ChannelSpec) { c.After, c.On = 0, fsm.SetOf(fsm.AlertDown) })
	spec := silentSpec()
	spec.Tags = []string{"mail"}
	r.create(1, spec)
	r.run(time.Minute + time.Millisecond)
	rows, _ := r.s.Alerts(fsm.AlertFilter{})
	var to []string
	for _, a := range rows {
		to = append(to, a.Recipient)
		if a.ChannelKind != fsm.KindEmail || a.Address() == "" || a.Target() != a.Address() {
			t.Errorf("%+v", a)
		}
	}
	slices.Sort(to)
	if want := []string{mailed(1, "ops@example.com"), mailed(2, "night@example.com")}; !slices.Equal(to, want) {
		t.Fatalf("told %q, want %q", to, want)
	}
	if lanes := r.s.Lanes(); len(lanes) != 0 {
		t.Errorf("lanes beside that of mail: %q", lanes)
	}
	r.send(r.oneReady()) // that which is told at once
	r.run(10 * time.Minute)
	r.send(r.oneReady())
	r.ping(1)
	r.send(r.oneReady()) // the recovery; the other channel takes none
	rows, _ = r.s.Alerts(fsm.AlertFilter{})
	if a := rows[0]; len(rows) != 3 || a.Kind != fsm.AlertRecovered || a.Recipient != mailed(1, "ops@example.com") || a.Answers == "" {
		t.Errorf("%+v", rows)
	}
	r.checkLedger()
	r.sameAfterRestore()
	r.must(fsm.DeleteChannel{ID: channelID(1)})
	if a, err := r.s.Alert(rows[0].ID); err != nil || a.ChannelKind != "" || a.Address() != "ops@example.com" {
		t.Errorf("of a deleted one: %+v, %v", a, err)
	}
}

// TestMessagesThatServicesName: what answers one knows its name, as long as its row is kept.
func TestMessagesThatServicesName(t *testing.T) {
	r := newRig(t)
	ch := r.channel(1, byDefault)
	r.create(1, silentSpec())
	r.run(time.Minute + time.Millisecond)
	id := r.s.LaneWork(1, ch, 1).Ready[0]
	r.must(fsm.Claim{Alert: id, Term: 1, Attempt: 1})
	r.must(fsm.Fence{Alert: id, Term: 1, Attempt: 1})
	r.must(fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeSent, Ref: "C1 123.456"})
	r.ping(1)
	rec := r.s.LaneWork(1, ch, 1).Ready[0]
	if a, _ := r.s.Alert(rec); a.Kind != fsm.AlertRecovered || a.Thread != "C1 123.456" {
		t.Errorf("%+v", a)
	}
	r.sameAfterRestore()
	var copied bytes.Buffer
	_, err := r.s.Snapshot().WriteTo(&copied)
	if err != nil || !bytes.Contains(copied.Bytes(), []byte("C1 123.456")) {
		t.Errorf("the image lacks it: %v", err)
	}
	r.must(fsm.Claim{Alert: rec, Term: 1, Attempt: 1})
	r.must(fsm.Fence{Alert: rec, Term: 1, Attempt: 1})
	r.must(fsm.Settle{Alert: rec, Term: 1, Attempt: 1, Outcome: fsm.OutcomeSent, Ref: strings.Repeat("x", fsm.MaxRefLen+1)})
	if a, _ := r.s.Alert(rec); a.State != fsm.AlertSent || a.Thread != "C1 123.456" {
		t.Errorf("after a name that is too long: %+v", a)
	}
}

func TestMailChannelsThatAreRefused(t *testing.T) {
	r := newRig(t)
	for _, to := range []string{"", "ops", "ops@example.com, ops@example.com", "Ann <a@example.com>"} {
		spec := fsm.ChannelSpec{Name: "x", Kind: fsm.KindEmail, On: fsm.SetOf(fsm.AlertDown), Fields: []fsm.ChannelField{{Name: fsm.FieldTo, Value: to}}}
		wantCode(t, r.do(fsm.CreateChannel{ID: channelID(9), Spec: spec}), fsm.CodeInvalid)
	}
}

// TestRemindersByDefault: the settings' rhythm is that of heartbeats that do not say, and holds for incidents that
// are open when it is set.
func TestRemindersByDefault(t *testing.T) {
	r := newRig(t)
	for n, change := range []func(*fsm.Spec){
		func(*fsm.Spec) {},
		func(s *fsm.Spec) { s.RemindEvery = 7200 },
		func(s *fsm.Spec) { s.NeverRemind = true },
	} {
		spec := testSpec(60, 0, 1)
		change(&spec)
		r.create(1+n, spec)
	}
	next := func(n int) time.Duration {
		in := r.heartbeat(n).Incident
		if in.RemindAt.IsZero() {
			return 0
		}
		return in.RemindAt.Sub(r.s.LastWall()).Round(time.Minute)
	}
	want := func(when string, byDefault, own, never time.Duration) {
		t.Helper()
		for i, d := range []time.Duration{byDefault, own, never} {
			if got := next(1 + i); got != d {
				t.Errorf("%s: heartbeat %d is told again in %v, want %v", when, 1+i, got, d)
			}
		}
	}
	r.run(time.Minute + time.Millisecond)
	want("without a default", 0, 2*time.Hour, 0)
	settings := fsm.DefaultSettings()
	settings.RemindEvery = 3600
	r.must(fsm.SetSettings{Settings: settings})
	want("with one", time.Hour, 2*time.Hour, 0)
	r.sameAfterRestore()
	r.must(fsm.AckIncident{Heartbeat: testID(1), Incident: 1})
	settings.RemindEvery = 1800
	r.must(fsm.SetSettings{Settings: settings})
	want("acknowledged", 0, 2*time.Hour, 0)
	r.must(fsm.UnackIncident{Heartbeat: testID(1), Incident: 1})
	want("taken back", 30*time.Minute, 2*time.Hour, 0)
	r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{NeverRemind: new(true)}})
	want("never from now on", 0, 2*time.Hour, 0)
	r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{NeverRemind: new(false)}})
	r.must(fsm.Update{ID: testID(2), Patch: fsm.Patch{RemindEvery: new(int64(0))}})
	want("both by default", 30*time.Minute, 30*time.Minute, 0)
	settings.RemindEvery = 5
	wantCode(t, r.do(fsm.SetSettings{Settings: settings}), fsm.CodeInvalid)
}

// TestOnePersonGetsOneMail of an alert, by however many ways his address is reached and however it is written.
func TestOnePersonGetsOneMail(t *testing.T) {
	r := newRig(t)
	r.mailChannel(1, "OPS@Example.com")
	spec := silentSpec()
	spec.Tags, spec.Emails = []string{"mail"}, []string{"ops@example.com", "Ops@example.com"}
	r.create(1, spec)
	r.run(time.Minute + time.Millisecond)
	if rows, _ := r.s.Alerts(fsm.AlertFilter{}); len(rows) != 1 || rows[0].Recipient != "ops@example.com" {
		t.Errorf("%+v", rows)
	}
	r.checkLedger()
}
