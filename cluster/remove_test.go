package cluster

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// A notice of removal that reaches the address of a removed node finds whoever has taken
// that address, and does not mean it.
func TestANoticeOfRemovalNamesANode(t *testing.T) {
	c := newTrio(t, 1)
	n := c.nodes[0]
	other := fsm.NodeID{9}
	notices := map[string]struct {
		node, cluster fsm.NodeID
		meant         bool
	}{
		"another node":    {other, n.id.Cluster(), false},
		"another cluster": {n.id.ID, fsm.NodeID{8}, false},
	}
	for name, notice := range notices {
		t.Run(name, func(t *testing.T) {
			a := n.answer(t.Context(), nil, transport.Question{Op: transport.AskRemoved, Node: notice.node.String(), Cluster: notice.cluster})
			if a.Code != fsm.CodeNotFound || a.Node != n.id.ID {
				t.Errorf("it answers %+v", a)
			}
			if err := n.Ready(); err != nil {
				t.Errorf("after it: %v", err)
			}
		})
	}
}

func TestAWrongNoticeOfRemovalIsForgotten(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 3)
	n := c.nodes[c.follower()]
	if a := n.answer(t.Context(), nil, transport.Question{Op: transport.AskRemoved, Node: n.id.ID.String(), Cluster: n.id.Cluster()}); a.Code != fsm.CodeOK {
		t.Fatalf("it answers %+v", a)
	}
	testkit.Eventually(t, fmt.Sprintf("the leader counts it in, and it says %v", n.Ready()), func() bool { return n.Ready() == nil })
}

func TestRemovalThatWouldCostTheMajorityIsRefused(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 3)
	leader := c.leader()
	lost := (leader + 1) % 3
	c.shutdown(lost)
	testkit.Eventually(t, "the loss is not noticed", func() bool { return len(c.nodes[leader].gossip.Members()) == 2 })
	other := c.nodes[(leader+2)%3]
	err := c.nodes[leader].Remove(within(t, testkit.Patience), other.cfg.NodeName)
	if !errors.Is(err, fsm.ErrRejected) || !strings.Contains(err.Error(), "2 voters are left, of which 1 live and 2 are needed") {
		t.Errorf("it says %v", err)
	}
	if err := c.nodes[leader].Remove(within(t, testkit.Patience), c.nodes[lost].id.ID.String()); err != nil {
		t.Errorf("the dead one: %v", err)
	}
	if got := len(c.nodes[leader].raft.Load().GetConfiguration().Configuration().Servers); got != 2 {
		t.Errorf("%d servers are left", got)
	}
}
