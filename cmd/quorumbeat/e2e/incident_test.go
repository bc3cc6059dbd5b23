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
	e := start(t, 3)
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
