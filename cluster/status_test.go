package cluster

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestStatusTellsOfEveryNode(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 3)
	lead := c.leader()
	testkit.Eventually(t, "the nodes are not registered", func() bool {
		for _, n := range c.nodes {
			if len(n.store.Nodes()) != 3 {
				return false
			}
		}
		return true
	})
	for i, n := range c.nodes {
		s := n.Status()
		if s.ClusterID.IsZero() || s.Term == 0 || s.Leader != c.nodes[lead].cfg.NodeName || s.IsLeader != (i == lead) || len(s.Nodes) != 3 {
			t.Fatalf("node %d says %+v", i, s)
		}
		for _, ns := range s.Nodes {
			if !ns.Voter || !ns.Alive || ns.HTTP != "127.0.0.1:1" || ns.Leader != (ns.Name == s.Leader) {
				t.Errorf("node %d says of %s: %+v", i, ns.Name, ns)
			}
			if own := ns.ID == n.ID(); own && (ns.AppliedIndex == 0 || ns.LastContact < 0 || ns.LastContact > 5*time.Second) {
				t.Errorf("node %d says of itself: %+v", i, ns)
			}
		}
	}
}

// TestNodesHearOfEachOther has a node whose clock is ahead, and whose settings are its own.
func TestNodesHearOfEachOther(t *testing.T) {
	t.Parallel()
	const odd, ahead = 2, time.Minute
	c := newTrio(t, 3, func(n *testNode) {
		settings := fsm.DefaultSettings()
		if n.cfg.NodeName == nodeName(odd) {
			settings.History = 7
			n.Node.cfg.Faults.Wall = func() time.Duration { return ahead }
		}
		n.Node.cfg.Settings = &settings
	})
	for i, n := range c.nodes {
		testkit.Eventually(t, "a node hears of the others", func() bool {
			heard := 0
			for _, ns := range n.Status().Nodes {
				skew := time.Duration(0)
				switch {
				case ns.Name == nodeName(odd) && i != odd:
					skew = ahead
				case ns.Name != nodeName(odd) && i == odd:
					skew = -ahead
				}
				differs := slices.Equal(ns.Differs, []string{"--history"})
				if ns.Surveyed && (ns.Skew-skew).Abs() < 10*time.Second && differs == (ns.Name == nodeName(odd)) {
					heard++
				}
			}
			return heard == 3
		})
	}
}

func TestANodeThatHasNotStartedSaysSo(t *testing.T) {
	cfg := DefaultConfig()
	cfg.NodeName, cfg.DataDir = "alone", t.TempDir()
	cfg.ClusterAddr, cfg.GossipAddr = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Registerer = prometheus.NewRegistry()
	n, err := Open(cfg, store.New())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Ready(); err == nil {
		t.Error("it is ready")
	}
	if s := n.Status(); s.Leader != "" || len(s.Nodes) != 0 {
		t.Errorf("status %+v", s)
	}
	if err := n.Tick(within(t, testkit.Patience)); !errors.Is(err, fsm.ErrNotLeader) {
		t.Errorf("tick: %v", err)
	}
	if _, err := n.Propose(within(t, 50*time.Millisecond), nameIt); !errors.Is(err, fsm.ErrNoLeader) {
		t.Errorf("propose: %v", err)
	}
	if err := n.Shutdown(within(t, testkit.Patience)); err != nil {
		t.Error(err)
	}
	if _, err := n.Propose(within(t, testkit.Patience), nameIt); !errors.Is(err, fsm.ErrShutdown) {
		t.Errorf("propose after the shutdown: %v", err)
	}
	if err := n.ReadBarrier(within(t, testkit.Patience)); !errors.Is(err, fsm.ErrShutdown) {
		t.Errorf("read after the shutdown: %v", err)
	}
}

// An entry that no version can read ends every node that meets it, with words.
func TestAnUnreadableEntryIsFatal(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 3)
	c.nodes[c.leader()].raft.Load().Apply([]byte("\xff not a batch"), 0)
	for i, n := range c.nodes {
		select {
		case err := <-n.Fatal():
			if !strings.Contains(err.Error(), "cannot be applied") {
				t.Errorf("node %d says %v", i, err)
			}
		case <-time.After(testkit.Patience):
			t.Errorf("node %d goes on", i)
		}
		if n.Ready() == nil {
			t.Errorf("node %d is ready", i)
		}
	}
}

// The names are those of docs/metrics.md, and promtool would accept them.
func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	c := &trio{t: t, nodes: make([]*testNode, 1)}
	cfg := DefaultConfig()
	cfg.NodeName, cfg.DataDir, cfg.Registerer = "alone", t.TempDir(), reg
	cfg.ClusterAddr, cfg.GossipAddr = "127.0.0.1:0", "127.0.0.1:0"
	c.open(0, cfg)
	t.Cleanup(c.stop)
	c.start()
	_, token := c.heartbeat(0, 1)
	if _, err := c.nodes[0].Propose(within(t, testkit.Patience), pingOf(c.nodes[0], token)); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range families {
		got = append(got, f.GetName())
	}
	want := []string{
		"quorumbeat_cluster_members", "quorumbeat_disk_free_bytes", "quorumbeat_disk_reserve_bytes", "quorumbeat_forwarded_requests_total", "quorumbeat_ping_batch_size",
		"quorumbeat_raft_applied_index", "quorumbeat_raft_apply_duration_seconds", "quorumbeat_raft_commit_index", "quorumbeat_raft_elections_total",
		"quorumbeat_raft_is_leader", "quorumbeat_raft_last_contact_seconds", "quorumbeat_raft_leader_changes_total",
		"quorumbeat_raft_voters", "quorumbeat_settings_differ", "quorumbeat_shed_total",
	}
	if !slices.Equal(got, want) {
		t.Errorf("metrics\n%q, want\n%q", got, want)
	}
	expect := "# HELP quorumbeat_raft_is_leader 1 on the leader, else 0.\n# TYPE quorumbeat_raft_is_leader gauge\nquorumbeat_raft_is_leader 1\n"
	if err := testutil.GatherAndCompare(reg, strings.NewReader(expect), "quorumbeat_raft_is_leader"); err != nil {
		t.Error(err)
	}
}
