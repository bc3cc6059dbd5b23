package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	sdk "github.com/quorumbeat/quorumbeat/sdk/go"
)

// ran is a signal of a run, with a number and a body.
type ran struct {
	signal sdk.Signal
	rows   float64 // negative: none
	body   string
}

// rows are good runs with these numbers.
func rows(values ...float64) (list []ran) {
	for _, n := range values {
		list = append(list, ran{rows: n})
	}
	return list
}

// judged are checks, runs, and what the last of them breaks.
var judged = []struct {
	check  string
	runs   []ran
	broken string
}{
	{"rows > 0", rows(0), "completed but its rows was 0; expected rows > 0"},
	{"rows > 0", rows(-1), "completed but sent no rows; expected rows > 0"},
	{"rows >= 0.5 * last", rows(1000, 400), "completed but its rows was 400; expected rows >= 0.5 * last, which is 500"},
	{"rows >= 0.5 * last", rows(1000, 400, 500), ""},
	{"rows <= 3 * median", append(rows(9, 9, 9, 10, 10, 10, 10, 10, 10, 10), rows(10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 31)...), "completed but its rows was 31; expected rows <= 3 * median, which is 30"},
	{"seconds >= 60", []ran{{sdk.SignalStart, -1, ""}, {sdk.ExitStatus(0), -1, ""}}, "completed but took "},
	{"seconds >= 60", rows(-1), ""},
	{"exit_code != 0", []ran{{sdk.ExitStatus(0), -1, ""}}, "completed but ended with the exit code 0; expected exit_code != 0"},
	{`body contains "done"`, []ran{{"", -1, "all well"}}, `completed but its output doesn't contain "done"`},
	{`body contains "done"`, []ran{{"", -1, "all done"}}, ""},
	{`body doesn't contain "ERROR"`, []ran{{"", -1, "an ERROR"}}, `completed but its output contains "ERROR"; expected that it doesn't`},
}

// results are judged alike by every node, whichever took the pings.
func results(t *testing.T, e *env) {
	var nodes []*sdk.Client
	for _, n := range e.Nodes {
		nodes = append(nodes, sdk.New(adminKey, sdk.WithBaseURL(n.URL())))
	}
	for i, tt := range judged {
		h, err := nodes[i%3].Create(t.Context(), sdk.CreateParams{Name: fmt.Sprint("judged ", i), Checks: []string{tt.check}, Email: []string{address()}})
		testkit.Must(t, err)
		for k, r := range tt.runs {
			p := sdk.SignalParams{Body: []byte(r.body)}
			if r.rows >= 0 {
				p.Metrics = map[string]float64{"rows": r.rows}
			}
			_, err := nodes[(i+k)%3].Signal(t.Context(), h.Token, r.signal, p)
			testkit.Must(t, err)
		}
		for k, n := range nodes {
			list, err := n.Pings(t.Context(), h.ID, sdk.PingsParams{Limit: 1})
			testkit.Must(t, err)
			if got := list[0]; !strings.HasPrefix(got.CheckBroken, tt.broken) || (got.Kind == "fail") != (tt.broken != "") {
				t.Errorf("%s: node %d has %s %q, want %q", tt.check, k, got.Kind, got.CheckBroken, tt.broken)
			}
		}
	}
	limited(t, e)
}

// limited sets limits by the command line, and breaks them.
func limited(t *testing.T, e *env) {
	to := address()
	var h heartbeat
	e.json(t, &h, "create", "limited", "--failure-threshold", "2", "--min-run", "10m", "--max-run", "20m", "--email", to, "--check", "bytes > 0")
	run := func(words string) {
		t.Helper()
		if r := cli(t, e.clientEnv(), "ping", h.Token, "--start"); r.code != 0 {
			t.Fatal(r.stderr)
		}
		if r := cli(t, e.clientEnv(), "ping", h.Token, "--metric", "bytes=7"); r.code != 0 {
			t.Fatal(r.stderr)
		}
		if r := cli(t, e.clientEnv(), "pings", "limited"); !strings.Contains(r.stdout, words) {
			t.Errorf("%s, want %s", r.stdout, words)
		}
	}
	run("expected at least 600 s (min_run_secs)")
	e.expectMails(t, to, 0)
	if got := get(t, e.Nodes[1], h.ID); got.Status != "active" {
		t.Errorf("one failure of two makes it %s", got.Status)
	}
	run("expected at least 600 s (min_run_secs)")
	e.waitMails(t, to, 1)

	slow := address()
	e.json(t, &h, "create", "slow", "--max-run", "1s", "--grace", "1d", "--email", slow)
	if r := cli(t, e.clientEnv(), "ping", h.Token, "--start"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	down := e.waitMails(t, slow, 1)[0]
	if text := string(down.Raw); !strings.Contains(text, "that did not finish.") || !strings.Contains(text, ", 1 s after it began.") {
		t.Errorf("the mail says %s", down.Raw)
	}
}
