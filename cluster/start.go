package cluster

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/forward"
	"github.com/quorumbeat/quorumbeat/cluster/leader"
	"github.com/quorumbeat/quorumbeat/cluster/members"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// start wires what Shutdown unwinds from the bottom up: first nobody asks any
// more, then Raft stops, then those end who wait for Raft's answers.
func (n *Node) start(httpAddr string) error {
	notify := make(chan bool)
	n.down.Go("leadership notices", func(ctx context.Context) { n.lead.FollowNotices(ctx, notify) })
	batching, stopBatching := context.WithCancel(context.Background())
	var batcher sync.WaitGroup
	n.down.PushFunc("batcher", func() { stopBatching(); n.batcher.Abandon(); batcher.Wait() })

	n.fsm.OnDisk = n.stores.Eager.WaitStored
	hurry := make(chan struct{})
	n.fsm.Paced = &raftlog.PacedWriter{Store: n.stores.Snapshots, Hurry: hurry, Urgent: func() bool { return n.stores.Bounded.Excess() >= urgentExcess }}
	n.stores.Bounded.Large = n.compaction.Wake
	n.transport = n.newTransport()
	n.down.PushClose("transport", n.transport.Close)
	r, err := startRaft(raftConfig(raft.ServerID(n.id.ID.String()), notify, n.log, n.cfg.Faults), n.fsm, n.stores, n.transport)
	if err != nil {
		return err
	}
	n.down.PushClose("raft", func() error { return r.Shutdown().Error() })
	if err := n.checkAlone(r.GetConfiguration().Configuration().Servers); err != nil {
		return err
	}
	n.down.Go("snapshots by size", func(ctx context.Context) { n.snapshotBySize(ctx, r) })
	n.down.PushFunc("rests of a snapshot", func() { close(hurry) })
	n.raft.Store(r)
	n.stores.Eager.AskState(r.State)
	n.fsm.AskTerm(r.CurrentTerm)
	n.down.PushFunc("batching", stopBatching)
	batcher.Go(func() { n.batcher.Run(batching, r) })

	n.down.PushFunc("tasks", n.tasks.Wait)
	n.down.PushFunc("pending commands", n.pending.Abort)
	if n.cfg.Registerer != nil {
		if err := n.cfg.Registerer.Register(newRaftCollector(n)); err != nil {
			return err
		}
	}
	if err := n.startMembership(r, httpAddr); err != nil {
		return err
	}
	server := &forward.Server{Submit: n.batcher.Submit, Removed: n.store.WasRemoved, Knows: fsm.Knows, Log: n.log}
	n.down.Go("forwarding server", func(ctx context.Context) { server.Serve(ctx, n.port.Listener(transport.KindForward)) })
	n.down.Go("failure detector", func(ctx context.Context) { leader.DetectFailures(ctx, r, n.roleChanged) })
	n.down.Go("router", n.router.Run)
	n.down.Go("leadership", func(ctx context.Context) { n.lead.Run(ctx, r) })
	n.down.Go("hearing", n.watchHearing)
	n.down.Go("catching up", n.catchUp)
	n.observe(r)
	n.down.Go("room on the disk", func(ctx context.Context) { n.disk.Run(ctx, n.diskLooked) })
	return nil
}

// newTransport carries Raft's own messages over the cluster port.
func (n *Node) newTransport() *transport.RaftTransport {
	return transport.NewRaftTransport(n.port, transport.RaftOptions{
		Advertised: n.raftAddr(), Find: n.ServerAddr, Durable: n.stores.Eager.Stored,
		Timeout: raftRPCTimeout, Logger: newHCLogger(n.log, "transport"),
	})
}

// ServerAddr tells where a node is now, by gossip, else where the configuration says it
// was.
func (n *Node) ServerAddr(id raft.ServerID) (raft.ServerAddress, error) {
	if addr, ok := n.gossip.AddressOf(id); ok {
		return raft.ServerAddress(addr), nil
	}
	if r := n.raft.Load(); r != nil {
		for _, s := range r.GetConfiguration().Configuration().Servers {
			if s.ID == id {
				return s.Address, nil
			}
		}
	}
	return "", errUnknownNode
}

// observe wakes the router when the leader changes.
func (n *Node) observe(r *raft.Raft) {
	ch := make(chan raft.Observation, 16)
	o := raft.NewObserver(ch, false, func(o *raft.Observation) bool {
		if o.Data == raft.Candidate {
			n.met.stoodForElection()
		}
		_, ok := o.Data.(raft.LeaderObservation)
		return ok
	})
	r.RegisterObserver(o)
	n.down.Go("leader observer", func(ctx context.Context) {
		defer r.DeregisterObserver(o)
		var last, told raft.ServerID
		for {
			var again <-chan time.Time
			if last != told && n.tellLeader(last) {
				told = last
			} else if last != told {
				again = time.After(nameRetry)
			}
			select {
			case seen := <-ch:
				n.router.Wake()
				leader := seen.Data.(raft.LeaderObservation).LeaderID
				if leader != "" && leader != last {
					last = leader
					n.met.leaderChanged()
				}
			case <-again:
			case <-ctx.Done():
				return
			}
		}
	})
}

// nameRetry is how soon it is looked again what a new leader is called. A node that starts may
// hear the leader before it hears its name.
const nameRetry = 250 * time.Millisecond

// tellLeader logs who leads, and reports whether the name was known.
func (n *Node) tellLeader(id raft.ServerID) bool {
	name := n.nameOf(id)
	if name == string(id) {
		return false
	}
	n.log.Info("a leader is known", "leader", name)
	return true
}

// nameOf returns what people call a node, its ID if that is not known.
func (n *Node) nameOf(id raft.ServerID) string {
	return members.NameOf(members.NodeIDOf(id), n.store.Nodes(), n.gossip.Members())
}

func (n *Node) leaderView() forward.Leader {
	r := n.raft.Load()
	if r == nil {
		return forward.Leader{}
	}
	_, id := r.LeaderWithID()
	if id == "" {
		return forward.Leader{}
	}
	addr, err := n.ServerAddr(id)
	if err != nil {
		return forward.Leader{}
	}
	return forward.Leader{ID: string(id), Addr: string(addr), Term: r.CurrentTerm()}
}

func (n *Node) dialLeader(ctx context.Context, v forward.Leader) (net.Conn, error) {
	return n.port.Dial(ctx, v.Addr, transport.KindForward)
}

// applying reports whether nothing that is committed waits to be applied.
func (n *Node) applying() bool {
	r := n.raft.Load()
	return r != nil && !n.fsm.IsBroken() && (r.AppliedIndex() >= r.CommitIndex() || n.fsm.Moved())
}

// clusterName is the name for a cluster that has none yet.
func (n *Node) clusterName() fsm.NodeID {
	return n.id.ClusterOrPromised()
}
