package main

import (
	"strings"
	"testing"
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
