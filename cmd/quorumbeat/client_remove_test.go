package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func voter(name, id string, alive bool) heartbeat.Node {
	return heartbeat.Node{Name: name, ID: id, Voter: true, Alive: alive}
}

func TestClusterRemoveShowsWhatItDoesAndAsks(t *testing.T) {
	one, two, three := voter("n1", "1", true), voter("n2", "2", true), voter("n3", "3", true)
	dead := voter("n3", "3", false)
	tests := map[string]struct {
		nodes   []heartbeat.Node
		args    []string
		stdin   string // "": no terminal
		code    int
		says    string
		removed string
	}{
		"a no":                            {[]heartbeat.Node{one, two, three}, []string{"n3"}, "\n", 1, "nothing was changed", ""},
		"a yes":                           {[]heartbeat.Node{one, two, three}, []string{"n3"}, "y\n", 0, "after: 2 voters, 2 alive, 2 needed: 0 more may fail", "3"},
		"--yes asks nobody":               {[]heartbeat.Node{one, two, dead}, []string{"--yes", "n3"}, "", 0, "now:   3 voters, 2 alive, 2 needed: 0 more may fail", "3"},
		"no terminal, and no --yes":       {[]heartbeat.Node{one, two, three}, []string{"n3"}, "", 2, "--yes", ""},
		"it would cost the majority":      {[]heartbeat.Node{one, two, dead}, []string{"--yes", "n2"}, "", 1, "after: 2 voters, 1 alive, 2 needed: no majority", ""},
		"the last voter":                  {[]heartbeat.Node{one}, []string{"--yes", "n1"}, "", 1, "was not removed", ""},
		"two of one name":                 {[]heartbeat.Node{one, voter("n1", "9", true), two}, []string{"--yes", "n1"}, "", 1, "1 or 9", ""},
		"one of two of one name":          {[]heartbeat.Node{one, voter("n1", "9", true), two}, []string{"--yes", "9"}, "", 0, "n1 (9)", "9"},
		"nobody":                          {[]heartbeat.Node{one, two}, []string{"--yes", "n7"}, "", 1, "there are n1, n2", ""},
		"one without a vote is no matter": {[]heartbeat.Node{one, two, dead, {Name: "n4", ID: "4", Alive: true}}, []string{"--yes", "n4"}, "", 0, "n4 (4)", "4"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			removed := ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodDelete {
					removed = strings.TrimPrefix(r.URL.Path, "/v1/cluster/nodes/")
					w.WriteHeader(http.StatusNoContent)
					return
				}
				_ = json.NewEncoder(w).Encode(heartbeat.Cluster{Nodes: tt.nodes})
			}))
			defer server.Close()
			var stdout, stderr strings.Builder
			p := &program{cli.Program{Env: settings.Env{Lookup: func(string) (string, bool) { return "", false }}, Stdin: strings.NewReader(tt.stdin), Stdout: &stdout, Stderr: &stderr}}
			if tt.stdin == "" {
				null, err := os.Open(os.DevNull)
				if err != nil {
					t.Fatal(err)
				}
				defer null.Close()
				p.Stdin = null
			}
			args := append([]string{"cluster", "remove", "--url", server.URL, "--api-key", "k"}, tt.args...)
			if code := p.run(context.Background(), args); code != tt.code || removed != tt.removed || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("exit code %d, removed %q, it says %s", code, removed, stderr.String())
			}
		})
	}
}
