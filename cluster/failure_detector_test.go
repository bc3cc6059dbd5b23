package cluster

import (
	"testing"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestOnlyALeaderTakesItsTimeBetweenHeartbeats(t *testing.T) {
	c := newTrio(t, 3)
	wantPace := func() {
		t.Helper()
		testkit.Eventually(t, "the heartbeat timeouts are not as they should be", func() bool {
			leaders := 0
			for _, n := range c.nodes {
				r := n.raft.Load()
				want := raftConfig("", nil, n.log, n.cfg.Faults).HeartbeatTimeout
				if r.State() == raft.Leader {
					leaders++
					want = want * 3 / 2
				}
				if r.ReloadableConfig().HeartbeatTimeout != want {
					return false
				}
			}
			return leaders == 1
		})
	}
	c.leader()
	wantPace()
	if err := c.nodes[c.leader()].raft.Load().LeadershipTransfer().Error(); err != nil {
		t.Fatal(err)
	}
	wantPace()
}
