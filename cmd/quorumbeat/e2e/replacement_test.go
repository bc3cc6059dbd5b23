package e2e

import (
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// A new node takes the address of one that died a moment ago, whose ID is removed at
// once: gossip still holds the dead one for alive, at the address of the new one. The
// removal is the dead one's affair.
func TestAReplacementIsNotTakenForTheRemoved(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	leader := e.leader()
	old := e.Followers(leader)[0]
	gone := members(t, leader)[old.Name].ID
	testkit.Must(t, old.Kill())
	next, err := e.Add("--cluster-addr", old.Addrs.Cluster, "--gossip-addr", old.Addrs.Gossip)
	testkit.Must(t, err)
	if r := cli(t, []string{"QUORUMBEAT_URL=" + leader.URL(), "QUORUMBEAT_API_KEY=" + adminKey}, "cluster", "remove", "--yes", gone); r.code != 0 {
		t.Fatalf("cluster remove: exit code %d: %s", r.code, r.stderr)
	}
	testkit.Eventually(t, next.Name+" is a voter, and the old one is out", func() bool {
		all := members(t, leader)
		_, there := all[old.Name]
		return !there && all[next.Name].Voter
	})
	e.waitReady()
	h := create(t, next, fields{"name": "job", "interval_secs": 3600})
	ping(t, next, h)
	if strings.Contains(next.Log(), "was removed from its cluster") {
		t.Errorf("the replacement was told that it was removed:\n%s", next.Log())
	}
}
