package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/forward"
	"github.com/quorumbeat/quorumbeat/cluster/members"
	"github.com/quorumbeat/quorumbeat/cluster/statemachine"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Status is the cluster as one node sees it.
type Status struct {
	ClusterID fsm.NodeID
	Term      uint64
	Leader    string // the leader's name, "" if none is known
	Nodes     []NodeStatus
	IsLeader  bool // this node leads
}

// NodeStatus is one node of the cluster.
type NodeStatus struct {
	fsm.NodeInfo
	Voter        bool
	Alive        bool // by gossip
	Listener     bool // it lives, and is not known to have a public listener that does not answer
	Leader       bool
	Disk         string        // "ok", "low" or "full", by gossip; "" if it is not known
	AppliedIndex uint64        // of this node only, else 0
	LastContact  time.Duration // since this node heard of the leader; of this node only, negative if never

	Surveyed bool          // the node that answers is this one, or has heard of it lately:
	Lag      uint64        // entries of the log that this one has yet to apply
	Skew     time.Duration // its wall clock less that of the node that answers
	Differs  []string      // flags that it was started with and that the cluster does not run under
}

// Ready is nil while this node can serve: a leader was known within the last 10 s
// and the node applies what is committed. Else it says why not.
func (n *Node) Ready() error {
	switch {
	case n.stopping.Load():
		return errors.New("this node is stopping")
	case n.wasToldRemoved():
		return errors.New("this node was removed from its cluster")
	case n.fsm.IsBroken():
		return statemachine.ErrBroken
	}
	now := time.Now()
	switch since, ever := n.router.SinceLeader(now); {
	case !ever:
		return errors.New(n.withTroubles("no leader is known yet: " + n.waiting()))
	case since > forward.ReadyFor:
		return errors.New(n.withTroubles(fmt.Sprintf("no leader has been known for %v: a majority of the nodes cannot be reached (voters: %s)", since.Round(time.Second), n.votersWords())))
	case n.router.Stuck(now):
		return errors.New("this node does not apply what is committed")
	}
	if err := n.readyDisk(); err != nil {
		return err
	}
	if !n.caughtUp.Load() {
		return errors.New("this node has not caught up with the leader since its start")
	}
	return nil
}

// catchUpPause is how long catchUp waits before another try.
const catchUpPause = 100 * time.Millisecond

// catchUp passes one read barrier after the start: only then has this node all that
// was acknowledged while it was away. One that is far behind must not be taken for
// sound, or whoever restarts the nodes in turn goes on to the next too early.
func (n *Node) catchUp(ctx context.Context) {
	for ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, forward.BarrierLimit)
		if n.barrier(limited) == nil {
			n.caughtUp.Store(true)
		}
		cancel()
		if n.caughtUp.Load() || n.stopping.Load() {
			n.checkBoot()
			return
		}
		select {
		case <-time.After(catchUpPause):
		case <-ctx.Done():
		}
	}
}

// checkBoot ends a node whose commands are refused as those of an earlier start: its
// folder was set back to an old copy, on a machine whose clock was set back as well.
func (n *Node) checkBoot() {
	newest := n.store.Boot(n.id.ID)
	if newest <= n.id.Boot {
		return
	}
	err := errors.New("this data folder was set back to an old copy, and the machine's clock too: its commands would be taken for repeats; correct the clock and start the node again")
	n.fail(errors.Join(err, n.id.SkipBoots(newest)))
}

// Status tells what this node knows, at once.
func (n *Node) Status() Status {
	s := Status{ClusterID: n.store.ClusterID()}
	r := n.raft.Load()
	if r == nil {
		return s
	}
	_, leader := r.LeaderWithID()
	s.Term = r.CurrentTerm()
	s.IsLeader = r.State() == raft.Leader
	infos := map[string]fsm.NodeInfo{}
	for _, info := range n.store.Nodes() {
		infos[info.ID.String()] = info
	}
	alive, deaf, levels := n.aliveMembers(), n.deafNodes(), n.diskLevels()
	for _, srv := range r.GetConfiguration().Configuration().Servers {
		ns := n.nodeStatus(srv, infos[string(srv.ID)])
		ns.Alive = alive[string(srv.ID)]
		ns.Listener = ns.Alive && !deaf[string(srv.ID)]
		if level, known := levels[string(srv.ID)]; known {
			ns.Disk = level.String()
		}
		if srv.ID == leader {
			ns.Leader = true
			s.Leader = ns.Name
		}
		s.Nodes = append(s.Nodes, ns)
	}
	return s
}

// nodeStatus fills in what Raft knows of a node; info may be empty.
func (n *Node) nodeStatus(srv raft.Server, info fsm.NodeInfo) NodeStatus {
	ns := NodeStatus{NodeInfo: info, Voter: srv.Suffrage == raft.Voter}
	if ns.ID.IsZero() {
		ns.ID, _ = fsm.ParseNodeID(string(srv.ID))
		ns.Name, ns.Cluster = string(srv.ID), string(srv.Address)
	}
	if ns.Cluster == members.NoAddress(ns.ID) {
		ns.Cluster = ""
	}
	if ns.ID == n.ID() {
		ns.AppliedIndex, _ = n.fsm.Progress()
		ns.LastContact = n.lastContact()
		ns.Surveyed, ns.Lag, ns.Differs = true, n.lagOf(ns.AppliedIndex), n.ownSettings()
	} else if p, ok := n.survey.Peer(ns.ID); ok {
		ns.Surveyed, ns.Lag, ns.Skew, ns.Differs = true, p.Lag, p.Skew, p.Differs
	}
	return ns
}

// lagOf is how many entries are committed, as this node knows, after one.
func (n *Node) lagOf(applied uint64) uint64 {
	r := n.raft.Load()
	if r == nil {
		return 0
	}
	committed := r.CommitIndex()
	return committed - min(applied, committed)
}

// lastContact is the time since this node heard from the leader, negative if it
// never did, 0 on the leader.
func (n *Node) lastContact() time.Duration {
	r := n.raft.Load()
	switch {
	case r == nil:
		return -1
	case r.State() == raft.Leader:
		return 0
	}
	at := r.LastContact()
	if at.IsZero() {
		return -1
	}
	return time.Since(at)
}

// waiting tells why this node knows no leader yet, and what for it waits.
func (n *Node) waiting() string {
	r := n.raft.Load()
	switch {
	case r == nil:
		return "this node is starting"
	case !n.fresh():
		return "voters: " + n.votersWords()
	}
	return n.boot.Waiting()
}

// withTroubles adds what a person has to mend.
func (n *Node) withTroubles(words string) string {
	return strings.Join(append([]string{words}, n.troubles.List()...), "; ")
}

// Troubles lists what this node has met lately and a person has to mend: settings that do
// not fit, and peers that cannot be reached.
func (n *Node) Troubles() []string { return n.troubles.List() }
