package e2e

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// TestWhatIsToldOfAnIncident follows one from silence over a failure to a good run:
// what the mails and the API say of it.
func TestWhatIsToldOfAnIncident(t *testing.T) {
	t.Parallel()
	e := start(t, 3, "--public-url", publicURL)
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
	seeToAnIncident(t, e)
}

// publicURL is where the links of mails lead to: the tests go to a node instead.
const publicURL = "https://beat.example.com/x"

// seeToAnIncident loses the leader while an incident is to be told again, and acknowledges it by
// the link of a mail through a node that does not lead.
func seeToAnIncident(t *testing.T, e *env) {
	to, leader := address(), e.leader()
	h := create(t, leader, fields{"name": "watched", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}, "remind_every_secs": 10})
	e.waitNewest(t, to, "[DOWN] watched")
	testkit.Must(t, leader.Kill())
	e.waitNewest(t, to, "[STILL DOWN] watched")
	testkit.Must(t, leader.Start())
	e.waitReady()
	link := regexp.MustCompile(regexp.QuoteMeta(publicURL) + `(/incident/[\w-]+)`).FindStringSubmatch(plainText(t, e.sink.Mails(to)[0]))
	if link == nil {
		t.Fatalf("no link in\n%s", plainText(t, e.sink.Mails(to)[0]))
	}
	follower := e.Followers(e.leader())[0]
	var seen struct {
		Incident *struct {
			ID string
			By *string `json:"acknowledged_by"`
		}
	}
	ask(t, http.StatusOK, "GET", follower.URL()+"/v1/heartbeats/"+h.ID, nil, &seen)
	for range 3 {
		if page := call(t, "", "GET", follower.URL()+link[1], nil); page.status != http.StatusOK || !strings.Contains(page.body, "watched") {
			t.Fatalf("the page of the link: %d %s", page.status, page.body)
		}
	}
	if ask(t, http.StatusOK, "GET", follower.URL()+"/v1/heartbeats/"+h.ID, nil, &seen); seen.Incident == nil || seen.Incident.By != nil {
		t.Fatalf("looking at the page changed something: %+v", seen.Incident)
	}
	answer, err := http.PostForm(follower.URL()+link[1], map[string][]string{"do": {"ack"}, "by": {"Ann"}})
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("acknowledging: %v, %v", answer, err)
	}
	answer.Body.Close()
	if ask(t, http.StatusOK, "GET", e.leader().URL()+"/v1/heartbeats/"+h.ID, nil, &seen); seen.Incident.By == nil || *seen.Incident.By != "Ann" {
		t.Errorf("acknowledged: %+v", seen.Incident)
	}
	ask(t, http.StatusOK, "POST", pingURL(follower, h)+"/0", nil, nil)
	e.waitNewest(t, to, "[RECOVERED] watched")
	ids := map[string]bool{}
	for _, m := range e.sink.Mails(to) {
		if ids[m.MessageID] {
			t.Errorf("%s came twice", m.Subject)
		}
		ids[m.MessageID] = true
	}
	var told struct {
		Story []struct{ Event, By string }
	}
	ask(t, http.StatusOK, "GET", follower.URL()+"/v1/incidents/"+seen.Incident.ID, nil, &told)
	if len(told.Story) < 5 || told.Story[0].Event != "began" {
		t.Errorf("the story is %+v", told.Story)
	}
}

// TestAHungRunAlertsAtOnce whatever the threshold, and says that it hangs.
func TestAHungRunAlertsAtOnce(t *testing.T) {
	t.Parallel()
	e := start(t, 1)
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
