package cluster

import (
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

func TestOnlyALeaderTakesItsTimeBetweenHeartbeats(t *testing.T) {
	c := newTrio(t, 3)
	wantPace := func() {
		t.Helper()
		eventually(t, 5*time.Second, func() bool {
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
		}, "the heartbeat timeouts are not as they should be")
	}
	c.leader()
	wantPace()
	if err := c.nodes[c.leader()].raft.Load().LeadershipTransfer().Error(); err != nil {
		t.Fatal(err)
	}
	wantPace()
}
