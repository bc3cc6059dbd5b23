package api

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestTheRealBorgmatic runs Debian's borgmatic with each of its hooks for other monitors,
// once so that it succeeds and once so that it fails. It needs borgmatic and borg, and
// QUORUMBEAT_SOAK_BORGMATIC=1.
func TestTheRealBorgmatic(t *testing.T) {
	if os.Getenv("QUORUMBEAT_SOAK_BORGMATIC") == "" {
		t.Skip("a soak test: QUORUMBEAT_SOAK_BORGMATIC=1")
	}
	if _, err := exec.LookPath("borgmatic"); err != nil {
		t.Skip(err)
	}
	r := newPingRig(t)
	conn := r.connect()
	url := "http://" + conn.RemoteAddr().String()
	conn.Close()
	for hook, address := range map[string]string{
		"healthchecks": "/ping/" + r.job.Token, "healthchecks: # by slug": "/ping/" + r.key + "/job",
		"cronitor": "/ping/" + r.job.Token, "cronitor: # by slug": "/p/" + r.key + "/job",
		"cronhub": "/start/" + r.job.Token, "cronhub: # of old": "/ping/" + r.job.Token,
	} {
		hook, _, _ = strings.Cut(hook, ":")
		for _, fails := range []bool{false, true} {
			want := []fsm.SignalKind{fsm.SignalStart, fsm.SignalSuccess}
			if fails {
				want[1] = fsm.SignalFail
			}
			out := borgmatic(t, hook, url+address, fails)
			var told []fsm.SignalKind
			for _, sig := range r.listener.take() {
				if sig.Tells != fsm.SignalLog {
					told = append(told, sig.Tells)
				}
			}
			if fmt.Sprint(told) != fmt.Sprint(want) {
				t.Errorf("%s at %s, fails %v: told %v, want %v\n%s", hook, address, fails, told, want, out)
			}
		}
	}
}

// borgmatic makes a backup of a folder into a new repository, or into none.
func borgmatic(t *testing.T, hook, url string, fails bool) string {
	t.Helper()
	dir := t.TempDir()
	source, repo, config := filepath.Join(dir, "source"), filepath.Join(dir, "repo"), filepath.Join(dir, "config.yaml")
	if err := os.Mkdir(source, 0o700); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("location:\n  source_directories: [%s]\n  repositories: [%s]\nretention:\n  keep_daily: 7\nhooks:\n  %s:\n    ping_url: %s\n", source, repo, hook, url)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Env = append(os.Environ(), "HOME="+dir, "BORG_BASE_DIR="+dir, "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if !fails {
		if out, err := run("borg", "init", "-e", "none", repo); err != nil {
			t.Fatal(err, out)
		}
	}
	out, err := run("borgmatic", "--config", config, "--log-file", filepath.Join(dir, "log"), "create")
	if (err != nil) != fails {
		t.Errorf("borgmatic: %v\n%s", err, out)
	}
	return out
}
