package cluster

import (
	"github.com/hashicorp/raft"
	"github.com/prometheus/client_golang/prometheus"
)

// raftCollector reads Raft's state when the metrics are scraped.
type raftCollector struct {
	node *Node

	leader, applied, committed, contact, voters, members, free *prometheus.Desc
}

func newRaftCollector(n *Node) *raftCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("quorumbeat_"+name, help, labels, nil)
	}
	return &raftCollector{
		node:      n,
		leader:    desc("raft_is_leader", "1 on the leader, else 0."),
		applied:   desc("raft_applied_index", "Index of the newest log entry handed to this node's state."),
		committed: desc("raft_commit_index", "Index of the newest log entry that this node knows to be committed."),
		contact:   desc("raft_last_contact_seconds", "Time since this node heard from the leader; 0 on the leader, negative if never."),
		voters:    desc("raft_voters", "Voters in this node's newest configuration."),
		free:      desc("disk_free_bytes", "Bytes that may still be written to the disk of the data folder."),
		members:   desc("cluster_members", "Nodes of the cluster as this node's gossip sees them; deaf are those of the living whose public listener does not answer.", "state"),
	}
}

func (c *raftCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

func (c *raftCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	var leads, applied, committed, voters float64
	if r := c.node.raft.Load(); r != nil {
		applied, committed = float64(r.AppliedIndex()), float64(r.CommitIndex())
		for _, s := range r.GetConfiguration().Configuration().Servers {
			if s.Suffrage == raft.Voter {
				voters++
			}
		}
		if r.State() == raft.Leader {
			leads = 1
		}
	}
	gauge(c.leader, leads)
	gauge(c.applied, applied)
	gauge(c.committed, committed)
	gauge(c.contact, c.node.lastContact().Seconds())
	gauge(c.voters, voters)
	free, _ := c.node.disk.Room()
	gauge(c.free, float64(free))
	for state, n := range c.node.countMembers() {
		gauge(c.members, float64(n), state)
	}
}
