package e2e

import (
	"os"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestANodeSetBackToAnOldCopyCountsEveryPing sets a node's data folder back, as a
// snapshot of its virtual machine does. What it acknowledges from then on must count:
// its commands must not be taken for repeats of those that the copy has forgotten.
func TestANodeSetBackToAnOldCopyCountsEveryPing(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3, "--history", "10000")
	leader := e.leader()
	n := e.Followers(leader)[0]
	h := create(t, leader, fields{"name": "counted"})
	acked := 0
	run := func(pings int) {
		testkit.Must(t, n.Start())
		e.waitReady()
		for range pings {
			ping(t, n, h)
			acked++
		}
		testkit.Must(t, n.Stop())
	}
	testkit.Must(t, n.Stop())
	copied := t.TempDir() + "/copy"
	testkit.Must(t, os.CopyFS(copied, os.DirFS(n.Dir)))
	run(50)
	testkit.Must(t, os.RemoveAll(n.Dir))
	testkit.Must(t, os.CopyFS(n.Dir, os.DirFS(copied)))
	testkit.Must(t, os.Chmod(n.Dir, 0o700))
	run(80)
	if got := get(t, leader, h.ID).PingsTotal; got != acked || history(t, leader, h) != acked {
		t.Errorf("%d pings counted, %d acknowledged", got, acked)
	}
}
