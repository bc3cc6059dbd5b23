package main

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
)

// flagsOf are the flags without which a command says that nothing was asked of it.
var flagsOf = map[string]string{
	"quorumbeat update":              "--grace 5m",
	"quorumbeat channels create":     "--set url=https://example.com",
	"quorumbeat bench":               "--duration 1s --heartbeats 1 --threads 1",
	"quorumbeat status-pages create": "--tag x",
	"quorumbeat windows create":      "--tag x --for 1h",
	"quorumbeat templates set":       "--subject x",
}

var argument = regexp.MustCompile(`[A-Z][A-Z_-]+`)

// lineOf is a command line that a command takes.
func lineOf(t *testing.T, c *cobra.Command) []string {
	line := strings.Fields(c.CommandPath())[1:]
	known := map[string]string{"FILE": filepath.Join(t.TempDir(), "file"), "SCHEDULE": "@daily", "HEARTBEATS": "1", "TOKEN": testToken}
	for _, name := range argument.FindAllString(c.Use, -1) {
		line = append(line, cmp.Or(known[name], "x"))
	}
	line = append(line, strings.Fields(flagsOf[c.CommandPath()])...)
	if c.Flags().Lookup("yes") != nil {
		line = append(line, "--yes")
	}
	return line
}

// TestTheExitCodeSaysWhoRefused: 2 if the command line itself is wrong, and no node was asked; 1 if
// a node says no. Every command that asks one is tried.
func TestTheExitCodeSaysWhoRefused(t *testing.T) {
	asked := 0
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"the node says no","code":"invalid_request"}`)
	}))
	defer node.Close()
	tried := 0
	p, _, _ := newTestProgram(nil)
	everyCommand(p.root(), func(c *cobra.Command) {
		if c.Flags().Lookup("api-key") == nil || !c.Runnable() {
			return
		}
		tried++
		line := append(lineOf(t, c), "--url", node.URL, "--api-key", "k")
		asked = 0
		refused, _, stderr := newTestProgram(nil)
		if code := refused.run(t.Context(), line); code != cli.ExitFailed || asked == 0 {
			t.Errorf("%q: %d, asked %d times: %s", line, code, asked, stderr)
		}
		asked = 0
		wrong, _, stderr := newTestProgram(nil)
		if code := wrong.run(t.Context(), append(line, "--nonsense")); code != cli.ExitUsage || asked > 0 {
			t.Errorf("%q --nonsense: %d, asked %d times: %s", line, code, asked, stderr)
		}
	})
	if tried < 25 {
		t.Errorf("only %d commands were tried", tried)
	}
}
