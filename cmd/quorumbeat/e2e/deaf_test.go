package e2e

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// TestADeafClusterCallsNoJobDown takes all descriptors from all nodes: they commit, and
// hear nobody. A job is due meanwhile. Before, one node alone is deaf: that changes nothing.
func TestADeafClusterCallsNoJobDown(t *testing.T) {
	t.Parallel()
	e := startPlainFaulty(t, 3, "--alert-group-wait", "1s")
	e.waitServing(t)
	n := e.leader() // which alone must be able to reach the mail server
	to, silent := address(), address()
	e.deafen(t, e.Followers(n)[:1], func() {
		testkit.Eventually(t, "the others know", func() bool { return e.listeners(t, n) == 2 })
		create(t, n, fields{"name": "silent", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{silent}})
		e.waitMails(t, silent, 1)
		if gaps := e.gaps(t, n); len(gaps) != 0 {
			t.Errorf("one deaf node of three made gaps: %v", gaps)
		}
	})
	testkit.Eventually(t, "it hears again", func() bool { return e.listeners(t, n) == 3 })

	began := time.Now()
	h := create(t, n, fields{"name": "due", "interval_secs": 14, "grace_secs": 2, "miss_threshold": 1, "email": []string{to}})
	time.Sleep(time.Until(began.Add(11 * time.Second)))
	e.deafen(t, e.Nodes, func() { time.Sleep(6 * time.Second) }) // it was due after 3
	e.waitReady()
	e.unheard(t, h, to)
	if gaps := e.gaps(t, n); len(gaps) != 1 {
		t.Errorf("gaps %v", gaps)
	}
	e.canary(t)
}

// deafen keeps nodes from opening anything while what runs.
func (e *env) deafen(t *testing.T, nodes []*localcluster.Node, what func()) {
	t.Helper()
	for _, n := range nodes {
		testkit.Must(t, n.Break("descriptors", "none"))
	}
	what()
	for _, n := range nodes {
		testkit.Must(t, n.Mend("descriptors"))
	}
}

// clusterStatus is what a test reads of /v1/cluster.
type clusterStatus struct {
	Nodes      []struct{ Listener bool }
	IngestGaps []any `json:"ingest_gaps"`
}

// listeners counts the nodes whose listener answers, as a node knows it.
func (e *env) listeners(t *testing.T, n *localcluster.Node) (answer int) {
	t.Helper()
	var c clusterStatus
	ask(t, 200, "GET", n.URL()+"/v1/cluster", nil, &c)
	for _, node := range c.Nodes {
		if node.Listener {
			answer++
		}
	}
	return answer
}

func (e *env) gaps(t *testing.T, n *localcluster.Node) []any {
	t.Helper()
	var c clusterStatus
	ask(t, 200, "GET", n.URL()+"/v1/cluster", nil, &c)
	return c.IngestGaps
}
