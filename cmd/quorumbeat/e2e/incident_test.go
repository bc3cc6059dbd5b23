package e2e

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// TestWhatIsToldOfAnIncident follows one from silence over a failure to a good run:
// what the mails and the API say of it.
func TestWhatIsToldOfAnIncident(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3, "--public-url", publicURL)
	e.waitServing(t)
	n, to := e.Nodes[1], address()
	h := create(t, n, fields{"name": "nightly", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
	e.waitNewest(t, to, "[DOWN] nightly")
	ask(t, http.StatusOK, "POST", pingURL(n, h)+"/7", nil, nil)
	ask(t, http.StatusOK, "POST", pingURL(n, h)+"/fail", nil, nil)
	e.waitNewest(t, to, "[FAILED] nightly")
	ask(t, http.StatusOK, "POST", pingURL(n, h)+"/0", nil, nil)
	e.waitNewest(t, to, "[RECOVERED] nightly")
	mails := e.sink.Mails(to)
	if len(mails) != 3 {
		t.Fatalf("%d mails, want three", len(mails))
	}
	for i, words := range []string{
		`nightly has never been heard from\.`,
		`nightly reported a failure at .* \(exit status 7\)\.`,
		`nightly reports a good run again\. It was down for \d+ s, since .* \([1-9]\d* miss(es)? and 2 failures\)\.[\s\S]*Ended by: +a good run \(exit status 0\) at .*, from 127\.0\.0\.1`,
	} {
		if text := plainText(t, mails[i]); !regexp.MustCompile(words).MatchString(text) {
			t.Errorf("mail %d says\n%s\nwant %s", i, text, words)
		}
	}
	for i := range mails[1:] {
		if got := mails[i+1].Header.Get("In-Reply-To"); strings.Trim(got, "<>") != strings.Trim(mails[i].MessageID, "<>") {
			t.Errorf("mail %d answers %s", i+1, got)
		}
	}
	list := alerts(t, n, h)
	if len(list) != 3 || list[0].Evidence.Reason != "good_run" || list[1].Evidence.Reason != "failure" || list[2].Evidence.Reason != "silence" {
		t.Fatalf("%+v", list)
	}
	if x := list[0].Evidence; x.Failures != 2 || x.Misses < 1 || x.DownSince == "" || x.ExitCode == nil || *x.ExitCode != 0 {
		t.Errorf("the API says of the recovery %+v", x)
	}
	var x *tree
	t.Run("a dependency tree of three levels fails", func(t *testing.T) { x = failTree(t, e) })
	t.Run("reminder and escalation over a failover, and ack by link through another node", func(t *testing.T) { seeToAnIncident(t, e) })
	t.Run("the dependency tree recovers after the failover", func(t *testing.T) { x.recover(t, e) })
}

// tree is three levels of heartbeats, each of which depends on the one before.
type tree struct {
	to                     string
	host, database, report heartbeat
}

// failTree has a tree fail from its root: who is below is told only as a line.
func failTree(t *testing.T, e *env) *tree {
	x := &tree{to: address()}
	level := func(name string, remind int, on ...string) heartbeat {
		return create(t, e.Nodes[0], fields{
			"name": name, "interval_secs": 3600, "grace_secs": 2, "email": []string{x.to}, "depends_on": append([]string{}, on...), "remind_every_secs": remind,
		})
	}
	x.host = level("host", 10)
	x.database = level("database", 0, "host")
	x.report = level("report", 0, x.database.ID)
	for i, h := range []heartbeat{x.host, x.database, x.report} {
		ask(t, http.StatusOK, "POST", pingURL(e.Nodes[i], h)+"/fail", nil, nil)
		e.waitNewest(t, x.to, "[DOWN] host")
	}
	var waits struct {
		Alerts []struct {
			State string
			Waits *struct{ For, Name string } `json:"waits_for"`
		}
	}
	ask(t, http.StatusOK, "GET", e.Nodes[2].URL()+"/v1/alerts?heartbeat_id="+x.report.ID, nil, &waits)
	if len(waits.Alerts) != 1 || waits.Alerts[0].Waits == nil || waits.Alerts[0].Waits.For != "dependency" || waits.Alerts[0].Waits.Name != "database" {
		t.Errorf("the report's alert waits for %+v", waits)
	}
	return x
}

// recover has the levels recover, the root first, after the leader was lost: each that still fails is told a grace later, once.
func (x *tree) recover(t *testing.T, e *env) {
	e.waitNewest(t, x.to, "[STILL DOWN] host")
	mails := e.sink.Mails(x.to)
	if text := plainText(t, mails[len(mails)-1]); !strings.Contains(strings.Join(strings.Fields(text), " "), "Also failing, and depend on it: database, report.") {
		t.Errorf("what waits is not told:\n%s", text)
	}
	for i, h := range []heartbeat{x.host, x.database, x.report} {
		name := []string{"host", "database", "report"}[i]
		if i > 0 {
			e.waitNewest(t, x.to, "[DOWN] "+name)
		}
		ask(t, http.StatusOK, "POST", pingURL(e.Nodes[i], h)+"/0", nil, nil)
		e.waitNewest(t, x.to, "[RECOVERED] "+name)
	}
	ids, told := map[string]bool{}, []string{}
	for _, m := range e.sink.Mails(x.to) {
		if ids[m.MessageID] {
			t.Errorf("%s came twice", m.Subject)
		}
		if ids[m.MessageID] = true; !strings.HasPrefix(m.Subject, "[STILL DOWN] host") {
			told = append(told, m.Subject)
		}
	}
	want := "[DOWN] host, [RECOVERED] host, [DOWN] database, [RECOVERED] database, [DOWN] report, [RECOVERED] report"
	if got := strings.Join(told, ", "); got != want {
		t.Errorf("told %s\nwant %s", got, want)
	}
}

// publicURL is where the links of mails lead to: the tests go to a node instead.
const publicURL = "https://beat.example.com/x"

// seeToAnIncident loses the leader while an incident is to be told again, and to be told to others because it lasts, and acknowledges it by
// the link of a mail through a node that does not lead: whoever would be called third is not.
func seeToAnIncident(t *testing.T, e *env) {
	to, second, third, leader := address(), address(), address(), e.leader()
	for who, after := range map[string]int{second: 5, third: 3600} {
		ask(t, http.StatusCreated, "POST", leader.URL()+"/v1/channels", fields{"name": channelOf(who), "kind": "email", "to": who, "after_secs": after}, nil)
	}
	h := create(t, leader, fields{
		"name": "watched", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}, "notify": []string{channelOf(second), channelOf(third)}, "remind_every_secs": 10,
	})
	e.waitNewest(t, to, "[DOWN] watched")
	testkit.Eventually(t, "it is known that this was sent", func() bool { // else it would be in doubt, and come twice
		return slices.ContainsFunc(alerts(t, leader, h), func(a alert) bool { return a.Recipient == to && a.State == "sent" })
	})
	testkit.Must(t, leader.Kill())
	e.waitNewest(t, to, "[STILL DOWN] watched")
	testkit.Eventually(t, "the second is told that it is down, and that it still is", func() bool { return len(e.sink.Mails(second)) >= 2 })
	testkit.Must(t, leader.Start())
	e.waitReady()
	link := incidentLink(t, publicURL, e.sink.Mails(to)[0])
	follower := e.Followers(e.leader())[0]
	var seen struct {
		Incident *struct {
			ID string
			By *string `json:"acknowledged_by"`
		}
	}
	ask(t, http.StatusOK, "GET", follower.URL()+"/v1/heartbeats/"+h.ID, nil, &seen)
	for range 3 {
		if page := call(t, "", "GET", follower.URL()+link, nil); page.status != http.StatusOK || !strings.Contains(page.body, "watched") {
			t.Fatalf("the page of the link: %d %s", page.status, page.body)
		}
	}
	if ask(t, http.StatusOK, "GET", follower.URL()+"/v1/heartbeats/"+h.ID, nil, &seen); seen.Incident == nil || seen.Incident.By != nil {
		t.Fatalf("looking at the page changed something: %+v", seen.Incident)
	}
	answer, err := http.PostForm(follower.URL()+link, map[string][]string{"do": {"ack"}, "by": {"Ann"}})
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("acknowledging: %v, %v", answer, err)
	}
	answer.Body.Close()
	if ask(t, http.StatusOK, "GET", e.leader().URL()+"/v1/heartbeats/"+h.ID, nil, &seen); seen.Incident.By == nil || *seen.Incident.By != "Ann" {
		t.Errorf("acknowledged: %+v", seen.Incident)
	}
	escalations := 0
	for _, a := range alerts(t, e.leader(), h) {
		if a.Kind == "down" && strings.HasSuffix(a.Recipient, third) {
			if escalations++; a.State != "cancelled" {
				t.Errorf("acknowledged before it was time for the third, whose alert is %s", a.State)
			}
		}
	}
	if escalations != 1 {
		t.Errorf("%d alerts to the third", escalations)
	}
	ask(t, http.StatusOK, "POST", pingURL(follower, h)+"/0", nil, nil)
	for who, first := range map[string]string{to: "[DOWN] watched", second: "[DOWN] watched", third: ""} {
		if first != "" {
			e.waitNewest(t, who, "[RECOVERED] watched")
		}
		toldInOrder(t, e.sink.Mails(who), first)
	}
	var told struct {
		Story []struct{ Event, By string }
	}
	ask(t, http.StatusOK, "GET", follower.URL()+"/v1/incidents/"+seen.Incident.ID, nil, &told)
	if len(told.Story) < 5 || told.Story[0].Event != "began" {
		t.Errorf("the story is %+v", told.Story)
	}
}

// toldInOrder asks that mails begin with a subject, "" for none, and that none comes again without saying so.
func toldInOrder(t *testing.T, mails []smtpsink.Mail, first string) {
	t.Helper()
	ids := map[string]bool{}
	for i, m := range mails {
		if i == 0 && m.Subject != first {
			t.Errorf("the first mail is %q, want %q", m.Subject, first)
		}
		if ids[m.MessageID] && m.Header.Get("X-Quorumbeat-Possible-Duplicate") == "" {
			t.Errorf("%q came twice", m.Subject)
		}
		ids[m.MessageID] = true
	}
}

// channelOf is the name of a channel that is a mailbox.
func channelOf(address string) string {
	return "mails of " + strings.TrimSuffix(address, "@example.com")
}

// TestAHungRunAlertsAtOnce whatever the threshold, and says that it hangs.
func TestAHungRunAlertsAtOnce(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 1)
	e.waitServing(t)
	n, to := e.Nodes[0], address()
	h := create(t, n, fields{"name": "hanging", "interval_secs": 3600, "grace_secs": 1, "miss_threshold": 50, "email": []string{to}})
	idle := create(t, n, fields{"name": "idle", "interval_secs": 3600, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
	for _, x := range []heartbeat{h, idle} {
		ask(t, http.StatusOK, "POST", pingURL(n, x)+"/start", nil, nil)
	}
	e.waitNewest(t, to, "[DOWN] hanging")
	e.expectMails(t, to, 1) // and none of the one without a grace
	if text := plainText(t, e.sink.Mails(to)[0]); !strings.Contains(text, "that did not finish") {
		t.Errorf("the mail says\n%s", text)
	}
}

// plainText is the text of a mail.
func plainText(t *testing.T, m smtpsink.Mail) string {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	testkit.Must(t, err)
	_, body, _ := bytes.Cut(m.Raw, []byte("\r\n\r\n"))
	part, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).NextRawPart()
	testkit.Must(t, err)
	text, err := io.ReadAll(quotedprintable.NewReader(part))
	testkit.Must(t, err)
	return string(text)
}
