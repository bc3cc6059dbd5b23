package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
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

// lineOf is a command line that a command takes; what it names is there if things has it.
func lineOf(t *testing.T, c *cobra.Command, things map[string]string) []string {
	line := strings.Fields(c.CommandPath())[1:]
	known := map[string]string{"FILE": filepath.Join(t.TempDir(), "file"), "SCHEDULE": "@daily", "HEARTBEATS": "1", "TOKEN": testToken}
	for _, name := range argument.FindAllString(c.Use, -1) {
		line = append(line, cmp.Or(things[name], known[name], "x"))
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
		line := append(lineOf(t, c, nil), "--url", node.URL, "--api-key", "k")
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

// clientCommands are those that ask a node.
func clientCommands(do func(*cobra.Command)) {
	p, _, _ := newTestProgram(nil)
	everyCommand(p.root(), func(c *cobra.Command) {
		if c.Flags().Lookup("api-key") != nil && c.Runnable() {
			do(c)
		}
	})
}

// TestEveryRefusalIsAFailure: whatever a node says instead of what was asked for, and if none answers, commands end
// with 1, and programs are told which it was. All commands try what is told in words of their own, or tried again.
func TestEveryRefusalIsAFailure(t *testing.T) {
	var all sync.WaitGroup // at once, for most of them wait, to try again
	defer all.Wait()
	turns := make(chan struct{}, 24) // more would slow each other until they give up
	for status, want := range map[int]string{
		401: "unauthorized", 402: "says_402", 403: "says_403", 404: "says_404", 409: "says_409", 429: "says_429",
		500: "says_500", 503: "says_503", 0: "unreachable",
	} {
		node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"error":"the node says no","code":"says_%d"}`, status)
		}))
		t.Cleanup(node.Close)
		url := node.URL
		if status == 0 {
			url = "http://127.0.0.1:1"
		}
		ofAll := status == 0 || status == 401 || status == 404 || status == 503
		clientCommands(func(c *cobra.Command) {
			again := status == 0 || status == 429 || status >= 500
			if c.Name() == "events" && again || !ofAll && c.Name() != "list" {
				return // events waits for nodes to come back, for as long as it takes
			}
			line := append(lineOf(t, c, nil), "--json", "--url", url)
			all.Go(func() {
				turns <- struct{}{}
				defer func() { <-turns }()
				stderr := new(testkit.Buffer)
				p := (&program{cli.Program{Stdout: io.Discard, Stderr: stderr}}).withEnv(map[string]string{"QUORUMBEAT_API_KEY": "k"})
				code := p.run(t.Context(), line)
				var told struct{ Error, Code string }
				lines := strings.Split(strings.TrimSpace(stderr.String()), "\n") // bench says first what it may have left
				err := json.Unmarshal([]byte(lines[len(lines)-1]), &told)
				if ownWords := status == 404 && told.Code == "not_found"; code != cli.ExitFailed || err != nil || told.Code != want && !ownWords {
					t.Errorf("%q: %d %s", line, code, stderr)
				}
			})
		})
	}
}

// TestNoCommandTakesTooFewOrTooMany arguments, or asks a node with them.
func TestNoCommandTakesTooFewOrTooMany(t *testing.T) {
	clientCommands(func(c *cobra.Command) {
		path := strings.Fields(c.CommandPath())[1:]
		var lines [][]string
		if c.Name() != "preview" { // it takes any number of schedules
			lines = append(lines, append(lineOf(t, c, nil), "a", "b", "c"))
		}
		if named, _, _ := strings.Cut(c.Use, "["); argument.MatchString(named) {
			lines = append(lines, path)
		}
		for _, line := range lines {
			p, _, stderr := newTestProgram(nil)
			if code := p.run(t.Context(), append(line, "--url", "http://127.0.0.1:1", "--api-key", "k")); code != cli.ExitUsage {
				t.Errorf("%q: %d %s", line, code, stderr)
			}
		}
	})
}
