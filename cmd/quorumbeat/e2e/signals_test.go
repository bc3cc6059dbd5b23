package e2e

import (
	"bytes"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// tell sends a signal with a body and an Idempotency-Key, as a script would.
func tell(t *testing.T, n *localcluster.Node, h heartbeat, signal, body, key string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", pingURL(n, h)+signal, strings.NewReader(body))
	testkit.Must(t, err)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(req)
	testkit.Must(t, err)
	defer res.Body.Close()
	if got, _ := io.ReadAll(res.Body); res.StatusCode != 200 || string(got) != `{"status":"ok"}` {
		t.Fatalf("%s through %s: %d %s", signal, n.Name, res.StatusCode, got)
	}
}

// text is a mail as it is read.
func text(t *testing.T, raw []byte) string {
	t.Helper()
	out, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw)))
	testkit.Must(t, err)
	return string(out)
}

// signals tells of runs through different nodes, and finds them in the history, the
// mails and the metrics.
func signals(t *testing.T, e *env) {
	to := address()
	h := create(t, e.Nodes[0], fields{"name": "told", "interval_secs": 3600, "grace_secs": 3600, "miss_threshold": 9, "email": []string{to}})
	const rid = "?rid=11111111-2222-4333-8444-555555555555"
	tell(t, e.Nodes[0], h, "/start"+rid, "", "")
	tell(t, e.Nodes[1], h, "/log", "halfway", "")
	tell(t, e.Nodes[2], h, "/3"+rid, "copying\nno space left on <device>\n", "attempt")
	tell(t, e.Nodes[0], h, "/3"+rid, "copying\nno space left on <device>\n", "attempt") // the client saw no answer
	down := e.waitMails(t, to, 1)[0]
	for _, want := range []string{"told reported a failure at ", "(exit status 3)", "The run printed last:", "    no space left on <device>", "no space left on &lt;device&gt;"} {
		if !strings.Contains(text(t, down.Raw), want) {
			t.Errorf("the mail does not say %q:\n%s", want, down.Raw)
		}
	}
	now := func(n *localcluster.Node) (out struct {
		Status       string
		PingsTotal   int  `json:"pings_total"`
		LastExitCode *int `json:"last_exit_code"`
		LastDuration *int `json:"last_duration_ms"`
		Running      bool
	},
	) {
		t.Helper()
		ask(t, 200, "GET", n.URL()+"/v1/heartbeats/"+h.ID, nil, &out)
		return out
	}
	for _, n := range e.Nodes {
		if got := now(n); got.Status != "failing" || got.PingsTotal != 3 || *got.LastExitCode != 3 || got.LastDuration == nil || got.Running {
			t.Errorf("%s: %+v", n.Name, got)
		}
		labels := `{id="` + h.ID + `",name="told"}`
		if got := metric(t, n.URL(), "quorumbeat_heartbeat_last_exit_code"+labels); got != "3" {
			t.Errorf("%s exports exit code %q", n.Name, got)
		}
		if got := metric(t, n.URL(), "quorumbeat_heartbeat_run_duration_seconds"+labels); got == "" {
			t.Errorf("%s exports no duration", n.Name)
		}
	}
	// What is delivered late, and is older than the failure, does not end it.
	tell(t, e.Nodes[1], h, fmt.Sprintf("?at=%d", time.Now().Add(-time.Hour).Unix()), "", "")
	if got := now(e.Nodes[2]); got.Status != "failing" || got.PingsTotal != 4 {
		t.Errorf("after a late ping: %+v", got)
	}
	tell(t, e.Nodes[2], h, "/0", "", "")
	if up := e.waitMails(t, to, 2)[1]; up.Subject != "[RECOVERED] told" || !strings.Contains(text(t, up.Raw), "told reports a good run again. ") {
		t.Errorf("recovery: %s\n%s", up.Subject, up.Raw)
	}
	// Out of time: an edit gives the run a grace that it cannot keep.
	tell(t, e.Nodes[0], h, "/start", "step 1 of 9", "")
	ask(t, 200, "PATCH", e.Nodes[1].URL()+"/v1/heartbeats/"+h.ID, fields{"grace_secs": 1, "miss_threshold": 1}, nil)
	hanging := e.waitMails(t, to, 3)[2]
	for _, want := range []string{"told began a run at ", "did not finish", "    step 1 of 9"} {
		if !strings.Contains(text(t, hanging.Raw), want) {
			t.Errorf("the mail does not say %q:\n%s", want, hanging.Raw)
		}
	}
	checkPings(t, e.Nodes[1], h)
	ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}

// checkPings holds the history against what signals told.
func checkPings(t *testing.T, n *localcluster.Node, h heartbeat) {
	t.Helper()
	var page struct {
		Pings []struct {
			Kind, Body, From string
			Late             bool
			ExitCode         *int `json:"exit_code"`
			RID              string
			DurationMs       *int   `json:"duration_ms"`
			ReceivedAt       string `json:"received_at"`
		}
	}
	ask(t, 200, "GET", n.URL()+"/v1/heartbeats/"+h.ID+"/pings", nil, &page)
	var kinds []string
	for _, p := range page.Pings {
		kinds = append(kinds, p.Kind)
	}
	if got := strings.Join(kinds, " "); got != "start success success fail log start" {
		t.Fatalf("the history has %s", got)
	}
	if p := page.Pings[2]; !p.Late || p.ReceivedAt == "" {
		t.Errorf("late: %+v", p)
	}
	if p := page.Pings[3]; *p.ExitCode != 3 || p.RID == "" || p.DurationMs == nil || !strings.HasPrefix(p.Body, "copying\n") || p.From != "127.0.0.1" {
		t.Errorf("failed: %+v", p)
	}
	if p := page.Pings[4]; p.Body != "halfway" {
		t.Errorf("log: %+v", p)
	}
}
