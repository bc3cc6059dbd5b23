package store

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

var lostNode = fsm.SystemSubject{Kind: fsm.SystemNodeLost, Node: fsm.NodeID{7}}

// addSystem adds incidents of the monitor itself: one that goes on, one that ended, and outages.
func addSystem(r *rig) {
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: 5, Burst: 5, MailTo: []string{"ops@example.com"}}})
	r.must(fsm.BeginSystem{Subject: lostNode, Node: "n7", Detail: "It is gone.", Since: r.wall - 300_000})
	disk := fsm.SystemSubject{Kind: fsm.SystemDiskLow, Node: fsm.NodeID{8}}
	r.must(fsm.BeginSystem{Subject: disk, Node: "n8", Detail: "120 MiB are left.", Since: r.wall})
	r.run(time.Minute)
	r.must(fsm.EndSystem{Subject: disk, Detail: "There is room again."})
	r.must(fsm.BeginSystem{Subject: fsm.SystemSubject{Kind: fsm.SystemCertificate, Node: fsm.NodeID{8}, Part: "HTTP"}, Node: "n8", Detail: "It expires.", Since: r.wall})
	r.must(fsm.TellOutage{From: r.wall - 90_000, To: r.wall - 10_000, Detail: "A majority was lost."})
}

func (r *rig) alertsOf(s fsm.SystemSubject) (words string) {
	id := s.ID()
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	for _, a := range list {
		words += a.Kind.String() + " " + a.State.String() + " to " + a.Recipient + "; "
	}
	return words
}

// TestANodeThatIsLostIsToldOnce: by whatever leaders, to the default targets; so is its return.
func TestANodeThatIsLostIsToldOnce(t *testing.T) {
	r := newRig(t)
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: 5, Burst: 5, MailTo: []string{"ops@example.com"}, FlapWindow: 60_000}})
	begin := fsm.BeginSystem{Subject: lostNode, Node: "n7", Detail: "It is gone.", Since: r.wall - 300_000}
	r.must(fsm.EndSystem{Subject: lostNode}) // nothing goes on
	for range 2 {
		r.must(begin)
		r.term++
	}
	if got := r.alertsOf(lostNode); got != "down pending to ops@example.com; " {
		t.Errorf("lost: %s", got)
	}
	open := r.s.SystemIncidents()
	if len(open) != 1 || open[0].Name != "n7" || open[0].Since.UnixMilli() != begin.Since {
		t.Errorf("%+v", open)
	}
	in, err := r.s.Incident(open[0].Incident)
	if err != nil || !in.System || !in.Open || in.Reason != "node_lost" || in.Story[0].Note != "It is gone." || len(in.Alerts) != 1 || !in.Alerts[0].OfSystem() {
		t.Errorf("%+v, %v", in, err)
	}
	r.send(r.oneReady())
	for range 2 {
		r.must(fsm.EndSystem{Subject: lostNode, Detail: "It is back."})
	}
	if got := r.alertsOf(lostNode); got != "recovered pending to ops@example.com; down sent to ops@example.com; " {
		t.Errorf("back: %s", got)
	}
	r.send(r.oneReady())
	r.must(begin) // within the flap window
	if w := r.work(); len(w.Ready) != 0 || w.Next == 0 {
		t.Errorf("a node that flaps is told at once: %+v", w)
	}
}

// TestAnIncidentOfTheMonitorIsSeenTo: acknowledged or snoozed it is silent but for its end, and is told again when that is over,
// also from an image; the cluster's reminders are for it, too.
func TestAnIncidentOfTheMonitorIsSeenTo(t *testing.T) {
	r := newRig(t)
	settings := fsm.Settings{History: 5, Burst: 5, MailTo: []string{"ops@example.com"}}
	r.must(fsm.SetSettings{Settings: settings})
	r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.After = true, 600 })
	begin, id := fsm.BeginSystem{Subject: lostNode, Node: "n7", Detail: "It is gone.", Since: r.wall}, lostNode.ID()
	r.must(begin)
	r.send(r.oneReady())
	wantTold := func(what, want string) {
		t.Helper()
		if got := strings.ReplaceAll(strings.ReplaceAll(r.alertsOf(lostNode), channelID(1).String(), "chat"), "ops@example.com", "ops"); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	open := func() fsm.Incident {
		t.Helper()
		in, err := r.s.Incident(fsm.IncidentRef{Heartbeat: id, Number: 1})
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	r.must(fsm.AckIncident{Heartbeat: id, Incident: 1, By: "Ann"})
	r.must(begin) // the node is still gone
	if in := open(); in.AckedBy != "Ann" || in.AckedAt.IsZero() {
		t.Errorf("acknowledged: %+v", in)
	}
	r.run(11 * time.Minute)
	wantTold("the channel that waits is not told", "down sent to ops; down cancelled to chat; ")
	r.must(fsm.UnackIncident{Heartbeat: id, Incident: 1})
	r.send(r.oneReady())
	r.must(fsm.SnoozeIncident{Heartbeat: id, Incident: 1, For: 60_000, By: "Bob"})
	r.run(59 * time.Second)
	if w := r.work(); len(w.Ready) > 0 || open().Snoozed.IsZero() {
		t.Errorf("snoozed: %+v, %+v", w, open())
	}
	again := New()
	if err := again.Restore(bytes.NewReader(imageOf(t, r.s))); err != nil {
		t.Fatal(err)
	}
	r.s = again
	r.run(2 * time.Second)
	row := r.oneReady()
	a, err := r.s.Alert(row)
	if err != nil || a.Kind != fsm.AlertReminder || a.Evidence.Reminder != 2 || len(a.Evidence.Acts) != 4 || a.Evidence.System.Node != "n7" || a.Evidence.Down < 12*time.Minute {
		t.Errorf("%+v, %v", a, err)
	}
	r.send(row)

	settings.RemindEvery = 600
	r.must(fsm.SetSettings{Settings: settings})
	r.run(10*time.Minute + 2*time.Second)
	r.send(r.oneReady())
	if in := open(); in.Told != 3 || in.RemindAt.IsZero() {
		t.Errorf("reminded: %+v", in)
	}
	r.must(fsm.EndSystem{Subject: lostNode, Detail: "It is back."})
	if in := open(); in.Open || in.AckedBy != "" || !in.RemindAt.IsZero() {
		t.Errorf("over: %+v", in)
	}
	for _, c := range []fsm.Command{fsm.AckIncident{Heartbeat: id, Incident: 1}, fsm.SnoozeIncident{Heartbeat: id, Incident: 1, For: 1000}, fsm.UnackIncident{Heartbeat: id, Incident: 1}} {
		wantCode(t, r.do(c), fsm.CodeRejected)
	}
	wantCode(t, r.do(fsm.AckIncident{Heartbeat: id, Incident: 9}), fsm.CodeNotFound)
	wantCode(t, r.do(fsm.SnoozeIncident{Heartbeat: id, Incident: 1}), fsm.CodeInvalid)
	r.run(time.Hour)
	if n := r.s.Totals().Queue; n > 2 { // the recovery, to both
		t.Errorf("%d rows wait after the end", n)
	}
}

// TestANodeThatIsRemovedIsNoNews: nobody is told that it is back, nor of what was not told yet.
func TestANodeThatIsRemovedIsNoNews(t *testing.T) {
	r := newRig(t)
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: 5, Burst: 5, MailTo: []string{"ops@example.com"}}})
	r.must(fsm.BeginSystem{Subject: lostNode, Node: "n7", Since: r.wall})
	r.must(fsm.EndSystem{Subject: lostNode, Quiet: true})
	if got := r.alertsOf(lostNode); got != "down cancelled to ops@example.com; " || len(r.work().Ready) > 0 {
		t.Error(got)
	}
}

// TestAnOutageIsToldOnce: leaders measure it differently, and tell it again and again.
func TestAnOutageOfTheMonitorIsToldOnce(t *testing.T) {
	r := newRig(t)
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: 5, Burst: 5, MailTo: []string{"ops@example.com"}}})
	at := r.wall
	for _, c := range []fsm.TellOutage{{From: at - 90_000, To: at - 10_000}, {From: at - 95_000, To: at - 12_000}, {From: at - 11_000, To: at - 5000}} {
		r.must(c)
	}
	if n := r.s.Totals().Queue; n != 1 {
		t.Errorf("%d notices", n)
	}
	r.must(fsm.TellOutage{From: at - 2000, To: at - 1000})
	if n := r.s.Totals().Queue; n != 2 {
		t.Errorf("%d notices of two outages: the first one waited, and must not be replaced", n)
	}
	if told := r.s.ToldOutage(); told.To.UnixMilli() != at-1000 {
		t.Errorf("%+v", told)
	}
}

func TestSystemIncidentsThatCannotBe(t *testing.T) {
	r := newRig(t)
	for _, c := range []fsm.Command{
		fsm.BeginSystem{},
		fsm.BeginSystem{Subject: fsm.SystemSubject{Kind: 99}},
		fsm.BeginSystem{Subject: fsm.SystemSubject{Kind: fsm.SystemOutage}},
		fsm.BeginSystem{Subject: lostNode, Since: -1},
		fsm.BeginSystem{Subject: lostNode, Node: "\xff"},
		fsm.BeginSystem{Subject: lostNode, Detail: strings.Repeat("x", fsm.MaxSystemDetail+1)},
		fsm.EndSystem{},
		fsm.TellOutage{},
		fsm.TellOutage{From: 5, To: 5},
	} {
		wantCode(t, r.do(c), fsm.CodeInvalid)
	}
}

// TestSubjectsAreBounded: the oldest of which nothing goes on makes room; those that go on do not.
func TestSubjectsAreBounded(t *testing.T) {
	r := newRig(t)
	subject := func(n int) fsm.SystemSubject {
		return fsm.SystemSubject{Kind: fsm.SystemNodeLost, Node: fsm.NodeID{byte(n), byte(n >> 8), 1}}
	}
	for n := range fsm.MaxSystems {
		r.must(fsm.BeginSystem{Subject: subject(n)})
	}
	wantCode(t, r.do(fsm.BeginSystem{Subject: subject(fsm.MaxSystems)}), fsm.CodeQuota)
	r.must(fsm.EndSystem{Subject: subject(500)})
	r.must(fsm.BeginSystem{Subject: subject(fsm.MaxSystems)})
	if n := len(r.s.SystemIncidents()); n != fsm.MaxSystems {
		t.Errorf("%d go on", n)
	}
	again := New()
	if err := again.Restore(bytes.NewReader(imageOf(t, r.s))); err != nil || len(again.SystemIncidents()) != fsm.MaxSystems {
		t.Error(err)
	}
}

// TestACanaryIsSentOnceAPeriod: whoever leads, alone, to whom it is for and nobody else. One that waits gives way to the next.
func TestACanaryIsSentOnceAPeriod(t *testing.T) {
	r := newRig(t)
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: 5, Burst: 1, GroupWait: 10_000, MailTo: []string{"ops@example.com"}}})
	canary := fsm.SendCanary{To: "robot@example.com", Period: r.wall, URL: "https://example.com/ping/x"}
	for range 2 {
		r.must(canary)
		r.term++
	}
	first := r.oneReady()
	a, _ := r.s.Alert(first)
	if a.Kind != fsm.AlertCanary || a.Recipient != "robot@example.com" || a.Evidence.System.Detail != canary.URL || r.s.Canary(canary.To) != canary.Period {
		t.Errorf("%+v", a)
	}
	canary.Period += 60_000
	r.must(canary)
	if a, _ := r.s.Alert(first); a.State != fsm.AlertCancelled {
		t.Errorf("the older one is %v", a.State)
	}
	r.send(r.oneReady())
	canary.Period -= 30_000 // a clock that was set back
	r.must(canary)
	if w := r.work(); len(w.Ready) > 0 || len(r.s.SystemIncidents()) > 0 {
		t.Errorf("%+v", w)
	}
	again := New()
	if err := again.Restore(bytes.NewReader(imageOf(t, r.s))); err != nil || again.Canary(canary.To) != r.s.Canary(canary.To) {
		t.Error(err)
	}
	for _, c := range []fsm.Command{
		fsm.SendCanary{},
		fsm.SendCanary{To: "nobody", Period: 1, URL: "x"},
		fsm.SendCanary{To: "a@b.example", Period: 0, URL: "x"},
		fsm.SendCanary{To: "a@b.example", Period: 1},
		fsm.BeginSystem{Subject: fsm.SystemSubject{Kind: fsm.SystemCanary}},
	} {
		wantCode(t, r.do(c), fsm.CodeInvalid)
	}
}
