package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
)

// TestPingSendsEverySignal runs the command against a server that notes what came.
func TestPingSendsEverySignal(t *testing.T) {
	var target, body, key string
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		target, body, key = r.Method+" "+r.RequestURI, string(b), r.Header.Get("Idempotency-Key")
		_, _ = io.WriteString(w, `{"status":"paused"}`)
	}))
	defer node.Close()
	for _, c := range []struct {
		args, target, body string
	}{
		{"", "", ""},
		{"--start --rid run-1", "/start?rid=run-1", ""},
		{"--fail --body burnt", "/fail", "burnt"},
		{"--log --body -", "/log", "from the standard input"},
		{"--exit-code 0", "/0", ""},
		{"--metric bytes=1e3 --metric rows.new=-0.5", "?m.bytes=1000&m.rows.new=-0.5", ""},
		{"--exit-code 137 --at 2026-05-02T05:04:05+02:00", "/137?at=2026-05-02T03%3A04%3A05.000Z", ""},
	} {
		p, stdout, stderr := newTestProgram(map[string]string{"QUORUMBEAT_URL": "http://127.0.0.1:1, " + node.URL})
		p.Stdin = strings.NewReader("from the standard input")
		args := append([]string{"ping", "a-token"}, strings.Fields(c.args)...)
		if code := p.run(t.Context(), args); code != cli.ExitDone || stdout.String() != "paused\n" {
			t.Errorf("%s: exit code %d, %q, %q", c.args, code, stdout, stderr)
		}
		if want := "POST /v1/heartbeats/a-token/ping" + c.target; target != want || body != c.body || key == "" {
			t.Errorf("%s: sent %s %q, want %s %q", c.args, target, body, want, c.body)
		}
	}
}

func TestPingRefusesNonsense(t *testing.T) {
	for _, args := range []string{
		"--start --fail", "--log --exit-code 0", "--exit-code 256", "--exit-code -1", "--at yesterday",
		"--metric bytes", "--metric bytes=", "--metric =1", "--metric bytes=1k", "--metric bytes=NaN", "--metric By=1", "--metric last=1",
		"--metric a" + strings.Repeat("x", 40) + "=1", manyMetrics(17),
		"--url nonsense", "--url http://ok:1,ftp://user:pass-word@no", "--url http://ok:1,",
	} {
		p, _, stderr := newTestProgram(nil)
		if code := p.run(t.Context(), append([]string{"ping", "a-token"}, strings.Fields(args)...)); code != cli.ExitUsage {
			t.Errorf("%s: exit code %d: %s", args, code, stderr)
		}
		if words := stderr.String(); strings.Count(words, "\n") != 1 || strings.Contains(words, "pass-word") {
			t.Errorf("%s: said %q", args, words)
		}
	}
}

func manyMetrics(n int) string {
	var line strings.Builder
	for i := range n {
		fmt.Fprintf(&line, "--metric n%d=1 ", i)
	}
	return line.String()
}
