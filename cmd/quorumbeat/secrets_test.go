package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
)

func TestAKeyOnTheCommandLineIsWarnedOf(t *testing.T) {
	m := newFakeMonitor(t)
	for args, want := range map[string]bool{"--api-key=a-secret-key": true, "--url=" + m.URL: false} {
		p, _, stderr := newTestProgram(map[string]string{"QUORUMBEAT_URL": m.URL})
		p.run(t.Context(), []string{"ping", "some-token", args})
		if strings.Contains(stderr.String(), "(ps)") != want || strings.Contains(stderr.String(), "a-secret-key") {
			t.Errorf("%s: %q", args, stderr)
		}
	}
}

// TestTheJobGetsNoSecret of those that the wrapper was given.
func TestTheJobGetsNoSecret(t *testing.T) {
	m := newFakeMonitor(t)
	w := shell(t, m.URL, `test -z "$QUORUMBEAT_TOKEN$QUORUMBEAT_API_KEY" && test "$MINE" = yes`)
	w.Env = append(w.Env, "QUORUMBEAT_API_KEY=some-key", "MINE=yes")
	if status := w.status(t); status != 0 {
		t.Errorf("status %d: the job sees the token or lacks what is its own", status)
	}
}

// TestNoCommandFollowsARedirect: whoever sends one would be given the key or the token.
func TestNoCommandFollowsARedirect(t *testing.T) {
	var asked, followed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer elsewhere.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer page.Close()
	tokens := write(t, "tokens", testToken+"\n")
	for _, args := range [][]string{
		{"ping", testToken},
		{"list"},
		{"create", "job"},
		{"delete", "hb_000000000000000000000000"},
		{"backup", filepath.Join(t.TempDir(), "backup")},
		{"bench", "--duration", "1s", "--warmup", "0s"},
		{"bench", "--duration", "1s", "--warmup", "0s", "--connections", "2", "--tokens-file", tokens},
	} {
		asked.Store(0)
		p, _, stderr := newTestProgram(map[string]string{"QUORUMBEAT_URL": page.URL, "QUORUMBEAT_API_KEY": "a-secret-key"})
		if code := p.run(t.Context(), args); code == cli.ExitDone || asked.Load() == 0 || followed.Load() > 0 {
			t.Fatalf("%v: exit code %d, %d requests, %d to where it was sent: %s", args, code, asked.Load(), followed.Load(), stderr)
		}
	}
	asked.Store(0)
	if status := shell(t, page.URL, "true", "--wait", "30s").status(t); status != 0 || asked.Load() == 0 || followed.Load() > 0 {
		t.Errorf("run: status %d, %d requests, %d to where it was sent", status, asked.Load(), followed.Load())
	}
}
