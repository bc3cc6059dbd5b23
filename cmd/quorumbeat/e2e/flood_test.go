package e2e

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// TestAFloodOfOneTokensBodies has one heartbeat told bodies of 10 kB at every node, as
// fast as that goes, for as long as QUORUMBEAT_SOAK_FLOOD says. Every ping counts and nobody
// is elected, while disks and memory are spared the bodies.
func TestAFloodOfOneTokensBodies(t *testing.T) {
	t.Parallel()
	length := 2 * time.Second
	if text := os.Getenv("QUORUMBEAT_SOAK_FLOOD"); text != "" {
		var err error
		length, err = time.ParseDuration(text)
		testkit.Must(t, err)
	}
	e := start(t, 3)
	e.waitServing(t)
	h := create(t, e.Nodes[0], fields{"name": "flooder"})
	elections := e.leaderChanges(t)
	before := map[*localcluster.Node]int64{}
	for _, n := range e.Nodes {
		before[n] = folderSize(t, n.Dir)
	}
	pings := e.flood(t, h, length)
	sent := pings * floodBody
	for _, n := range e.Nodes {
		use, err := n.Usage()
		testkit.Must(t, err)
		grown := folderSize(t, n.Dir) - before[n]
		t.Logf("%s: %d pings in %s with %d MB of bodies: the folder grew by %d MB to %d MB, memory %d MB now, %d MB at most",
			n.Name, pings, length, sent/1e6, grown/1e6, (before[n]+grown)/1e6, use.Resident/1e6, use.Peak/1e6)
		if most := sent/4 + 1e6; grown > most {
			t.Errorf("the folder of %s grew by %d MB, want at most %d of the %d that were sent", n.Name, grown/1e6, most/1e6, sent/1e6)
		}
		if use.Peak > 1<<30 {
			t.Errorf("%s took %d MB of memory", n.Name, use.Peak/1e6)
		}
		if got := int64(get(t, n, h.ID).PingsTotal); got != pings {
			t.Errorf("%s counts %d pings, %d were answered", n.Name, got, pings)
		}
	}
	if now := e.leaderChanges(t); now != elections {
		t.Errorf("leaders changed meanwhile: %s before, %s now", elections, now)
	}
	if got := metric(t, e.leader().URL(), `quorumbeat_shed_total{reason="body_budget"}`); got == "0" || got == "" {
		t.Errorf("%q bodies are said to be dropped", got)
	}
}

const floodBody = 10_000

// flood returns how many pings were answered; each must be answered 200.
func (e *env) flood(t *testing.T, h heartbeat, length time.Duration) int64 {
	t.Helper()
	var pings atomic.Int64
	var clients sync.WaitGroup
	body := strings.Repeat("x", floodBody)
	for end, i := time.Now().Add(length), 0; i < 12; i++ {
		clients.Go(func() {
			c := &http.Client{Timeout: testkit.Patience, Transport: &http.Transport{}}
			defer c.CloseIdleConnections()
			for url := pingURL(e.Nodes[i%3], h) + "/log"; time.Now().Before(end) && !t.Failed(); {
				resp, err := c.Post(url, "", strings.NewReader(body))
				if !isCounted(t, resp, err) {
					return
				}
				pings.Add(1)
			}
		})
	}
	clients.Wait()
	return pings.Load()
}

// leaderChanges is what the nodes count of them.
func (e *env) leaderChanges(t *testing.T) string {
	t.Helper()
	var all []string
	for _, n := range e.Nodes {
		all = append(all, metric(t, n.URL(), "quorumbeat_raft_leader_changes_total"))
	}
	return strings.Join(all, " ")
}

// folderSize is what the files of a folder take, which its node may be changing.
func folderSize(t *testing.T, dir string) (bytes int64) {
	t.Helper()
	testkit.Must(t, filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if info, statErr := entry.Info(); statErr == nil && entry.Type().IsRegular() {
			bytes += info.Size()
		}
		return err
	}))
	return bytes
}
