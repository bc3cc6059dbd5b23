package cluster

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestATaskThatWaitsForALeaderDoesNotKeepItAway elects a node again whose task of
// the first time has not returned: such a task may be waiting for the very leader
// that this node is to be.
func TestATaskThatWaitsForALeaderDoesNotKeepItAway(t *testing.T) {
	t.Parallel()
	terms, held := make(chan uint64, 8), make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	c := newTrio(t, 3, func(n *testNode) {
		n.OnLeader(func(ctx context.Context, term uint64) {
			terms <- term
			<-ctx.Done()
			<-held
		})
	})
	t.Cleanup(release)
	first := c.leader()
	id, token := c.heartbeat(first, 1)
	began := <-terms
	c.handTo((first + 1) % 3)
	c.handTo(first)
	if _, err := c.nodes[first].Propose(within(t, testkit.Patience), pingOf(c.nodes[first], token)); err != nil {
		t.Fatalf("a ping to the leader elected again: %v", err)
	}
	if n := c.pings(first, id); n != 1 {
		t.Errorf("%d pings counted, want 1", n)
	}
	release()
	testkit.Eventually(t, "the task does not run again", func() bool {
		select {
		case term := <-terms:
			return term > began && term == c.nodes[first].Status().Term
		default:
			return false
		}
	})
}

// handTo makes node i the leader.
func (c *trio) handTo(i int) {
	c.t.Helper()
	to := c.nodes[i]
	cluster, _ := to.Addrs()
	testkit.Eventually(c.t, fmt.Sprintf("node %d does not become the leader", i), func() bool {
		leader := c.nodes[c.leader()].raft.Load()
		_ = leader.LeadershipTransferToServer(raft.ServerID(to.ID().String()), raft.ServerAddress(cluster)).Error()
		return to.raft.Load().State() == raft.Leader
	})
}
