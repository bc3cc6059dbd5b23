package cluster

import (
	"github.com/hashicorp/raft"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
)

// metrics are the node's own figures (docs/metrics.md). A nil *metrics counts
// nothing.
type metrics struct {
	apply     prometheus.Histogram
	batchSize prometheus.Histogram
	forwarded *prometheus.CounterVec
	changes   prometheus.Counter
	elections prometheus.Counter
	shed      *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	if reg == nil {
		return nil, nil
	}
	m := &metrics{
		apply: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "quorumbeat_raft_apply_duration_seconds",
			Help:    "Time from the proposal of a batch until it was committed and applied on this leader.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16),
		}),
		batchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "quorumbeat_ping_batch_size",
			Help:    "Commands in a batch that this leader proposed.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 13),
		}),
		forwarded: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quorumbeat_forwarded_requests_total",
			Help: "Commands and read barriers that this node forwarded to the leader: answered, or to be sent again.",
		}, []string{"result"}),
		changes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "quorumbeat_raft_leader_changes_total",
			Help: "Changes of leader that this node saw.",
		}),
		elections: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "quorumbeat_raft_elections_total",
			Help: "Elections that this node stood in.",
		}),
		shed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quorumbeat_shed_total",
			Help: "What this node did without: bodies of pings that were recorded, and commands that it refused for want of room, by reason.",
		}, []string{"reason"}),
	}
	for _, result := range []string{forwardAnswered, forwardAgain} {
		m.forwarded.WithLabelValues(result)
	}
	for _, reason := range []string{commit.ShedBudget, commit.ShedMemory, commit.ShedLog, commit.ShedDisk, commit.ShedRequest} {
		m.shed.WithLabelValues(reason)
	}
	return m, register(reg, m.apply, m.batchSize, m.forwarded, m.changes, m.elections, m.shed)
}

func register(reg prometheus.Registerer, cs ...prometheus.Collector) error {
	for _, c := range cs {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// Results of forwarded requests.
const (
	forwardAnswered = "answered"
	forwardAgain    = "again" // the leader could not commit it: it goes round once more
)

func (m *metrics) answeredForward(answers []proposals.ItemResult) {
	if m == nil {
		return
	}
	again := 0
	for _, a := range answers {
		if proposals.MustRepeat(a.Code) {
			again++
		}
	}
	m.forwarded.WithLabelValues(forwardAgain).Add(float64(again))
	m.forwarded.WithLabelValues(forwardAnswered).Add(float64(len(answers) - again))
}

func (m *metrics) shedOne(reason string) {
	if m != nil {
		m.shed.WithLabelValues(reason).Inc()
	}
}

func (m *metrics) stoodForElection() {
	if m != nil {
		m.elections.Inc()
	}
}

func (m *metrics) leaderChanged() {
	if m != nil {
		m.changes.Inc()
	}
}

// raftCollector reads Raft's state when the metrics are scraped.
type raftCollector struct {
	node *Node

	leader, applied, committed, contact, voters, members *prometheus.Desc
	free, reserve, lag, skew, differ                     *prometheus.Desc
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
		reserve:   desc("disk_reserve_bytes", "Bytes of the disk of the data folder that are kept free; below them bodies of pings are dropped, below half of them pings are refused."),
		lag:       desc("peer_lag_entries", "Entries of the log that another node has yet to apply, as this node heard from it.", "peer", "peer_id"),
		skew:      desc("peer_clock_skew_seconds", "Wall clock of another node less that of this one, as this node heard from it.", "peer", "peer_id"),
		differ:    desc("settings_differ", "Settings that this node was started with and that the cluster does not run under."),
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
	free, reserve := c.node.disk.Room()
	gauge(c.free, float64(free))
	gauge(c.reserve, float64(reserve))
	gauge(c.differ, float64(len(c.node.ownSettings())))
	for _, peer := range c.node.Status().Nodes {
		if peer.ID != c.node.ID() && peer.Surveyed {
			gauge(c.lag, float64(peer.Lag), peer.Name, peer.ID.String())
			gauge(c.skew, peer.Skew.Seconds(), peer.Name, peer.ID.String())
		}
	}
	for state, n := range c.node.countMembers() {
		gauge(c.members, float64(n), state)
	}
}
