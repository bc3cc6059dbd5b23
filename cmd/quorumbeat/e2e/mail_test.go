package e2e

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

var addresses atomic.Int64

// address makes up a recipient that no other heartbeat has.
func address() string { return fmt.Sprintf("person%d@example.com", addresses.Add(1)) }

// waitMails waits until a recipient has n mails and returns them.
func (e *env) waitMails(t *testing.T, to string, n int) []smtpsink.Mail {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("%d mails for %s", n, to), func() bool { return len(e.sink.Mails(to)) >= n })
	return e.expectMails(t, to, n)
}

// expectMails holds a recipient's mails against a number, now.
func (e *env) expectMails(t *testing.T, to string, n int) []smtpsink.Mail {
	t.Helper()
	got := e.sink.Mails(to)
	if len(got) != n {
		for _, m := range got {
			t.Logf("%s: %s %s", m.At.Format(time.StampMilli), m.Subject, m.MessageID)
		}
		t.Fatalf("%s got %d mails, want %d", to, len(got), n)
	}
	return got
}

// canary creates a heartbeat that nobody pings and waits for its alert. When it
// has come, alerts of at least 2 s of serving time from now on would have come.
func (e *env) canary(t *testing.T) {
	t.Helper()
	to := address()
	n := e.Running()[0]
	h := create(t, n, fields{"name": "canary", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 2, "email": []string{to}})
	e.waitMails(t, to, 1)
	ask(t, 204, "DELETE", n.URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}

// TestWordsOfOnesOwnAreMailed sets templates by the command line and the API; incidentPages does so by the form.
func TestWordsOfOnesOwnAreMailed(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 1)
	fails := func(name string) smtpsink.Mail {
		to := address()
		h := create(t, e.Nodes[0], fields{"name": name, "email": []string{to}})
		if a := call(t, "", "POST", pingURL(e.Nodes[0], h)+"/1", nil); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return e.waitMails(t, to, 1)[0]
	}
	if r := cli(t, e.clientEnv(), "templates", "set", "--subject", "{{.State}} by shell: {{.Name}}", "--text", "Call Ann about {{.Name}}."); r.code != 0 {
		t.Fatal(r.stderr)
	}
	if m := fails("books"); m.Subject != "DOWN by shell: books" || !strings.Contains(string(m.Raw), "Call Ann about books.") {
		t.Errorf("%s", m.Raw)
	}
	ask(t, 200, "PUT", e.Nodes[0].URL()+"/v1/templates", fields{"subject": "{{.State}} by API: {{.Name}}", "text": ""}, nil)
	if m := fails("orders"); m.Subject != "DOWN by API: orders" || strings.Contains(string(m.Raw), "Call Ann") {
		t.Errorf("%s", m.Raw)
	}
}
