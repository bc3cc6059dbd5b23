package cluster

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	bootstrapEvery = 200 * time.Millisecond
	formingAfter   = 3 * time.Second // until it is told why no cluster forms
)

// bootstrapper forms a new cluster of fresh nodes. The one with the lowest ID
// asks the others for a promise; with all of them it writes the first
// configuration, in which all vote. Promises are on disk, given once, and name the
// asker, so two askers cannot both succeed with fewer than twice the nodes.
type bootstrapper struct {
	id      *identity.Identity
	expect  int // nodes of the new cluster; 0: never
	log     *slog.Logger
	fresh   func() bool // whether this node's log is empty
	members func() []member
	ask     func(ctx context.Context, addr string, req transport.Question) (transport.Answer, error)
	form    func(raft.Configuration) error
	trouble *troubles

	told   string // what it waits for, as was last logged
	toldAt time.Time
}

// run ends once this node has a log, its own or another's.
func (b *bootstrapper) run(ctx context.Context) {
	tick := time.NewTicker(bootstrapEvery)
	defer tick.Stop()
	for b.fresh() {
		b.tell(time.Now())
		if group := b.group(); group != nil {
			if err := b.try(ctx, group); err != nil {
				b.trouble.note("forming", formingAfter, "a new cluster could not be formed yet, it is tried again: "+err.Error())
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// group returns the nodes to form a cluster of, this one first, or nil while it
// is not for this node to do that.
func (b *bootstrapper) group() []member {
	var fresh []member
	for _, m := range b.members() {
		if !m.ClusterID.IsZero() {
			return nil // there is a cluster: its leader will let this node in
		}
		if m.Cluster != "" {
			fresh = append(fresh, m)
		}
	}
	slices.SortFunc(fresh, func(a, c member) int { return bytes.Compare(a.ID[:], c.ID[:]) })
	if b.expect == 0 || len(fresh) < b.expect || fresh[0].ID != b.id.ID {
		return nil
	}
	return fresh[:b.expect]
}

// try asks for the promises and forms the cluster with all of them.
func (b *bootstrapper) try(ctx context.Context, group []member) error {
	cluster, err := b.ownPromise()
	if err != nil {
		return err
	}
	var servers []raft.Server
	for _, m := range group {
		if m.ID != b.id.ID {
			if err := b.askPromise(ctx, m, cluster); err != nil {
				return err
			}
		}
		servers = append(servers, raft.Server{
			Suffrage: raft.Voter, ID: raft.ServerID(m.ID.String()), Address: raft.ServerAddress(m.Cluster),
		})
	}
	if err := b.form(raft.Configuration{Servers: servers}); err != nil {
		return err
	}
	b.log.Info("a new cluster was formed", "cluster", cluster, "nodes", len(servers))
	return nil
}

// ownPromise keeps this node from promising itself to another while it asks, and
// keeps the name of the cluster that it asks for.
func (b *bootstrapper) ownPromise() (fsm.NodeID, error) {
	to, cluster := b.id.Promised()
	if !to.IsZero() && to != b.id.ID {
		return cluster, fmt.Errorf("this node is promised to node %s: if that one is gone for good, move this data folder away and start with an empty one", b.nameOf(to))
	}
	if cluster.IsZero() {
		cluster = identity.NewID()
	}
	_, _, err := b.id.Promise(b.id.ID, cluster)
	return cluster, err
}

func (b *bootstrapper) askPromise(ctx context.Context, m member, cluster fsm.NodeID) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	a, err := b.ask(ctx, m.Cluster, transport.Question{Op: transport.AskPromise, Asker: b.id.ID, Cluster: cluster})
	switch {
	case err != nil:
		return notReached(m, err)
	case a.Node != m.ID:
		return otherThere(m, a.Node)
	case a.Err() != nil:
		return fmt.Errorf("node %s at %s gave no promise: %w", m.Name, m.Cluster, a.Err())
	}
	return nil
}

// answer decides about a promise that another node asks for.
func (b *bootstrapper) answer(req transport.Question) transport.Answer {
	refuse := func(words string) transport.Answer { return transport.Answer{Code: fsm.CodeRejected, Words: words} }
	switch {
	case !b.fresh():
		return refuse("this node has data")
	case req.Asker.IsZero() || req.Cluster.IsZero():
		return refuse("the question names no asker or no cluster")
	case b.expect == 0:
		return refuse("this node was started to join a cluster, not to form one (--bootstrap-expect 0)")
	}
	held, ok, err := b.id.Promise(req.Asker, req.Cluster)
	switch {
	case err != nil:
		return refuse(err.Error())
	case !ok:
		return refuse("this node is promised to node " + held)
	}
	return transport.Answer{Code: fsm.CodeOK}
}

// nameOf returns what people call a node, its ID if gossip does not know it.
func (b *bootstrapper) nameOf(id fsm.NodeID) string {
	for _, m := range b.members() {
		if m.ID == id {
			return m.Name
		}
	}
	return id.String()
}
