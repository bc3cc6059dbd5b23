package members

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

// Bootstrapper forms a new cluster of fresh nodes. The one with the lowest ID
// asks the others for a promise. When all have promised, it writes the first
// configuration, in which all of them vote. A promise is on disk, is given once, and names
// the asker. So two askers cannot both succeed with fewer than twice the nodes.
type Bootstrapper struct {
	Identity *identity.Identity
	Expect   int // nodes of the new cluster; 0: never
	Log      *slog.Logger
	Fresh    func() bool // whether this node's log is empty
	Members  func() []Member
	Ask      func(ctx context.Context, addr string, req transport.Question) (transport.Answer, error)
	Form     func(raft.Configuration) error
	Troubles *Troubles

	lastLogged string // what it waits for, as was last logged
	loggedAt   time.Time
}

// Run ends once this node has a log, its own or another's.
func (b *Bootstrapper) Run(ctx context.Context) {
	tick := time.NewTicker(bootstrapEvery)
	defer tick.Stop()
	for b.Fresh() {
		b.logWaiting(time.Now())
		if group := b.group(); group != nil {
			if err := b.formCluster(ctx, group); err != nil {
				b.Troubles.Note("forming", formingAfter, "a new cluster could not be formed yet, it is tried again: "+err.Error())
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
func (b *Bootstrapper) group() []Member {
	var fresh []Member
	for _, m := range b.Members() {
		if !m.ClusterID.IsZero() {
			return nil // there is a cluster: its leader will let this node in
		}
		if m.Cluster != "" {
			fresh = append(fresh, m)
		}
	}
	slices.SortFunc(fresh, func(a, c Member) int { return bytes.Compare(a.ID[:], c.ID[:]) })
	if b.Expect == 0 || len(fresh) < b.Expect || fresh[0].ID != b.Identity.ID {
		return nil
	}
	return fresh[:b.Expect]
}

// formCluster asks for the promises and forms the cluster with all of them.
func (b *Bootstrapper) formCluster(ctx context.Context, group []Member) error {
	cluster, err := b.ownPromise()
	if err != nil {
		return err
	}
	var servers []raft.Server
	for _, m := range group {
		if m.ID != b.Identity.ID {
			if err := b.askPromise(ctx, m, cluster); err != nil {
				return err
			}
		}
		servers = append(servers, raft.Server{
			Suffrage: raft.Voter, ID: raft.ServerID(m.ID.String()), Address: raft.ServerAddress(m.Cluster),
		})
	}
	if err := b.Form(raft.Configuration{Servers: servers}); err != nil {
		return err
	}
	b.Log.Info("a new cluster was formed", "cluster", cluster, "nodes", len(servers))
	return nil
}

// ownPromise keeps this node from promising itself to another while it asks. It returns
// the ID of the cluster that this node asks for.
func (b *Bootstrapper) ownPromise() (fsm.NodeID, error) {
	to, cluster := b.Identity.Promised()
	if !to.IsZero() && to != b.Identity.ID {
		return cluster, fmt.Errorf("this node is promised to node %s: if that one is gone for good, move this data folder away and start with an empty one", b.nameOf(to))
	}
	if cluster.IsZero() {
		cluster = identity.NewID()
	}
	_, _, err := b.Identity.Promise(b.Identity.ID, cluster)
	return cluster, err
}

func (b *Bootstrapper) askPromise(ctx context.Context, m Member, cluster fsm.NodeID) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	a, err := b.Ask(ctx, m.Cluster, transport.Question{Op: transport.AskPromise, Asker: b.Identity.ID, Cluster: cluster})
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

// Answer decides about a promise that another node asks for.
func (b *Bootstrapper) Answer(req transport.Question) transport.Answer {
	refuse := func(words string) transport.Answer { return transport.Answer{Code: fsm.CodeRejected, Words: words} }
	switch {
	case !b.Fresh():
		return refuse("this node has data")
	case req.Asker.IsZero() || req.Cluster.IsZero():
		return refuse("the question names no asker or no cluster")
	case b.Expect == 0:
		return refuse("this node was started to join a cluster, not to form one (--bootstrap-expect 0)")
	}
	held, ok, err := b.Identity.Promise(req.Asker, req.Cluster)
	switch {
	case err != nil:
		return refuse(err.Error())
	case !ok:
		return refuse("this node is promised to node " + held)
	}
	return transport.Answer{Code: fsm.CodeOK}
}

// nameOf returns what people call a node, its ID if gossip does not know it.
func (b *Bootstrapper) nameOf(id fsm.NodeID) string {
	for _, m := range b.Members() {
		if m.ID == id {
			return m.Name
		}
	}
	return id.String()
}
