package members

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

const (
	changeLimit = 5 * time.Second
	remindEvery = 10 * time.Second
	changeAfter = time.Second // until it is told that a change of the membership fails
)

// Reconciler brings the configuration in line with who is there. It runs on the
// leader only. Gossip wakes it, but it looks at everything each time, so no event can be
// missed.
type Reconciler struct {
	Raft      *raft.Raft
	Self      fsm.NodeID
	Store     *store.Store
	Members   func() []Member
	Changed   <-chan struct{}
	Ask       func(ctx context.Context, addr string, req transport.Question) (transport.Answer, error)
	Propose   func(ctx context.Context, cmd fsm.Command) error
	DeadAfter time.Duration
	Log       *slog.Logger
	Troubles  *Troubles

	dead     map[fsm.NodeID]time.Time
	reminded map[fsm.NodeID]time.Time // removed nodes that were told so
}

// Run reconciles until the leadership of a term ends.
func (r *Reconciler) Run(ctx context.Context, term uint64) {
	r.dead, r.reminded = map[fsm.NodeID]time.Time{}, map[fsm.NodeID]time.Time{}
	for {
		r.register(ctx)
		r.remindRemoved(ctx)
		if a := plan(r.gather(ctx)); a.kind != actNone {
			if err := r.apply(ctx, a, r.Raft.GetConfiguration().Index()); err != nil && ctx.Err() == nil {
				r.Troubles.Note("membership "+a.id.String(), changeAfter, fmt.Sprintf("node %s cannot be let in or changed yet, it is tried again: %v", r.name(a.id), err))
			}
		}
		select {
		case <-tick.Next(tick.Every):
		case <-r.Changed:
		case <-ctx.Done():
			return
		}
	}
}

// gather takes the picture that the plan is made from.
func (r *Reconciler) gather(ctx context.Context) planInput {
	now := time.Now()
	in := planInput{
		self: r.Self, cluster: r.Store.ClusterID(), members: r.Members(),
		servers: r.Raft.GetConfiguration().Configuration().Servers,
		names:   map[fsm.NodeID]string{}, removed: r.Store.WasRemoved, applied: map[fsm.NodeID]uint64{},
		committed: r.Raft.CommitIndex(), dead: r.dead, deadAfter: r.DeadAfter, now: now,
	}
	for _, n := range r.Store.Nodes() {
		in.names[n.ID] = n.Name
	}
	alive := map[fsm.NodeID]Member{}
	for _, m := range in.members {
		alive[m.ID] = m
	}
	for _, s := range in.servers {
		id := serverID(s)
		m, ok := alive[id]
		if ok {
			delete(r.dead, id)
		} else if _, missed := r.dead[id]; !missed {
			r.dead[id] = now
		}
		if ok && s.Suffrage != raft.Voter {
			if a, err := r.Ask(ctx, m.Cluster, transport.Question{Op: transport.AskInfo, Asker: r.Self}); err == nil && a.Node == id {
				in.applied[id] = a.Applied
			}
		}
	}
	return in
}

// apply makes one change, unless the configuration has changed since prev.
func (r *Reconciler) apply(ctx context.Context, a action, prev uint64) error {
	id, addr := raft.ServerID(a.id.String()), raft.ServerAddress(a.addr)
	log := r.Log.With("peer", r.name(a.id), "address", a.addr, "why", a.why)
	switch a.kind {
	case actAdd:
		if err := r.admit(ctx, a); err != nil {
			return err
		}
		log.Info("letting a node in, without a vote until it has caught up")
		return r.Raft.AddNonvoter(id, addr, prev, changeLimit).Error()
	case actPromote:
		log.Info("a node gets its vote")
		return r.Raft.AddVoter(id, addr, prev, changeLimit).Error()
	case actMove:
		log.Info("a node moved")
		return r.move(id, addr, prev)
	case actRemove:
		log.Warn("a node is removed from the cluster for good")
		return r.removeNode(ctx, a.id, prev)
	}
	return nil
}

// admit asks a newcomer itself who it is: gossip may be old.
func (r *Reconciler) admit(ctx context.Context, a action) error {
	m := Member{ID: a.id, Meta: Meta{Name: r.name(a.id), Cluster: a.addr}}
	info, err := r.Ask(ctx, a.addr, transport.Question{Op: transport.AskInfo, Asker: r.Self})
	switch ours := r.Store.ClusterID(); {
	case err != nil:
		return notReached(m, err)
	case info.Node != a.id:
		return otherThere(m, info.Node)
	case !info.Cluster.IsZero() && info.Cluster != ours:
		return fmt.Errorf("%w: its data folder is of cluster %s, this is %s", errForeign, info.Cluster, ours)
	}
	return nil
}

// notReached says what to do when a node that gossip knows cannot be reached.
func notReached(m Member, err error) error {
	return fmt.Errorf("node %s says that it is reached at %s, where it does not answer: see to its --advertise and --cluster-addr, and to the network between the cluster ports: %w", m.Name, m.Cluster, err)
}

// otherThere says so when another node has the address that one tells of itself.
func otherThere(m Member, there fsm.NodeID) error {
	return fmt.Errorf("node %s says that it is reached at %s, where another node answers (%s): give each its own --advertise or --cluster-addr", m.Name, m.Cluster, there)
}

func (r *Reconciler) move(id raft.ServerID, addr raft.ServerAddress, prev uint64) error {
	for _, s := range r.Raft.GetConfiguration().Configuration().Servers {
		if s.ID == id && s.Suffrage != raft.Voter {
			return r.Raft.AddNonvoter(id, addr, prev, changeLimit).Error()
		}
	}
	return r.Raft.AddVoter(id, addr, prev, changeLimit).Error()
}

// removeNode has the state machine refuse a node's commands for ever, and then takes the
// node out of the configuration. In the other order, the node would be let in again at
// once. If this leader is lost in between, the next leader's plan finishes the removal.
func (r *Reconciler) removeNode(ctx context.Context, id fsm.NodeID, prev uint64) error {
	limited, cancel := context.WithTimeout(ctx, changeLimit)
	defer cancel()
	if err := r.Propose(limited, fsm.RemoveNode{ID: id}); err != nil {
		return err
	}
	return r.Raft.RemoveServer(raft.ServerID(id.String()), prev, changeLimit).Error()
}

// register tells the state machine what people call the nodes and where they are.
func (r *Reconciler) register(ctx context.Context) {
	known := map[fsm.NodeID]fsm.NodeInfo{}
	for _, n := range r.Store.Nodes() {
		known[n.ID] = n
	}
	for _, m := range r.Members() {
		info := fsm.NodeInfo{ID: m.ID, Name: m.Name, HTTP: m.HTTP, Cluster: m.Cluster, Version: m.Version}
		if m.HTTP == "" || known[m.ID] == info || r.Store.WasRemoved(m.ID) {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, changeLimit)
		if err := r.Propose(limited, fsm.PutNode{Node: info}); err != nil && ctx.Err() == nil {
			r.Troubles.Note("registering "+m.ID.String(), formingAfter, fmt.Sprintf("node %s could not be registered yet, it is tried again: %v", m.Name, err))
		}
		cancel()
	}
}

// remindRemoved tells nodes that were removed and still run that they were.
func (r *Reconciler) remindRemoved(ctx context.Context) {
	for _, m := range r.Members() {
		if !r.Store.WasRemoved(m.ID) || time.Since(r.reminded[m.ID]) < remindEvery {
			continue
		}
		r.reminded[m.ID] = time.Now()
		if _, err := r.Ask(ctx, m.Cluster, transport.Question{Op: transport.AskRemoved, Asker: r.Self, Cluster: r.Store.ClusterID(), Node: m.ID.String()}); err != nil {
			r.Log.Debug("a removed node could not be told so", "peer", m.Name, "error", err)
		}
	}
}

func (r *Reconciler) name(id fsm.NodeID) string { return NameOf(id, r.Store.Nodes(), r.Members()) }
