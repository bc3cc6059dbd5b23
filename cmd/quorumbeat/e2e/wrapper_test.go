package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// toldPing is what the tests read of a ping of the history.
type toldPing struct {
	PingedAt   time.Time  `json:"pinged_at"`
	Kind       string     `json:"kind"`
	ExitCode   *int       `json:"exit_code"`
	RunID      string     `json:"rid"`
	DurationMs *int       `json:"duration_ms"`
	Late       bool       `json:"late"`
	ReceivedAt *time.Time `json:"received_at"`
	Body       string     `json:"body"`
}

// runs is the history of a heartbeat, the oldest first.
func runs(t *testing.T, n *localcluster.Node, h heartbeat) []toldPing {
	t.Helper()
	var page struct{ Pings []toldPing }
	ask(t, 200, "GET", n.URL()+"/v1/heartbeats/"+h.ID+"/pings?limit=100", nil, &page)
	for i, j := 0, len(page.Pings)-1; i < j; i, j = i+1, j-1 {
		page.Pings[i], page.Pings[j] = page.Pings[j], page.Pings[i]
	}
	return page.Pings
}

// kinds shows a history as "start fail3".
func kinds(all []toldPing) string {
	var out []string
	for _, p := range all {
		kind := p.Kind
		if p.ExitCode != nil {
			kind += fmt.Sprint(*p.ExitCode)
		}
		out = append(out, kind)
	}
	return strings.Join(out, " ")
}

// runEnv has `quorumbeat run` speak to all nodes.
func (e *env) runEnv(h heartbeat, spool string) []string {
	var urls []string
	for _, n := range e.Nodes {
		urls = append(urls, n.URL())
	}
	return []string{"QUORUMBEAT_URL=" + strings.Join(urls, ","), "QUORUMBEAT_TOKEN=" + h.Token, "QUORUMBEAT_SPOOL=" + spool}
}

// TestTheWrapper runs jobs whose monitor is a real cluster, which fails.
func TestTheWrapper(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	e.waitServing(t)
	t.Run("a run is told with its end and what it printed", func(t *testing.T) { toldRuns(t, e) })
	t.Run("a job that fails alerts at once, with its last words", func(t *testing.T) { failsAtOnce(t, e) })
	t.Run("the leader may die or hang in the middle", func(t *testing.T) { wrappedThroughFaults(t, e) })
	t.Run("what no node could be told is told later, once, with its time", func(t *testing.T) { toldLater(t, e) })
}

func toldRuns(t *testing.T, e *env) {
	h := create(t, e.Nodes[0], fields{"name": "wrapped", "interval_secs": 86400, "email": []string{address()}})
	env := e.runEnv(h, t.TempDir())
	for script, code := range map[string]int{"echo fine": 0, "echo broken >&2; exit 3": 3, "kill -KILL $$": 137} {
		before := len(runs(t, e.Nodes[1], h))
		r := cli(t, env, "run", "--", "sh", "-c", script)
		if r.code != code || strings.Contains(r.stderr, "quorumbeat:") {
			t.Errorf("%s: exit code %d, said %q", script, r.code, r.stderr)
		}
		got := runs(t, e.Nodes[1], h)[before:]
		want := fmt.Sprintf("start fail%d", code)
		if code == 0 {
			want = "start success0"
		}
		if kinds(got) != want {
			t.Fatalf("%s: the history has %s", script, kinds(got))
		}
		begin, end := got[0], got[1]
		if begin.RunID == "" || begin.RunID != end.RunID || end.Body != r.stdout+r.stderr || begin.Late || end.Late {
			t.Errorf("%s: told %+v", script, got)
		}
		if end.DurationMs == nil {
			t.Errorf("%s: it is not known how long the run took", script)
		}
	}
	if r := cli(t, env, "run", "--token", "11111111-2222-4333-8444-555555555555", "--", "true"); r.code != 0 || !strings.Contains(r.stderr, "knows no heartbeat with this token") {
		t.Errorf("with a wrong token: exit code %d, said %q", r.code, r.stderr)
	}
}

func failsAtOnce(t *testing.T, e *env) {
	to := address()
	h := create(t, e.Nodes[0], fields{"name": "copier", "interval_secs": 86400, "email": []string{to}})
	if r := cli(t, e.runEnv(h, t.TempDir()), "run", "--", "sh", "-c", "echo the tape is full; exit 9"); r.code != 9 {
		t.Errorf("exit code %d, said %q", r.code, r.stderr)
	}
	if down := e.waitMails(t, to, 1)[0]; !strings.Contains(string(down.Raw), "the tape is full") {
		t.Errorf("the mail is %s", down.Raw)
	}
}

// wrappedThroughFaults loses the leader while a job runs, and has it listed first,
// so that it is the one to be told of the end.
func wrappedThroughFaults(t *testing.T, e *env) {
	for _, fault := range []struct {
		name            string
		lose, bringBack func(*localcluster.Node) error
	}{
		{"dies", (*localcluster.Node).Kill, restarted(e)},
		{"hangs", (*localcluster.Node).Freeze, (*localcluster.Node).Thaw},
	} {
		leader := e.leader()
		sound := e.Followers(leader)
		h := create(t, sound[0], fields{"name": fault.name, "interval_secs": 86400, "email": []string{address()}})
		dir := t.TempDir()
		hold := filepath.Join(t.TempDir(), "hold") // goes with its folder, if the test fails
		testkit.Must(t, os.WriteFile(hold, nil, 0o600))
		env := append(e.runEnv(h, dir), "QUORUMBEAT_URL="+leader.URL()+","+sound[0].URL()+","+sound[1].URL())
		done := make(chan result, 1)
		go func() {
			done <- cli(t, env, "run", "--", "sh", "-c", "while [ -e "+hold+" ]; do sleep 0.05; done; sleep 0.3; echo done; exit 4")
		}()
		testkit.Eventually(t, "the start is told", func() bool { return get(t, sound[0], h.ID).PingsTotal == 1 })
		testkit.Must(t, fault.lose(leader))
		testkit.Must(t, os.Remove(hold))
		r := <-done
		if r.code != 4 || r.stdout != "done\n" || r.stderr != "" {
			t.Errorf("it %s: exit code %d, %q, said %q", fault.name, r.code, r.stdout, r.stderr)
		}
		testkit.Must(t, fault.bringBack(leader))
		e.waitReady()
		got := runs(t, leader, h)
		if kinds(got) != "start fail4" {
			t.Fatalf("it %s: the history has %s", fault.name, kinds(got))
		}
		// The start was known before the job slept; times are cut to milliseconds.
		if took := got[1].DurationMs; took == nil || *took < 299 {
			t.Errorf("it %s: told %+v, of a job that slept for 0.3 s", fault.name, got)
		}
	}
}

func toldLater(t *testing.T, e *env) {
	h := create(t, e.Nodes[0], fields{"name": "unheard", "interval_secs": 86400, "email": []string{address()}})
	env := append(e.runEnv(h, t.TempDir()), "QUORUMBEAT_WAIT=2s")
	for _, n := range e.Nodes {
		testkit.Must(t, n.Kill())
	}
	before := time.Now()
	for code := range 2 {
		r := cli(t, env, "run", "--", "sh", "-c", fmt.Sprintf("echo run %d; exit %d", code, code))
		if r.code != code || !strings.Contains(r.stderr, "it is kept in") {
			t.Errorf("exit code %d, said %q", r.code, r.stderr)
		}
	}
	after := time.Now()
	for _, n := range e.Nodes {
		testkit.Must(t, n.Start())
	}
	e.waitReady()
	e.waitServing(t)
	r := cli(t, env, "spool", "flush", "--json")
	if r.code != 0 || !strings.Contains(r.stdout, `"delivered": 2`) {
		t.Errorf("flush: exit code %d, %s %s", r.code, r.stdout, r.stderr)
	}
	late := runs(t, e.Nodes[0], h)
	if kinds(late) != "start success0 start fail1" {
		t.Fatalf("the history has %s", kinds(late))
	}
	for i, p := range late {
		if !p.Late || p.PingedAt.Before(before.Add(-time.Second)) || p.PingedAt.After(after) || p.ReceivedAt == nil || !p.ReceivedAt.After(after) {
			t.Errorf("%d: told %+v, the runs were from %s to %s", i, p, before, after)
		}
	}
	if late[1].Body != "run 0\n" || late[1].DurationMs == nil || late[3].Body != "run 1\n" {
		t.Errorf("told %+v", late)
	}
	// A run of now comes while one of before is still kept: the newer one stays.
	testkit.Must(t, e.leader().Kill())
	for _, n := range e.Running() {
		testkit.Must(t, n.Freeze())
	}
	if r := cli(t, env, "run", "--", "sh", "-c", "exit 6"); r.code != 6 || !strings.Contains(r.stderr, "it is kept in") {
		t.Errorf("with nodes that hang: exit code %d, said %q", r.code, r.stderr)
	}
	for _, n := range e.Running() {
		testkit.Must(t, n.Thaw())
	}
	e.waitServing(t)
	if r := cli(t, append(env, "QUORUMBEAT_SPOOL="+t.TempDir()), "run", "--", "true"); r.code != 0 {
		t.Errorf("exit code %d, said %q", r.code, r.stderr)
	}
	newest := get(t, e.Running()[0], h.ID)
	if r := cli(t, env, "spool", "flush"); r.code != 0 {
		t.Errorf("flush: exit code %d, %s %s", r.code, r.stdout, r.stderr)
	}
	got := get(t, e.Running()[0], h.ID)
	if got.Status != "active" || *got.LastPingedAt != *newest.LastPingedAt {
		t.Errorf("the newest ping was at %s, and after the late one at %s; status %s", *newest.LastPingedAt, *got.LastPingedAt, got.Status)
	}
	seen := map[string]int{}
	for _, p := range runs(t, e.Running()[0], h) {
		seen[p.RunID+p.Kind]++
	}
	for run, n := range seen {
		if n > 1 || len(seen) != 8 {
			t.Errorf("%s was told %d times, of %d", run, n, len(seen))
		}
	}
}
