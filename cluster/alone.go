package cluster

import (
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// A node without a cluster secret cannot tell a peer from a stranger. So it is alone:
// it opens no port for others, calls nobody, and knows itself only.

// alone reports whether the node takes no peers.
func (c Config) alone() bool { return len(c.Secrets) == 0 && !c.Insecure }

// nowhere stands in Raft's configuration for the address of a node that others cannot
// reach. When the node starts with a port, the configuration follows.
func nowhere(id fsm.NodeID) string { return id.String() + ".invalid:1" }

// checkAlone refuses to run a member of a larger cluster alone: it would wait for ever
// for peers that it may not talk to.
func (n *Node) checkAlone(servers []raft.Server) error {
	if !n.cfg.alone() {
		return nil
	}
	for _, s := range servers {
		if s.ID != raft.ServerID(n.id.ID.String()) {
			return configError("this data folder is of a cluster of %d nodes, and without the cluster's secret this node may not talk to the others: set --cluster-secret-file", len(servers))
		}
	}
	if len(servers) == 0 && n.cfg.BootstrapExpect == 0 {
		return configError("--bootstrap-expect 0 waits for a cluster to join, which needs the cluster's secret: set --cluster-secret-file, or --bootstrap-expect 1 for a node of its own")
	}
	return nil
}

// finder tells which other nodes there are, and where.
type finder interface {
	start(meta nodeMeta, foreign func(error))
	setMeta(nodeMeta)
	members() []member // this node included
	addressOf(raft.ServerID) (string, bool)
	addr() string             // HOST:PORT that others find this node at, "" if they cannot
	wake() <-chan struct{}    // has a value when the members changed
	changes() <-chan struct{} // the same, for another receiver
	setSecrets([][]byte) error
	leave(limit time.Duration)
	close() error
}

// loner is the finder of a node that is alone.
type loner struct {
	mu sync.Mutex
	me member
}

func newLoner(id fsm.NodeID) *loner { return &loner{me: member{ID: id}} }

func (l *loner) start(meta nodeMeta, _ func(error)) { l.setMeta(meta) }

func (l *loner) setMeta(meta nodeMeta) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.me.nodeMeta = meta
}

func (l *loner) members() []member {
	l.mu.Lock()
	defer l.mu.Unlock()
	return []member{l.me}
}

func (l *loner) addressOf(raft.ServerID) (string, bool) { return "", false }
func (l *loner) addr() string                           { return "" }
func (l *loner) wake() <-chan struct{}                  { return nil }
func (l *loner) changes() <-chan struct{}               { return nil }
func (l *loner) setSecrets([][]byte) error              { return nil }
func (l *loner) leave(time.Duration)                    {}
func (l *loner) close() error                           { return nil }
