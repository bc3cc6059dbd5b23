package api

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestListingIncidents follows one from its beginning to its end.
func TestListingIncidents(t *testing.T) {
	r := newRig(t)
	a := r.create(`{"name":"a","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["x@example.com","y@example.com"]}`)
	b := r.create(`{"name":"b","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["x@example.com"]}`)
	type page struct {
		Incidents  []incidentJSON
		NextCursor string `json:"next_cursor"`
	}
	list := func(query string) page {
		t.Helper()
		return decodeAs[page](t, r.call("GET", "/v1/incidents"+query, "").body)
	}
	if got := r.call("GET", "/v1/incidents", "").body; got != `{"incidents":[]}` {
		t.Errorf("before any: %s", got)
	}
	r.cluster.pass(3 * time.Second)
	if got := list("?state=open").Incidents; len(got) != 2 || got[0].Reason != "silence" || got[0].EndedAt != nil {
		t.Errorf("%+v", got)
	}
	first := list("?limit=1")
	second := list("?limit=1&cursor=" + first.NextCursor)
	if len(first.Incidents) != 1 || len(second.Incidents) != 1 || second.NextCursor != "" || first.Incidents[0].ID == second.Incidents[0].ID {
		t.Errorf("%+v and %+v", first, second)
	}
	r.call("POST", "/v1/heartbeats/"+a.Token+"/ping/1", "")
	r.call("POST", "/v1/heartbeats/"+a.Token+"/ping", "")
	got := list("?heartbeat_id=" + a.ID).Incidents
	if len(got) != 1 || got[0].State != "ended" || got[0].HeartbeatName != "a" || got[0].EndedAt == nil || len(got[0].Alerts) < 4 {
		t.Errorf("of a: %+v", got)
	}
	if got := list("?state=open").Incidents; len(got) != 1 || got[0].HeartbeatID != b.ID {
		t.Errorf("open are %+v", got)
	}
	for _, query := range []string{"?state=ended", "?limit=0", "?cursor=x", "?heartbeat_id=x"} {
		if a := r.call("GET", "/v1/incidents"+query, ""); a.status != 400 {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}

// TestASystemIncidentIsSeenTo as any other is, until it is over.
func TestASystemIncidentIsSeenTo(t *testing.T) {
	r := newRig(t)
	began := fsm.BeginSystem{Subject: fsm.SystemSubject{Kind: fsm.SystemNodeLost, Node: fsm.NodeID{7}}, Node: "n7", Detail: "It is gone.", Since: 1}
	if _, err := r.cluster.Propose(t.Context(), began); err != nil {
		t.Fatal(err)
	}
	got := decodeAs[struct{ Incidents []incidentJSON }](t, r.call("GET", "/v1/incidents?state=open", "").body).Incidents
	if len(got) != 1 || !got[0].System {
		t.Fatalf("%+v", got)
	}
	acts := []struct{ what, body, want string }{
		{"ack", `{"by":"Ann"}`, `"acknowledged_by":"Ann"`}, {"unack", "", `"acknowledged_by":null`}, {"snooze", `{"for_secs":60}`, `"snoozed_until":"2`},
	}
	for _, x := range acts {
		if a := r.call("POST", "/v1/incidents/"+got[0].ID+"/"+x.what, x.body); a.status != 200 || !strings.Contains(a.body, x.want) {
			t.Errorf("%s: %d %s", x.what, a.status, a.body)
		}
	}
	if _, err := r.cluster.Propose(t.Context(), fsm.EndSystem{Subject: began.Subject}); err != nil {
		t.Fatal(err)
	}
	for _, x := range acts {
		if a := r.call("POST", "/v1/incidents/"+got[0].ID+"/"+x.what, x.body); a.status != 409 || !strings.Contains(a.body, "is over") {
			t.Errorf("%s of one that is over: %d %s", x.what, a.status, a.body)
		}
	}
}

// TestActingOnIncidents acknowledges, snoozes and takes back, and tries what is no such thing.
func TestActingOnIncidents(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"a","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["x@example.com"],"remind_every_secs":3600}`)
	if h.RemindEverySecs == nil || *h.RemindEverySecs != 3600 || h.Incident != nil {
		t.Errorf("new: every %v s, incident %v", h.RemindEverySecs, h.Incident)
	}
	r.cluster.pass(3 * time.Second)
	get := func() heartbeatJSON {
		return decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body)
	}
	open := get().Incident
	if open == nil || open.Reason != "silence" || open.Since == nil || open.AcknowledgedBy != nil || open.SnoozedUntil != nil {
		t.Fatalf("failing: %+v", open)
	}
	at := "/v1/incidents/" + open.ID
	act := func(what, body string) incidentJSON {
		t.Helper()
		a := r.call("POST", at+"/"+what, body)
		if a.status != 200 {
			t.Fatalf("%s %s: %d %s", what, body, a.status, a.body)
		}
		return decodeAs[incidentJSON](t, a.body)
	}
	if in := act("ack", `{"by":"Ann","note":"on it"}`); in.State != "open" || in.AcknowledgedBy == nil || *in.AcknowledgedBy != "Ann" || in.NextReminderAt != nil {
		t.Errorf("acknowledged: %+v", in)
	}
	if open = get().Incident; *open.AcknowledgedBy != "Ann" || open.AcknowledgedAt == nil {
		t.Errorf("the heartbeat says %+v", open)
	}
	if in := act("snooze", `{"for_secs":7200,"by":"Bob"}`); in.SnoozedUntil == nil || in.NextReminderAt == nil {
		t.Errorf("snoozed: %+v", in)
	}
	in := act("unack", "")
	if in.AcknowledgedBy != nil || in.SnoozedUntil != nil || in.Reminders != 1 {
		t.Errorf("taken back: %+v", in)
	}
	var events []string
	for _, e := range in.Story {
		events = append(events, e.Event+" "+e.By)
	}
	if got := strings.Join(events, ","); got != "began ,acknowledged Ann,snoozed Bob,withdrawn admin key of the settings" || in.Story[1].Note != "on it" {
		t.Errorf("the story is %s", got)
	}
	for _, x := range []struct {
		path, body string
		status     int
	}{
		{at + "/snooze", "", 400},
		{at + "/snooze", `{"for_secs":0}`, 400},
		{at + "/snooze", `{"for_secs":2592001}`, 400},
		{at + "/snooze", `{"for_secs":"1h"}`, 400},
		{at + "/snooze", `{"for_secs":1e99}`, 400},
		{at + "/ack", `{"By_":"x"}`, 400},
		{at + "/ack", `{"by":"` + strings.Repeat("x", 201) + `"}`, 400},
		{at + "/ack", `{"note":"` + strings.Repeat("x", 501) + `"}`, 400},
		{at + "/ack", `{"by":"a\nb"}`, 400},
		{at + "/ack", "{\"by\":\"\xff\"}", 400},
		{at + "/unack", `{"note":"x"}`, 400},
		{at + "7/ack", "", 404},
		{"/v1/incidents/" + strings.ToUpper(open.ID) + "/ack", "", 404},
		{"/v1/incidents/in_00_1/ack", "", 404},
		{strings.TrimSuffix(at, "_1") + "_01/ack", "", 404},
	} {
		if a := r.call("POST", x.path, x.body); a.status != x.status {
			t.Errorf("%s %.60s: %d %s", x.path, x.body, a.status, a.body)
		}
	}
	for _, body := range []string{`{"remind_every_secs":9}`, `{"remind_every_secs":-1}`, `{"remind_every_secs":2592001}`} {
		if a := r.call("PATCH", "/v1/heartbeats/"+h.ID, body); a.status != 400 || !strings.Contains(a.body, "remind_every_secs") {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "")
	if a := r.call("POST", at+"/ack", ""); a.status != 409 || !strings.Contains(a.body, "over") {
		t.Errorf("when it is over: %d %s", a.status, a.body)
	}
	if in := decodeAs[incidentJSON](t, r.call("GET", at, "").body); in.State != "ended" || *in.EndedBy != "recovered" || get().Incident != nil {
		t.Errorf("ended: %+v", in)
	}
}

// TestThePagesOfIncidents acknowledges, snoozes and takes back by the buttons.
func TestThePagesOfIncidents(t *testing.T) {
	r := newMemoryRig(t)
	h := r.create(`{"name":"<b>a</b>","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["x@example.com"]}`)
	r.cluster.pass(3 * time.Second)
	b := r.browse(testKey)
	at := "/ui/incidents/in_" + strings.TrimPrefix(h.ID, "hb_") + "_1/"
	for _, x := range []struct{ page, do, form, want string }{
		{"/ui/incidents", "ack", "", "Tell people again"},
		{"/ui/heartbeats/" + h.ID, "snooze", "for_secs=3600", "Snoozed until"},
		{"/ui/incidents", "unack", "", "taken back"},
		{"/ui/incidents", "ack", "note=%3Cscript%3E", "&lt;script&gt;"},
	} {
		a := b.submit(x.page, at+x.do, x.form)
		if a.status != 303 {
			t.Fatalf("%s: %d %s", x.do, a.status, a.body)
		}
		page := b.get(string(a.header.Peek("Location")))
		if page.status != 200 || !strings.Contains(page.body, x.want) && x.do != "unack" || strings.Contains(page.body, "<script>") || strings.Contains(page.body, "<b>a</b>") {
			t.Errorf("%s: %d, without %q", x.do, page.status, x.want)
		}
	}
	if a := b.submit("/ui/incidents", at+"snooze", "for_secs=x"); a.status < 400 {
		t.Errorf("snoozed for nothing: %d", a.status)
	}
	if a := b.submit("/ui/incidents", strings.Replace(at, "in_", "no_", 1)+"ack", ""); a.status != 404 {
		t.Errorf("no such incident: %d", a.status)
	}
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "")
	if a := b.submit("/ui/heartbeats/"+h.ID, at+"ack", ""); !strings.HasSuffix(string(a.header.Peek("Location")), "did=over") {
		t.Errorf("when it is over: %d %s", a.status, a.header.Peek("Location"))
	}
}

// aLink opens one token.
type aLink struct {
	token string
	ref   fsm.IncidentRef
}

func (l *aLink) Open(token string, _ time.Time) (fsm.IncidentRef, bool) {
	return l.ref, token == l.token
}

// TestLinksInMails: looking changes nothing, a form does, and neither too often.
func TestLinksInMails(t *testing.T) {
	link := &aLink{token: "good-token"}
	r := newRigWith(t, func(c *Config) { c.Links = link }, func(*Server) {})
	h := r.create(`{"name":"<b>a</b>","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["x@example.com"]}`)
	id, _ := fsm.ParseHeartbeatID(h.ID)
	link.ref = fsm.IncidentRef{Heartbeat: id, Number: 1}
	const path = "/incident/good-token"
	get := func(method string) answer {
		return r.call(method, path, "", "Authorization", "", "Accept", "text/html")
	}
	post := func(form string) answer {
		return r.call("POST", path, form, "Authorization", "", "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	}
	if a := get("GET"); a.status != 404 {
		t.Errorf("before there is an incident: %d", a.status)
	}
	r.cluster.pass(3 * time.Second)
	before := r.cluster.picture()
	for range 30 { // scanners look often
		a := get("GET")
		if a.status != 200 || !strings.Contains(a.body, "&lt;b&gt;a&lt;/b&gt;") || !strings.Contains(a.body, "Acknowledge") || strings.Contains(a.body, h.Token) {
			t.Fatalf("%d %s", a.status, a.body)
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Content-Security-Policy": "form-action 'self'", "X-Content-Type-Options": "nosniff"} {
			if got := string(a.header.Peek(name)); !strings.Contains(got, want) {
				t.Errorf("%s is %q", name, got)
			}
		}
	}
	if a := get("HEAD"); a.status != 200 {
		t.Errorf("HEAD: %d", a.status)
	}
	if r.cluster.picture() != before {
		t.Error("looking changed something")
	}
	for form, status := range map[string]int{"": 400, "do=delete": 400, "do=snooze": 400, "do=snooze&for_secs=0": 400, "do=snooze&for_secs=99999999": 400, "do=ack&by=%ff": 400} {
		if a := post(form); a.status != status {
			t.Errorf("%q: %d %s", form, a.status, a.body)
		}
	}
	incident := func() incidentJSON {
		return decodeAs[incidentJSON](t, r.call("GET", "/v1/incidents/"+link.ref.String(), "").body)
	}
	if a := post("do=ack&by=Ann"); a.status != 200 || !strings.Contains(a.body, "Acknowledged") || *incident().AcknowledgedBy != "Ann" {
		t.Errorf("acknowledged: %d %s", a.status, a.body)
	}
	if a := post("do=snooze&for_secs=3600"); a.status != 200 || incident().SnoozedUntil == nil {
		t.Errorf("snoozed: %d %s", a.status, a.body)
	}
	limited := false
	for range 20 {
		limited = limited || post("do=ack").status == 429
	}
	if !limited {
		t.Error("a link may be used without end")
	}
	if a := r.call("GET", "/incident/other", "", "Authorization", ""); a.status != 404 || strings.Contains(a.body, "<b>") {
		t.Errorf("another token: %d %s", a.status, a.body)
	}
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "")
	if a := get("GET"); a.status != 200 || !strings.Contains(a.body, "over") || strings.Contains(a.body, "<form") {
		t.Errorf("when it is over: %d %s", a.status, a.body)
	}
	gone := r.create(`{"name":"gone","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["x@example.com"]}`)
	id, _ = fsm.ParseHeartbeatID(gone.ID)
	link.ref = fsm.IncidentRef{Heartbeat: id, Number: 1}
	r.cluster.pass(3 * time.Second)
	r.call("POST", "/v1/heartbeats/"+gone.Token+"/ping", "")
	if a := post("do=ack&by=Ann"); a.status != 200 || !strings.Contains(a.body, "is over") || strings.Contains(a.body, "Acknowledged.") {
		t.Errorf("a form about what is over: %d %s", a.status, a.body)
	}
}

// TestRemindersByDefault: null is as the cluster says, 0 is none, and what is left out stays.
func TestRemindersByDefault(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"a"}`)
	for _, x := range []struct{ body, want string }{
		{`{}`, "null"}, {`{"remind_every_secs":0}`, "0"}, {`{"owner":"x"}`, "0"}, {`{"remind_every_secs":60}`, "60"}, {`{"remind_every_secs":null}`, "null"},
	} {
		if a := r.call("PATCH", "/v1/heartbeats/"+h.ID, x.body); a.status != 200 || !strings.Contains(a.body, `"remind_every_secs":`+x.want+`,`) {
			t.Errorf("%s: %d %s, want %s", x.body, a.status, a.body, x.want)
		}
	}
	for _, body := range []string{`{"remind_every_secs":"1h"}`, `{"remind_every_secs":[]}`, `{"remind_every_secs":1.5}`} {
		if a := r.call("PATCH", "/v1/heartbeats/"+h.ID, body); a.status != 400 || !strings.Contains(a.body, "remind_every_secs is a JSON") {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}
