package cluster

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/leader"
	"github.com/quorumbeat/quorumbeat/cluster/members"
	"github.com/quorumbeat/quorumbeat/cluster/survey"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// lookBack returns what is known of the time before this node's election.
func (n *Node) lookBack(ctx context.Context, at time.Time) leader.Witness {
	return leader.AskWitnesses(ctx, leader.NewWitness(n.hearing, at, time.Now()), n.otherServers(), n.askHeld, n.tasks.Go)
}

func (n *Node) otherServers() []string { return slices.Collect(maps.Values(n.peers())) }

// peers are the addresses of the other nodes of the cluster.
func (n *Node) peers() map[fsm.NodeID]string {
	addrs := map[fsm.NodeID]string{}
	for _, s := range n.raft.Load().GetConfiguration().Configuration().Servers {
		id := members.NodeIDOf(s.ID)
		if id == n.id.ID {
			continue
		}
		if addr, err := n.ServerAddr(s.ID); err == nil {
			addrs[id] = string(addr)
		}
	}
	return addrs
}

// askState asks another node for the survey.
func (n *Node) askState(ctx context.Context, addr string) (survey.Reply, error) {
	a, sent, got, err := n.port.AskTimed(ctx, addr, transport.Question{Op: transport.AskState, Asker: n.id.ID, Cluster: n.id.Cluster()})
	if err = cmp.Or(err, a.Err()); err != nil {
		return survey.Reply{}, err
	}
	shift := n.cfg.Faults.wall()
	return survey.Reply{
		Peer: survey.Peer{Lag: n.lagOf(a.Applied), Differs: a.Differs},
		Node: a.Node, Clock: time.UnixMilli(a.Clock), Sent: sent.Add(shift), Got: got.Add(shift),
	}, nil
}

// ownSettings lists the settings that this node was started with, by their flags, and that
// the cluster does not run under. The leader's are the cluster's.
func (n *Node) ownSettings() []string {
	if n.cfg.Settings == nil || n.store.ClusterID().IsZero() {
		return nil
	}
	return n.cfg.Settings.Differences(n.store.Settings())
}

// WallClock is this node's clock, as batches are stamped by it.
func (n *Node) WallClock() time.Time {
	return time.Now().Add(n.cfg.Faults.wall())
}

func (n *Node) askHeld(ctx context.Context, addr string) leader.Witness {
	a, err := n.port.Ask(ctx, addr, transport.Question{Op: transport.AskHeldPings, Asker: n.id.ID, Cluster: n.id.Cluster()})
	if err != nil || a.Code != fsm.CodeOK {
		return leader.Witness{Quiet: -1}
	}
	return leader.Witness{Held: a.Held, Quiet: time.Duration(a.Quiet) * time.Millisecond}
}

func (n *Node) answerHeld() transport.Answer {
	_, at := n.fsm.Progress()
	w := leader.NewWitness(n.hearing, at, time.Now())
	quiet := int64(-1)
	if w.Quiet >= 0 {
		quiet = w.Quiet.Milliseconds()
	}
	return transport.Answer{Code: fsm.CodeOK, Held: w.Held, Quiet: quiet}
}
