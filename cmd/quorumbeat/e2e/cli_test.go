package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// result is what a command did.
type result struct {
	code           int
	stdout, stderr string
}

// cli runs quorumbeat to its end.
func cli(t *testing.T, env []string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	program := plain.path(t) // builds it, the first time: that may take longer than any command
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir()}, env...)
	cmd.Dir = t.TempDir()
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("quorumbeat %s did not end in %s:\n%s", strings.Join(args, " "), patience, tail(stderr.String(), 20))
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func (e *env) clientEnv() []string {
	return []string{"QUORUMBEAT_URL=" + e.Running()[0].URL(), "QUORUMBEAT_API_KEY=" + adminKey}
}

// json runs a client command with --json and decodes what it prints.
func (e *env) json(t *testing.T, v any, args ...string) {
	t.Helper()
	r := cli(t, e.clientEnv(), append(args, "--json")...)
	if r.code != 0 {
		t.Fatalf("%s: exit code %d: %s", strings.Join(args, " "), r.code, r.stderr)
	}
	if err := json.Unmarshal([]byte(r.stdout), v); err != nil {
		t.Fatalf("%s: %v in %s", strings.Join(args, " "), err, r.stdout)
	}
}

// alertsByHand holds an alert that waits for its channel's time, releases it, and has another one delivered at
// once: both go out a day before they would have.
func alertsByHand(t *testing.T, e *env) {
	channel, waits := waitingAlerts(t, e)
	said := func(want string, args ...string) {
		t.Helper()
		if r := cli(t, e.clientEnv(), append([]string{"alerts"}, args...)...); r.code != 0 || want != "" && strings.TrimSpace(r.stdout) != want {
			t.Errorf("alerts %v: exit code %d, %q, %s", args, r.code, r.stdout, r.stderr)
		}
	}
	goesOut := func(h heartbeat) {
		testkit.Eventually(t, h.Name+" is tried", func() bool { return alerts(t, e.Nodes[2], h)[0].Attempts > 0 })
	}
	held, hurried := waits("held-by-hand"), waits("hurried")
	if r := cli(t, e.clientEnv(), "alerts", "explain", held.Name); r.code != 0 || !strings.Contains(r.stdout, "tomorrow") || !strings.Contains(r.stdout, "has to last for as long as its channel says") {
		t.Errorf("explained: exit code %d, %s%s", r.code, r.stdout, r.stderr)
	}
	said("held", "hold", held.Name)
	if r := cli(t, e.clientEnv(), "alerts", "deliver", held.Name); r.code != 1 || !strings.Contains(r.stderr, "alerts retry") {
		t.Errorf("a held one is delivered: %d %s", r.code, r.stdout)
	}
	said("", "deliver", hurried.Name) // a sender may have it by now
	goesOut(hurried)
	if a := alerts(t, e.Nodes[1], held)[0]; a.State != "held" || a.Attempts != 0 {
		t.Errorf("while it is held: %+v", a)
	}
	said("", "retry", held.Name)
	goesOut(held)
	last := waits("never-told")
	said("cancelled", "cancel", last.Name)
	for _, h := range []heartbeat{held, hurried, last} {
		ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
	}
	ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/channels/"+channel, nil, nil)
}

// waitingAlerts makes a channel that is told after a day, and returns what makes heartbeats with an alert that
// waits for that.
func waitingAlerts(t *testing.T, e *env) (channelID string, waits func(name string) heartbeat) {
	t.Helper()
	var channel struct{ ID string }
	ask(t, 201, "POST", e.Nodes[0].URL()+"/v1/channels", fields{"name": "tomorrow", "kind": "webhook", "url": "http://127.0.0.1:9/", "after_secs": 86400}, &channel)
	return channel.ID, func(name string) heartbeat {
		h := create(t, e.Nodes[0], fields{"name": name, "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "notify": []string{channel.ID}})
		testkit.Eventually(t, name+" has an alert", func() bool { return len(alerts(t, e.Nodes[1], h)) == 1 })
		return h
	}
}

func commandLine(t *testing.T, e *env) {
	var h heartbeat
	e.json(t, &h, "create", "from-the-shell", "--interval", "1h", "--grace", "5m")
	if r := cli(t, e.clientEnv(), "ping", h.Token); r.code != 0 {
		t.Errorf("ping: %d %s", r.code, r.stderr)
	}
	e.json(t, &h, "pause", h.ID)
	if h.Status != "paused" || h.PingsTotal != 1 {
		t.Errorf("after pause: %+v", h)
	}
	e.json(t, &h, "pause", h.ID, "--for", "2h")
	if left := time.Until(h.PausedUntil); left < 119*time.Minute || left > 121*time.Minute {
		t.Errorf("paused for two hours: until %v", h.PausedUntil)
	}
	e.json(t, &h, "pause", h.ID, "--until", "2027-01-01T00:00:00Z")
	if r := cli(t, e.clientEnv(), "get", h.ID); !strings.Contains(r.stdout, "paused until 2027-01-01") && !strings.Contains(r.stdout, "paused until 2026-12-31") {
		t.Errorf("get does not show the end of the pause: %s", r.stdout)
	}
	for words, args := range map[string][]string{
		"give one of them": {"--for", "2h", "--until", "08:00"}, "it must be 1s to 366d": {"--for", "0s"}, "use a time like": {"--until", "tomorrow"},
	} {
		if r := cli(t, e.clientEnv(), append([]string{"pause", h.ID}, args...)...); r.code != 2 || !strings.Contains(r.stderr, words) {
			t.Errorf("pause %v: exit code %d, %s", args, r.code, r.stderr)
		}
	}
	if r := cli(t, e.clientEnv(), "pause", h.ID, "--until", "2020-01-01T00:00:00Z"); r.code != 1 || !strings.Contains(r.stderr, "it must be after now") {
		t.Errorf("a pause until a time that is past: exit code %d, %s", r.code, r.stderr)
	}
	e.json(t, &h, "resume", h.ID)
	if got := get(t, e.Nodes[2], h.ID); got.Status != "active" {
		t.Errorf("after resume: %+v", got)
	}
	for _, args := range [][]string{{"list"}, {"get", h.ID}, {"pings", h.ID}, {"alerts"}, {"keys", "list"}, {"cluster"}} {
		if r := cli(t, e.clientEnv(), args...); r.code != 0 || r.stdout == "" {
			t.Errorf("%v: exit code %d, %q, %s", args, r.code, r.stdout, r.stderr)
		}
	}
	if r := cli(t, e.clientEnv(), "list"); !strings.Contains(r.stdout, "from-the-shell") {
		t.Errorf("list does not show the heartbeat:\n%s", r.stdout)
	}
	if r := cli(t, e.clientEnv(), "delete", h.ID); r.code != 0 {
		t.Errorf("delete: %d %s", r.code, r.stderr)
	}
	for name, tt := range map[string]struct {
		args []string
		code int
	}{
		"what is not there fails":  {[]string{"get", h.ID}, 1},
		"an unknown flag is usage": {[]string{"list", "--nonsense"}, 2},
		"an unknown word is usage": {[]string{"nonsense"}, 2},
		"a missing word is usage":  {[]string{"get"}, 2},
		"a wrong key fails":        {[]string{"list", "--api-key", "wrong-key-of-nobody"}, 1},
		"nobody there fails":       {[]string{"list", "--url", "http://127.0.0.1:1"}, 1},
	} {
		if r := cli(t, e.clientEnv(), tt.args...); r.code != tt.code || r.stderr == "" {
			t.Errorf("%s: %v: exit code %d, want %d; stderr %q", name, tt.args, r.code, tt.code, r.stderr)
		}
	}
}

func TestVersionTellsTheBuild(t *testing.T) {
	t.Parallel()
	if r := cli(t, nil, "version"); r.code != 0 || !strings.Contains(r.stdout, "quorumbeat") {
		t.Errorf("exit code %d, %q, %q", r.code, r.stdout, r.stderr)
	}
}

func TestCompletionForEveryShell(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		r := cli(t, nil, "completion", shell)
		if r.code != 0 || !strings.Contains(r.stdout, "quorumbeat") {
			t.Errorf("%s: exit code %d, %.100q, %q", shell, r.code, r.stdout, r.stderr)
		}
	}
	if r := cli(t, nil, "completion", "bash"); r.code == 0 {
		cmd := exec.Command("bash", "-n")
		cmd.Stdin = strings.NewReader(r.stdout)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("bash does not take it: %v: %s", err, out)
		}
	}
}
