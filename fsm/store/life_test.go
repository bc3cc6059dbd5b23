package store

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/story"
)

// aLife is a heartbeat that fails after a minute, and is told again every ten if somebody says so.
func aLife(t *testing.T, change func(s *fsm.Spec)) *rig {
	t.Helper()
	r := newRig(t)
	spec := testSpec(60, 0, 1)
	change(&spec)
	r.create(1, spec)
	r.run(61 * time.Second)
	return r
}

func (r *rig) incident(n int, number uint32) fsm.Incident {
	r.t.Helper()
	in, err := r.s.Incident(fsm.IncidentRef{Heartbeat: testID(n), Number: number})
	if err != nil {
		r.t.Fatal(err)
	}
	return in
}

// happened lists the story of an incident.
func (r *rig) happened(n int, number uint32) (out []string) {
	r.t.Helper()
	for _, e := range r.incident(n, number).Story {
		out = append(out, e.What.String())
	}
	return out
}

func wantSame(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func everyTenMinutes(s *fsm.Spec) { s.RemindEvery = 600 }

func ack(n int) fsm.Command {
	return fsm.AckIncident{Heartbeat: testID(1), Incident: uint32(n), By: "Ann", Note: "on it"}
}

// TestRemindersComeUntilAcknowledged, and go on where an acknowledgement is taken back.
func TestRemindersComeUntilAcknowledged(t *testing.T) {
	r := aLife(t, everyTenMinutes)
	for range 3 {
		r.drain()
		r.run(10 * time.Minute)
	}
	r.drain()
	wantSame(t, "after 30 minutes", r.alerts(1), []string{"down sent", "reminder sent", "reminder sent", "reminder sent"})
	if h := r.heartbeat(1); h.Incident.Number != 1 || h.Incident.RemindAt.IsZero() || !h.LastAlert.After(h.Incident.Since) {
		t.Errorf("the heartbeat tells of %+v, last alert %v", h.Incident, h.LastAlert)
	}
	r.must(ack(1))
	r.must(ack(1))
	r.run(time.Hour)
	r.drain()
	if got := len(r.alerts(1)); got != 4 {
		t.Errorf("%q", r.alerts(1))
	}
	if h := r.heartbeat(1); h.Incident.AckedBy != "Ann" || !h.Incident.RemindAt.IsZero() {
		t.Errorf("the heartbeat tells of %+v", h.Incident)
	}
	r.must(fsm.UnackIncident{Heartbeat: testID(1), Incident: 1, By: "Bob"})
	r.tick()
	r.drain()
	r.run(10 * time.Minute)
	r.drain()
	if got := r.alerts(1); len(got) != 6 {
		t.Errorf("after the acknowledgement was taken back: %q", got)
	}
	r.ping(1)
	r.tick()
	r.drain()
	if got := r.alerts(1); got[len(got)-1] != "recovered sent" {
		t.Errorf("after its end: %q", got)
	}
	in := r.incident(1, 1)
	if in.Open || in.EndedBy != fsm.EndedRecovered || in.Told != 5 || !in.RemindAt.IsZero() || in.Misses < 80 {
		t.Errorf("%+v", in)
	}
}

// TestAnAcknowledgedIncidentIsSilent: what has not gone out is cancelled, a failure in it is not
// told, but in its story, and its end is told to those who know of it.
func TestAnAcknowledgedIncidentIsSilent(t *testing.T) {
	r := newRig(t)
	r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.After = true, 600 })
	r.create(1, testSpec(60, 0, 1))
	r.run(61 * time.Second)
	r.drain()
	r.must(ack(1))
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail, Exit: 7})
	r.run(20 * time.Minute)
	r.drain()
	wantTold(t, r, 1, "down ops@ex sent", "down ch_010 cancelled")
	r.ping(1)
	r.tick()
	r.drain()
	wantTold(t, r, 1, "down ops@ex sent", "down ch_010 cancelled", "recovered ops@ex sent", "recovered ch_010 cancelled")
	wantSame(t, "the story", r.happened(1, 1), []string{"began", "alerted", "acknowledged", "failed", "recovered", "alerted"})
}

// TestASnoozeEnds: people are told again, and the acknowledgement before it is over too.
func TestASnoozeEnds(t *testing.T) {
	r := aLife(t, func(*fsm.Spec) {})
	r.drain()
	r.must(ack(1))
	r.must(fsm.SnoozeIncident{Heartbeat: testID(1), Incident: 1, For: 3_600_000})
	if in := r.heartbeat(1).Incident; in.Snoozed.IsZero() || in.AckedAt.IsZero() {
		t.Errorf("%+v", in)
	}
	r.run(59 * time.Minute)
	r.drain()
	wantSame(t, "before", r.alerts(1), []string{"down sent"})
	r.run(2 * time.Minute)
	r.drain()
	wantSame(t, "after", r.alerts(1), []string{"down sent", "reminder sent"})
	if in := r.heartbeat(1).Incident; !in.Snoozed.IsZero() || !in.AckedAt.IsZero() || !in.RemindAt.IsZero() {
		t.Errorf("%+v", in)
	}
	r.run(2 * time.Hour)
	if got := r.alerts(1); len(got) != 2 {
		t.Errorf("without reminders: %q", got)
	}
	r.must(fsm.SnoozeIncident{Heartbeat: testID(1), Incident: 1, For: 3_600_000})
	r.ping(1)
	r.run(2 * time.Hour)
	if got := r.incident(1, 1); got.Open || got.Told != 1 {
		t.Errorf("snoozed, and over: %+v", got)
	}
}

// TestWhoActsOnWhat names the codes.
func TestWhoActsOnWhat(t *testing.T) {
	r := aLife(t, func(*fsm.Spec) {})
	for what, x := range map[string]struct {
		c    fsm.Command
		want fsm.Code
	}{
		"no such heartbeat":   {fsm.AckIncident{Heartbeat: testID(9), Incident: 1}, fsm.CodeNotFound},
		"no such incident":    {fsm.AckIncident{Heartbeat: testID(1), Incident: 2}, fsm.CodeNotFound},
		"incident 0":          {fsm.UnackIncident{Heartbeat: testID(1)}, fsm.CodeNotFound},
		"a time of nothing":   {fsm.SnoozeIncident{Heartbeat: testID(1), Incident: 1}, fsm.CodeInvalid},
		"a time without end":  {fsm.SnoozeIncident{Heartbeat: testID(1), Incident: 1, For: fsm.MaxSnooze + 1000}, fsm.CodeInvalid},
		"a name of two lines": {fsm.AckIncident{Heartbeat: testID(1), Incident: 1, By: "a\nb"}, fsm.CodeInvalid},
		"bad UTF-8":           {fsm.AckIncident{Heartbeat: testID(1), Incident: 1, Note: "\xff"}, fsm.CodeInvalid},
	} {
		if got := r.do(x.c).Code; got != x.want {
			t.Errorf("%s: %d, want %d", what, got, x.want)
		}
	}
	r.ping(1)
	if got := r.do(ack(1)).Code; got != fsm.CodeRejected {
		t.Errorf("an incident that is over: %d", got)
	}
	r.must(fsm.PutKey{ID: fsm.KeyID{1}, Name: "on call", Scope: fsm.ScopeWrite, Hash: [32]byte{1}})
	r.run(61 * time.Second)
	r.must(fsm.Authorized{Key: fsm.KeyID{1}, Command: fsm.AckIncident{Heartbeat: testID(1), Incident: 2}})
	if by := r.heartbeat(1).Incident.AckedBy; by != "on call" {
		t.Errorf("acknowledged by %q", by)
	}
}

// TestAPauseInAnIncidentIsTold: with the good run that was seen in it, with the one after it, or
// with the next failure.
func TestAPauseInAnIncidentIsTold(t *testing.T) {
	acts := func(a fsm.Alert) (out []string) {
		for _, e := range a.Evidence.Acts {
			out = append(out, e.What.String())
		}
		return out
	}
	newest := func(r *rig) fsm.Alert {
		id := testID(1)
		list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
		return list[0]
	}
	for name, x := range map[string]struct {
		do   func(r *rig)
		kind fsm.AlertKind
		acts []string
	}{
		"a good run seen meanwhile": {func(r *rig) {
			r.ping(1)
			r.ping(1)
			r.must(fsm.Resume{ID: testID(1)})
		}, fsm.AlertRecovered, []string{"paused", "good_run", "resumed"}},
		"a pause that ends by itself": {func(r *rig) {
			r.ping(1)
			r.must(fsm.TimedPause{ID: testID(1), For: 30_000})
			r.run(31 * time.Second)
		}, fsm.AlertRecovered, []string{"paused", "good_run", "resumed"}},
		"a good run after it": {func(r *rig) {
			r.must(fsm.Resume{ID: testID(1)})
			r.ping(1)
		}, fsm.AlertRecovered, []string{"paused", "resumed"}},
		"a good run, and then a failed one": {func(r *rig) {
			r.ping(1)
			r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
			r.must(fsm.Resume{ID: testID(1)})
			r.run(61 * time.Second)
		}, fsm.AlertDown, []string{"paused", "good_run", "resumed"}},
		"nothing": {func(r *rig) {
			r.must(fsm.Resume{ID: testID(1)})
			r.run(61 * time.Second)
		}, fsm.AlertDown, []string{"paused", "resumed"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := aLife(t, func(*fsm.Spec) {})
			r.drain()
			r.run(time.Hour)
			r.must(fsm.Pause{ID: testID(1)})
			r.run(time.Minute)
			x.do(r)
			r.tick()
			r.drain()
			a := newest(r)
			if a.Kind != x.kind || a.State != fsm.AlertSent {
				t.Fatalf("told %q", r.alerts(1))
			}
			wantSame(t, "what people did", acts(a), x.acts)
			if a.Kind == fsm.AlertRecovered && (a.Evidence.Down < time.Hour || r.incident(1, 1).EndedBy != fsm.EndedRecovered) {
				t.Errorf("down for %v, ended by %s", a.Evidence.Down, r.incident(1, 1).EndedBy)
			}
		})
	}
}

func TestAnEditInAnIncidentIsTold(t *testing.T) {
	r := aLife(t, everyTenMinutes)
	r.drain()
	r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Grace: new(int64(30)), RemindEvery: new(int64(1200)), NotifyMail: &[]string{"b@example.com"}}})
	r.run(11 * time.Minute)
	wantSame(t, "by the new time", r.alerts(1), []string{"down sent"})
	r.run(10 * time.Minute)
	id := testID(1)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	if list[0].Kind != fsm.AlertReminder || len(list[0].Evidence.Acts) != 1 || list[0].Evidence.Acts[0].Text != "grace, remind_every, notify" {
		t.Errorf("%+v", list[0])
	}
}

// TestAnEditPagesNobody: who becomes a target of an incident that is open, by an edit of its heartbeat or of a channel, is told of it with the
// next reminder, as of something new, and then of its end. A target that is taken away is told of the end of what it was told.
func TestAnEditPagesNobody(t *testing.T) {
	for name, remind := range map[string]func(r *rig){
		"the next that is due": func(r *rig) { r.run(10 * time.Minute) },
		"an acknowledgement that is taken back": func(r *rig) {
			r.must(ack(1))
			r.must(fsm.UnackIncident{Heartbeat: testID(1), Incident: 1, By: "Bob"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := aLife(t, func(s *fsm.Spec) { everyTenMinutes(s); s.Tags = []string{"db"} })
			ch := r.channel(1, func(*fsm.ChannelSpec) {})
			drain := func() {
				r.tick()
				r.drain()
				for _, id := range r.s.LaneWork(1, ch, 10).Ready {
					r.send(id)
				}
			}
			drain()
			r.must(fsm.UpdateChannel{ID: channelID(1), Spec: fsm.ChannelSpec{
				Name: "db", Kind: "webhook", On: fsm.SetOf(fsm.ChannelKinds...), Tags: []string{"db"},
			}})
			r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Emails: &[]string{"new@example.com"}}})
			r.run(time.Minute)
			drain()
			wantTold(t, r, 1, "down ops@ex sent")
			wantOutline(t, "before the reminder", r.explain(1).Targets, "ch_010 by tag: told false began", "new@ex by email: told false began")
			remind(r)
			drain()
			wantTold(t, r, 1, "down ops@ex sent", "reminder ch_010 sent", "reminder new@ex sent")
			id := testID(1)
			list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
			for _, a := range list {
				if a.Kind == fsm.AlertReminder && a.Answers != "" {
					t.Errorf("%s is told that it still fails, and does not know that it began", a.Recipient)
				}
			}
			r.ping(1)
			drain()
			wantTold(t, r, 1, "down ops@ex sent", "reminder ch_010 sent", "reminder new@ex sent",
				"recovered ch_010 sent", "recovered new@ex sent", "recovered ops@ex sent")
		})
	}
}

// TestIncidentsOutliveTheirRows, and their heartbeats, within their bounds.
func TestIncidentsOutliveTheirRows(t *testing.T) {
	r := aLife(t, func(*fsm.Spec) {})
	const many = 2*fsm.MaxIncidentsPer + 5
	for range many {
		r.drain()
		r.ping(1)
		r.drain()
		r.run(61 * time.Second)
	}
	list := r.s.IncidentsOf(testID(1))
	if len(list) != fsm.MaxIncidentsPer || !list[0].Open || list[0].Number != many+1 {
		t.Fatalf("%d incidents, the newest is %d", len(list), list[0].Number)
	}
	oldest := list[len(list)-1]
	if len(oldest.Alerts) != 0 || oldest.Reason != "silence" || oldest.Name != "nightly-sync" || oldest.EndedBy != fsm.EndedRecovered || len(oldest.Story) == 0 {
		t.Errorf("the oldest is %+v", oldest)
	}
	r.must(fsm.Delete{ID: testID(1)})
	if list := r.s.IncidentsOf(testID(1)); len(list) != fsm.MaxIncidentsPer || list[0].EndedBy != fsm.EndedDeleted {
		t.Errorf("after its deletion: %d", len(list))
	}
}

// TestRemindersDoNotPileUp: while nothing can be sent there is one row for each recipient, and the rows of
// a long incident are bounded.
func TestRemindersDoNotPileUp(t *testing.T) {
	r := aLife(t, everyTenMinutes)
	r.run(5 * time.Hour)
	wantSame(t, "nothing sent", r.alerts(1), []string{"down pending"})
	for range 100 {
		r.drain()
		r.run(10 * time.Minute)
	}
	r.drain()
	if got := r.alerts(1); len(got) > fsm.MaxSettledPer+1 || got[0] != "down sent" {
		t.Errorf("%d rows, the first is %s", len(got), got[0])
	}
	if in := r.incident(1, 1); in.Told < 100 || len(in.Story) > 300 || in.Story[0].What != story.Began {
		t.Errorf("told %d times, %d events", in.Told, len(in.Story))
	}
	r.ping(1)
	r.drain()
	got := r.alerts(1)
	if got[len(got)-1] != "recovered sent" {
		t.Errorf("at its end: %s", fmt.Sprint(got))
	}
}

// TestASecondAcknowledgementTakesNobodysName: whoever clicks after somebody else saw to it, and says nothing,
// changes nothing; a note does.
func TestASecondAcknowledgementTakesNobodysName(t *testing.T) {
	r := jobIn(t)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	r.must(fsm.AckIncident{Heartbeat: testID(1), Incident: 1, By: "Ann", Note: "on it"})
	r.must(fsm.AckIncident{Heartbeat: testID(1), Incident: 1, By: "Bob"})
	if by := r.heartbeat(1).Incident.AckedBy; by != "Ann" {
		t.Errorf("acknowledged by %q", by)
	}
	r.must(fsm.AckIncident{Heartbeat: testID(1), Incident: 1, By: "Bob", Note: "I take it over"})
	if by := r.heartbeat(1).Incident.AckedBy; by != "Bob" {
		t.Errorf("with a note: acknowledged by %q", by)
	}
}
