package cluster

import (
	"context"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/leader"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// lookBack returns what is known of the time before this node's election.
func (n *Node) lookBack(ctx context.Context, at time.Time) leader.Witness {
	return leader.AskWitnesses(ctx, leader.NewWitness(n.hearing, at, time.Now()), n.otherServers(), n.askHeld, n.tasks.Go)
}

func (n *Node) otherServers() (addrs []string) {
	for _, s := range n.raft.Load().GetConfiguration().Configuration().Servers {
		if s.ID == raft.ServerID(n.id.ID.String()) {
			continue
		}
		if addr, err := n.ServerAddr(s.ID); err == nil {
			addrs = append(addrs, string(addr))
		}
	}
	return addrs
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
