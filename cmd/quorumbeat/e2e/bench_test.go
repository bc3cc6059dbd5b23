package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	pings "github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestBenchIsHeldToWhatTheClusterCounts pings through all nodes, and finds every
// acknowledged ping in the state, and nothing else.
func TestBenchIsHeldToWhatTheClusterCounts(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	e.waitServing(t)
	var urls []string
	for _, n := range e.Nodes {
		urls = append(urls, n.URL())
	}
	env := []string{"QUORUMBEAT_URL=" + strings.Join(urls, ","), "QUORUMBEAT_API_KEY=" + adminKey}
	for _, rate := range []int{0, 200} {
		file := filepath.Join(t.TempDir(), strconv.Itoa(rate))
		args := []string{"bench", "--json", "--keep", file, "--heartbeats", "20", "--connections", "30", "--duration", "1s", "--warmup", "200ms"}
		r := cli(t, env, append(args, "--rate", strconv.Itoa(rate))...)
		var out struct {
			Heartbeats int
			pings.Report
		}
		if err := json.Unmarshal([]byte(r.stdout), &out); err != nil || r.code != 0 || out.Heartbeats != 20 {
			t.Fatalf("%v: %+v", err, r)
		}
		tokens, err := os.ReadFile(file)
		testkit.Must(t, err)
		counted := 0
		for _, h := range list(t, e.Nodes[0]) {
			if strings.Contains(string(tokens), h.Token) {
				counted += h.PingsTotal
			}
		}
		if n := int64(counted); n != out.Whole.Acknowledged || n == 0 || out.Whole.Unknown != 0 || out.Bad() != 0 {
			t.Errorf("rate %d: the cluster counts %d pings, the bench %+v", rate, n, out.Report)
		}
	}
	if r := cli(t, env, "bench", "--heartbeats", "20", "--duration", "100ms", "--warmup", "0s"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	left := list(t, e.Nodes[0])
	if len(left) != 40 {
		t.Errorf("%d heartbeats are left of 40 that were kept", len(left))
	}
}
