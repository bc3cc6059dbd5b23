package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// TestABackupBecomesANewCluster moves everything to other machines: ping URLs,
// histories and alerts stay what they were.
func TestABackupBecomesANewCluster(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3, "--history", "1000")
	e.waitServing(t)
	to, quiet := address(), address()
	live := create(t, e.Nodes[0], fields{"name": "live", "interval_secs": 5, "grace_secs": 5, "miss_threshold": 1, "email": []string{quiet}})
	dead := create(t, e.Nodes[0], fields{"name": "dead", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
	for i := range 7 {
		ping(t, e.Nodes[i%3], live)
	}
	e.waitMails(t, to, 1)
	testkit.Eventually(t, "the alert is settled", func() bool { return alerts(t, e.Nodes[0], dead)[0].State == "sent" })
	follower := e.Followers(e.leader())[0]
	file := filepath.Join(t.TempDir(), "monday.backup")
	env := []string{"QUORUMBEAT_URL=" + follower.URL(), "QUORUMBEAT_API_KEY=" + adminKey}
	if r := cli(t, env, "backup", file); r.code != 0 || !strings.Contains(r.stdout, "2 heartbeats") {
		t.Fatalf("backup: %+v", r)
	}
	refuse(t, 2, "exists", env, "backup", file)
	refuse(t, 1, "API key", []string{env[0], "QUORUMBEAT_API_KEY=wrong-key-wrong-key"}, "backup", file+"2")
	refuse(t, 2, "needs FILE", env, "backup")
	oldID := clusterID(t, e.Nodes[0])
	ping(t, e.Nodes[0], live) // after the backup: lost with the old cluster
	e.Close()
	time.Sleep(11 * time.Second) // a gap, in which live would have been late

	t.Run("what cannot be restored", func(t *testing.T) {
		image, err := os.ReadFile(file)
		testkit.Must(t, err)
		cutOff, flipped := filepath.Join(t.TempDir(), "cut"), filepath.Join(t.TempDir(), "flipped")
		testkit.Must(t, os.WriteFile(cutOff, image[:len(image)/2], 0o600))
		image[len(image)/2] ^= 4
		testkit.Must(t, os.WriteFile(flipped, image, 0o600))
		empty := filepath.Join(t.TempDir(), "data")
		refuse(t, 1, "damaged", nil, "restore", cutOff, "--data-dir", empty)
		refuse(t, 1, "damaged", nil, "restore", flipped, "--data-dir", empty)
		refuse(t, 2, "no such file", nil, "restore", file+"x", "--data-dir", empty)
		if _, err := os.Stat(empty); err == nil {
			t.Error("a restore that failed left a data folder")
		}
		refuse(t, 2, "not empty", nil, "restore", file, "--data-dir", e.Nodes[0].Dir)
	})

	anew := startRestored(t, e.sink, file)
	if id := clusterID(t, anew.Nodes[0]); id == oldID || id == "" {
		t.Errorf("the new cluster is called %q, the old one %q", id, oldID)
	}
	for _, n := range anew.Nodes {
		if h := get(t, n, live.ID); h.Token != live.Token || h.PingsTotal != 7 || history(t, n, live) != 7 {
			t.Errorf("%s has of the live heartbeat: %+v, %d pings listed", n.Name, h, history(t, n, live))
		}
	}
	ping(t, anew.Nodes[2], live)
	anew.canary(t)
	anew.expectMails(t, to, 1) // not again
	anew.expectMails(t, quiet, 0)
	ping(t, anew.Nodes[1], dead)
	if m := anew.waitMails(t, to, 2)[1]; !strings.HasPrefix(m.Subject, "[RECOVERED]") {
		t.Errorf("after a ping: %s", m.Subject)
	}
}

// startRestored starts a cluster from a backup: one node on the restored folder, and
// two that join it.
func startRestored(t *testing.T, sink *smtpsink.Sink, file string) *env {
	t.Helper()
	opts := localcluster.Options{Binary: plain.path(t), Dir: t.TempDir(), Nodes: 1, AdminKey: adminKey, Flags: mailFlags(sink, "none")}
	if r := cli(t, nil, "restore", file, "--data-dir", filepath.Join(opts.Dir, "n1")); r.code != 0 {
		t.Fatalf("restore: %+v", r)
	}
	c, err := localcluster.Start(opts)
	testkit.Must(t, err)
	e := &env{Cluster: c, t: t, sink: sink}
	t.Cleanup(func() { c.Close(); e.showLogs() })
	e.waitReady()
	e.joinByTwo(t)
	return e
}

// joinByTwo adds two fresh nodes and waits until three vote.
func (e *env) joinByTwo(t *testing.T) {
	t.Helper()
	for range 2 {
		_, err := e.Add("--bootstrap-expect", "0")
		testkit.Must(t, err)
	}
	e.waitReady()
	testkit.Eventually(t, "three nodes vote", func() bool { return voters(members(t, e.Running()[0])) == 3 })
}

// TestRecoveryOfTheLastNode loses two nodes of three for good.
func TestRecoveryOfTheLastNode(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3, "--history", "1000")
	e.waitServing(t)
	quiet := address()
	h := create(t, e.Nodes[0], fields{"name": "survivor", "interval_secs": 20, "grace_secs": 20, "email": []string{quiet}})
	last := e.Nodes[2]
	for range 5 {
		ping(t, last, h) // answered by this node: so it has applied them
	}
	id := clusterID(t, last)
	refuse(t, 1, "in use by another process", nil, "cluster", "recover", "--data-dir", last.Dir)
	e.Close()
	refuse(t, 2, "there is no data folder", nil, "cluster", "recover", "--data-dir", last.Dir+"x")
	if out, code := recoverTyping(t, last.Dir, "yes\n"); code != 1 || !strings.Contains(out, "not confirmed: nothing was changed") {
		t.Errorf("a wrong word: exit code %d, %s", code, out)
	}
	word := func(out string) string {
		_, after, _ := strings.Cut(out, "Type ")
		return strings.Fields(after + " ?")[0]
	}
	out, _ := recoverTyping(t, last.Dir, "\n")
	if out, code := recoverTyping(t, last.Dir, word(out)+"\n"); code != 0 || !strings.Contains(out, "Recovered: 1 heartbeats") {
		t.Fatalf("recover: exit code %d, %s", code, out)
	}
	testkit.Must(t, os.RemoveAll(e.Nodes[0].Dir))
	testkit.Must(t, last.Start())
	e.waitReady()
	ping(t, last, h)
	if got := get(t, last, h.ID).PingsTotal; got != 6 {
		t.Errorf("%d pings counted, want 6", got)
	}
	if now := clusterID(t, last); now != id {
		t.Errorf("the cluster is called %s, and was %s", now, id)
	}
	e.joinByTwo(t)
	for _, n := range e.Running() {
		if got := get(t, n, h.ID).PingsTotal; got != 6 {
			t.Errorf("%s counts %d pings, want 6", n.Name, got)
		}
	}
	testkit.Must(t, last.Kill()) // the new ones can do without
	ping(t, e.Running()[0], h)
	e.expectMails(t, quiet, 0)
}

// recoverTyping runs `cluster recover` with something typed.
func recoverTyping(t *testing.T, dir, typed string) (out string, code int) {
	t.Helper()
	program := plain.path(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "cluster", "recover", "--data-dir", dir)
	var b bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(typed), &b, &b
	_ = cmd.Run()
	return b.String(), cmd.ProcessState.ExitCode()
}

// TestSalvageOfTheOnlyNode whose log has one flipped bit: it refuses to start, nothing
// is lost that came before, and what is missing is told.
func TestSalvageOfTheOnlyNode(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 1)
	n := e.Nodes[0]
	h := create(t, n, fields{"name": "only", "interval_secs": 3600})
	for range 10 {
		ping(t, n, h)
	}
	refuse(t, 1, "in use by another process", nil, "salvage", n.Dir)
	create(t, n, fields{"name": damagedName, "interval_secs": 3600})
	testkit.Must(t, n.Stop())
	flipName(t, filepath.Join(n.Dir, "log.db"))
	if err := n.Start(); err == nil {
		e.waitRefused(t, n)
	}
	file := filepath.Join(t.TempDir(), "salvaged")
	r := cli(t, nil, "salvage", n.Dir, "--out", file)
	if r.code != 0 || !strings.Contains(r.stdout, "1 heartbeats, 10 pings") || !strings.Contains(r.stdout, "entries in the log are damaged") {
		t.Fatalf("salvage: %+v", r)
	}
	t.Logf("%s", r.stdout)
	refuse(t, 2, "exists", nil, "salvage", n.Dir, "--out", file)
	refuse(t, 2, "there is no data folder", nil, "salvage", n.Dir+"x", "--out", file+"2")
	anew := startRestored(t, e.sink, file)
	ping(t, anew.Nodes[0], h)
	if got := get(t, anew.Nodes[2], h.ID).PingsTotal; got != 11 {
		t.Errorf("%d pings counted, want 11", got)
	}
}

// waitRefused waits until a node has ended with words.
func (e *env) waitRefused(t *testing.T, n *localcluster.Node) {
	t.Helper()
	testkit.Eventually(t, "the node ends", func() bool { return !n.Running() })
	if !strings.Contains(n.Log(), "quorumbeat salvage") {
		t.Errorf("it ended with %s", tail(n.Log(), 3))
	}
}

// refuse runs a command that must fail with an exit code and in words.
func refuse(t *testing.T, code int, words string, env []string, args ...string) {
	t.Helper()
	if r := cli(t, env, args...); r.code != code || !strings.Contains(r.stderr, words) {
		t.Errorf("%v: exit code %d, want %d, and %q in: %s%s", args, r.code, code, words, r.stdout, r.stderr)
	}
}

func clusterID(t *testing.T, n *localcluster.Node) string {
	t.Helper()
	var c struct {
		ID string `json:"cluster_id"`
	}
	ask(t, 200, "GET", n.URL()+"/v1/cluster", nil, &c)
	return c.ID
}
