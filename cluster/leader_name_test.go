package cluster

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestALeaderIsToldByName: a node that starts may know the leader's ID before it knows its
// name, and says nothing until it does.
func TestALeaderIsToldByName(t *testing.T) {
	t.Parallel()
	log := new(testkit.Buffer)
	c := newTrio(t, 1, func(n *testNode) { n.log = slog.New(slog.NewTextHandler(log, nil)) })
	testkit.Eventually(t, "the leader is told", func() bool {
		return strings.Contains(log.String(), `msg="a leader is known" leader=`+nodeName(0))
	})
	const stranger = "1a47576a-7e2c-403c-bec6-16fc9bc4c0f8"
	if c.nodes[0].tellLeader(stranger) || strings.Contains(log.String(), stranger) {
		t.Errorf("a leader without a name is told of:\n%s", log.String())
	}
}
