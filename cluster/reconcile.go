package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

const (
	changeLimit = 5 * time.Second
	remindEvery = 10 * time.Second
	changeAfter = time.Second // until it is told that a change of the membership fails
)

// reconciler brings the configuration in line with who is there. It runs on the
// leader only; gossip wakes it, but it looks at the whole every time, so nothing
// hangs on an event.
type reconciler struct {
	raft      *raft.Raft
	self      fsm.NodeID
	store     *store.Store
	members   func() []member
	woken     <-chan struct{}
	ask       func(ctx context.Context, addr string, req transport.Question) (transport.Answer, error)
	propose   func(ctx context.Context, cmd fsm.Command) error
	deadAfter time.Duration
	log       *slog.Logger
	trouble   *troubles

	dead     map[fsm.NodeID]time.Time
	reminded map[fsm.NodeID]time.Time // removed nodes that were told so
}

// run reconciles until the leadership of a term ends.
func (r *reconciler) run(ctx context.Context, term uint64) {
	r.dead, r.reminded = map[fsm.NodeID]time.Time{}, map[fsm.NodeID]time.Time{}
	for {
		r.register(ctx)
		r.remind(ctx)
		if a := plan(r.gather(ctx)); a.kind != actNone {
			if err := r.act(ctx, a, r.raft.GetConfiguration().Index()); err != nil && ctx.Err() == nil {
				r.trouble.note("membership "+a.id.String(), changeAfter, fmt.Sprintf("node %s cannot be let in or changed yet, it is tried again: %v", r.name(a.id), err))
			}
		}
		select {
		case <-time.After(lifecycle.UntilTick(time.Now())):
		case <-r.woken:
		case <-ctx.Done():
			return
		}
	}
}

// gather takes the picture that the plan is made from.
func (r *reconciler) gather(ctx context.Context) planInput {
	now := time.Now()
	in := planInput{
		self: r.self, cluster: r.store.ClusterID(), members: r.members(),
		servers: r.raft.GetConfiguration().Configuration().Servers,
		names:   map[fsm.NodeID]string{}, barred: r.store.WasRemoved, applied: map[fsm.NodeID]uint64{},
		committed: r.raft.CommitIndex(), dead: r.dead, deadAfter: r.deadAfter, now: now,
	}
	for _, n := range r.store.Nodes() {
		in.names[n.ID] = n.Name
	}
	alive := map[fsm.NodeID]member{}
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
			if a, err := r.ask(ctx, m.Cluster, transport.Question{Op: transport.AskInfo, Asker: r.self}); err == nil && a.Node == id {
				in.applied[id] = a.Applied
			}
		}
	}
	return in
}

// act makes one change, unless the configuration has changed since it was looked
// at.
func (r *reconciler) act(ctx context.Context, a action, prev uint64) error {
	id, addr := raft.ServerID(a.id.String()), raft.ServerAddress(a.addr)
	log := r.log.With("peer", r.name(a.id), "address", a.addr, "why", a.why)
	switch a.kind {
	case actAdd:
		if err := r.admit(ctx, a); err != nil {
			return err
		}
		log.Info("letting a node in, without a vote until it has caught up")
		return r.raft.AddNonvoter(id, addr, prev, changeLimit).Error()
	case actPromote:
		log.Info("a node gets its vote")
		return r.raft.AddVoter(id, addr, prev, changeLimit).Error()
	case actMove:
		log.Info("a node moved")
		return r.move(id, addr, prev)
	case actRemove:
		log.Warn("a node is removed from the cluster for good")
		return r.expel(ctx, a.id, prev)
	}
	return nil
}

// admit asks a newcomer itself who it is: gossip may be old.
func (r *reconciler) admit(ctx context.Context, a action) error {
	m := member{ID: a.id, nodeMeta: nodeMeta{Name: r.name(a.id), Cluster: a.addr}}
	info, err := r.ask(ctx, a.addr, transport.Question{Op: transport.AskInfo, Asker: r.self})
	switch ours := r.store.ClusterID(); {
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
func notReached(m member, err error) error {
	return fmt.Errorf("node %s says that it is reached at %s, where it does not answer: see to its --advertise and --cluster-addr, and to the network between the cluster ports: %w", m.Name, m.Cluster, err)
}

// otherThere says so when another node has the address that one tells of itself.
func otherThere(m member, there fsm.NodeID) error {
	return fmt.Errorf("node %s says that it is reached at %s, where another node answers (%s): give each its own --advertise or --cluster-addr", m.Name, m.Cluster, there)
}

func (r *reconciler) move(id raft.ServerID, addr raft.ServerAddress, prev uint64) error {
	for _, s := range r.raft.GetConfiguration().Configuration().Servers {
		if s.ID == id && s.Suffrage != raft.Voter {
			return r.raft.AddNonvoter(id, addr, prev, changeLimit).Error()
		}
	}
	return r.raft.AddVoter(id, addr, prev, changeLimit).Error()
}

// expel bars a node from ever proposing again, and takes it out. In this order: a
// node that is out but not barred would be let in again at once. If this leader
// goes in between, the next one's plan finishes it.
func (r *reconciler) expel(ctx context.Context, id fsm.NodeID, prev uint64) error {
	limited, cancel := context.WithTimeout(ctx, changeLimit)
	defer cancel()
	if err := r.propose(limited, fsm.RemoveNode{ID: id}); err != nil {
		return err
	}
	return r.raft.RemoveServer(raft.ServerID(id.String()), prev, changeLimit).Error()
}

// register tells the state machine what people call the nodes and where they are.
func (r *reconciler) register(ctx context.Context) {
	known := map[fsm.NodeID]fsm.NodeInfo{}
	for _, n := range r.store.Nodes() {
		known[n.ID] = n
	}
	for _, m := range r.members() {
		info := fsm.NodeInfo{ID: m.ID, Name: m.Name, HTTP: m.HTTP, Cluster: m.Cluster, Version: m.Version}
		if m.HTTP == "" || known[m.ID] == info || r.store.WasRemoved(m.ID) {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, changeLimit)
		if err := r.propose(limited, fsm.PutNode{Node: info}); err != nil && ctx.Err() == nil {
			r.trouble.note("registering "+m.ID.String(), formingAfter, fmt.Sprintf("node %s could not be registered yet, it is tried again: %v", m.Name, err))
		}
		cancel()
	}
}

// remind tells nodes that were removed and still run that they were.
func (r *reconciler) remind(ctx context.Context) {
	for _, m := range r.members() {
		if !r.store.WasRemoved(m.ID) || time.Since(r.reminded[m.ID]) < remindEvery {
			continue
		}
		r.reminded[m.ID] = time.Now()
		if _, err := r.ask(ctx, m.Cluster, transport.Question{Op: transport.AskRemoved, Asker: r.self, Cluster: r.store.ClusterID(), Node: m.ID.String()}); err != nil {
			r.log.Debug("a removed node could not be told so", "peer", m.Name, "error", err)
		}
	}
}

func (r *reconciler) name(id fsm.NodeID) string { return nameOf(id, r.store.Nodes(), r.members()) }
