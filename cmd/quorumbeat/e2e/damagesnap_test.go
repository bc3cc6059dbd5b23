package e2e

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// TestADamagedNodeIsRefusedOrRepaired spoils the folder of one of three nodes, which
// has snapshots. It must refuse with words, or end up with what the others have; and
// the others must not suffer.
func TestADamagedNodeIsRefusedOrRepaired(t *testing.T) {
	t.Parallel()
	e := startPlainFaulty(t, 3, "--history", "100000")
	e.waitServing(t)
	for _, n := range e.Nodes {
		testkit.Must(t, n.Stop())
		testkit.Must(t, n.Break("snapshots", "30"))
		testkit.Must(t, n.Start())
		e.waitReady()
	}
	h := create(t, e.Nodes[0], fields{"name": damagedName, "interval_secs": 86400})
	victim := e.Nodes[2]
	pings := func(k int) {
		for range k {
			ping(t, e.Nodes[0], h)
		}
	}
	testkit.Eventually(t, "there are two snapshots", func() bool { pings(40); return len(snapshotsOf(t, victim)) == 2 })

	early := filepath.Join(t.TempDir(), "early")
	testkit.Must(t, victim.Stop())
	testkit.Must(t, os.CopyFS(early, os.DirFS(victim.Dir)))
	testkit.Must(t, victim.Start())
	e.waitReady()

	newest := func(t *testing.T, file string) string {
		all := snapshotsOf(t, victim)
		return filepath.Join(all[len(all)-1], file)
	}
	damages := []struct {
		name  string
		spoil func(t *testing.T)
	}{
		{"the newest snapshot has flipped bits", func(t *testing.T) { flipAtRandom(t, newest(t, "state.bin"), 1) }},
		{"the newest snapshot is cut off", func(t *testing.T) { cut(t, newest(t, "state.bin"), 2) }},
		{"the newest snapshot's description is nonsense", func(t *testing.T) {
			testkit.Must(t, os.WriteFile(newest(t, "meta.json"), []byte("{"), 0o600))
		}},
		{"both snapshots have flipped bits", func(t *testing.T) {
			for i, s := range snapshotsOf(t, victim) {
				flipAtRandom(t, filepath.Join(s, "state.bin"), uint64(i))
			}
		}},
		{"the newest snapshot is gone", func(t *testing.T) { testkit.Must(t, os.RemoveAll(filepath.Dir(newest(t, "x")))) }},
		{"all snapshots are gone", func(t *testing.T) { testkit.Must(t, os.RemoveAll(filepath.Join(victim.Dir, "snapshots"))) }},
		{"the log is gone", func(t *testing.T) { testkit.Must(t, os.Remove(filepath.Join(victim.Dir, "log.db"))) }},
		{"the log is empty", func(t *testing.T) { testkit.Must(t, os.Truncate(filepath.Join(victim.Dir, "log.db"), 0)) }},
		{"node.json is cut off", func(t *testing.T) { cut(t, filepath.Join(victim.Dir, "node.json"), 2) }},
		{"node.json is another node's", func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(e.Nodes[1].Dir, "node.json"))
			testkit.Must(t, err)
			testkit.Must(t, os.WriteFile(filepath.Join(victim.Dir, "node.json"), text, 0o600))
		}},
		{"node.json is gone", func(t *testing.T) { testkit.Must(t, os.Remove(filepath.Join(victim.Dir, "node.json"))) }},
		{"old snapshots with the log of today", func(t *testing.T) {
			dir := filepath.Join(victim.Dir, "snapshots")
			testkit.Must(t, os.RemoveAll(dir))
			testkit.Must(t, os.CopyFS(dir, os.DirFS(filepath.Join(early, "snapshots"))))
		}},
		{"the folder of some time ago", func(t *testing.T) {
			testkit.Must(t, os.RemoveAll(victim.Dir))
			testkit.Must(t, os.CopyFS(victim.Dir, os.DirFS(early)))
			testkit.Must(t, os.Chmod(victim.Dir, 0o700))
		}},
	}
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			pings(50)
			testkit.Must(t, victim.Stop())
			sound := filepath.Join(t.TempDir(), "sound")
			testkit.Must(t, os.CopyFS(sound, os.DirFS(victim.Dir)))
			d.spoil(t)
			outcome := e.repairedOrRefused(t, victim, h)
			if t.Logf("%s", outcome); strings.HasPrefix(d.name, "the log is") && !strings.HasPrefix(outcome, "refused") {
				t.Error("it started")
			}
			testkit.Must(t, victim.Kill())
			testkit.Must(t, os.RemoveAll(victim.Dir))
			testkit.Must(t, os.CopyFS(victim.Dir, os.DirFS(sound)))
			testkit.Must(t, os.Chmod(victim.Dir, 0o700))
			testkit.Must(t, victim.Start())
			e.waitReady()
		})
	}

	t.Run("a copy taken while the node runs", func(t *testing.T) {
		l := startHerd(t, e, 4, 0, 5*time.Millisecond, unwatched)
		copied := filepath.Join(t.TempDir(), "copied")
		testkit.Must(t, os.CopyFS(copied, os.DirFS(victim.Dir)))
		l.shun(victim)
		testkit.Must(t, victim.Kill())
		testkit.Must(t, os.RemoveAll(victim.Dir))
		testkit.Must(t, os.CopyFS(victim.Dir, os.DirFS(copied)))
		testkit.Must(t, os.Chmod(victim.Dir, 0o700))
		t.Logf("%s", e.repairedOrRefused(t, victim, h))
		l.finish(e.Nodes[0])
	})
}

// repairedOrRefused starts a node on a spoiled folder and tells which it was.
func (e *env) repairedOrRefused(t *testing.T, n *localcluster.Node, h heartbeat) string {
	t.Helper()
	defer ping(t, e.Nodes[0], h) // the others go on
	if err := n.Start(); err != nil {
		refusedInWords(t, err.Error())
		return "refused"
	}
	want := get(t, e.Nodes[0], h.ID).PingsTotal
	outcome := ""
	testkit.Eventually(t, "the node ends or has what the others have", func() bool {
		if !n.Running() {
			refusedInWords(t, n.Log())
			outcome = "refused after the start"
			return true
		}
		a, err := tryCall(adminKey, "GET", n.URL()+"/readyz", nil)
		if err == nil && a.status == 200 {
			if got := history(t, n, h); got != want || get(t, n, h.ID).PingsTotal != want {
				t.Errorf("it is ready with %d pings, the others have %d", got, want)
			}
			outcome = "repaired"
		}
		return outcome != ""
	})
	return outcome
}

// snapshotsOf returns the folders of a node's snapshots, the oldest first.
func snapshotsOf(t *testing.T, n *localcluster.Node) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(n.Dir, "snapshots", "*-*-*"))
	testkit.Must(t, err)
	all = slices.DeleteFunc(all, func(s string) bool { return filepath.Ext(s) == ".tmp" })
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(snapshotIndex(a), snapshotIndex(b)) })
	return all
}

// snapshotIndex is the log index in the name of a snapshot, TERM-INDEX-MILLISECONDS.
func snapshotIndex(dir string) uint64 {
	var term, index uint64
	_, _ = fmt.Sscanf(filepath.Base(dir), "%d-%d-", &term, &index)
	return index
}
