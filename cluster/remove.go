package cluster

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// remove takes a node out for good by an operator's word. This node must lead. Nobody
// can force it against the majority: what is left could not commit the removal either.
func (r *reconciler) remove(ctx context.Context, nameOrID string) error {
	id, err := r.find(nameOrID)
	if err != nil {
		return err
	}
	cfg := r.raft.GetConfiguration()
	in := planInput{servers: cfg.Configuration().Servers}
	alive := map[fsm.NodeID]member{}
	for _, m := range r.members() {
		alive[m.ID] = m
	}
	if s := server(in, id); s != nil && s.Suffrage == raft.Voter && !canLose(in, alive, *s) {
		voters, living := without(in, alive, *s)
		return fmt.Errorf("without %s %d voters are left, of which %d live and %d are needed: start other nodes first, or recover the cluster offline (%w)",
			r.name(id), voters, living, voters/2+1, fsm.ErrRejected)
	}
	r.log.Warn("a node is removed from the cluster for good, by an operator", "peer", r.name(id), "id", id)
	return r.expel(ctx, id, cfg.Index())
}

// find looks a node up by ID, or by a name that only one has.
func (r *reconciler) find(nameOrID string) (fsm.NodeID, error) {
	var found []fsm.NodeID
	var ids []string
	for _, s := range r.raft.GetConfiguration().Configuration().Servers {
		id := serverID(s)
		if id.String() == nameOrID {
			return id, nil
		}
		if r.name(id) == nameOrID {
			found, ids = append(found, id), append(ids, id.String())
		}
	}
	switch len(found) {
	case 0:
		return fsm.NodeID{}, fmt.Errorf("no node is called %q: %w", nameOrID, fsm.ErrNotFound)
	case 1:
		return found[0], nil
	}
	return fsm.NodeID{}, fmt.Errorf("%d nodes are called %q: give the ID of one of them, %s (%w)", len(found), nameOrID, strings.Join(ids, " or "), fsm.ErrRejected)
}

// bar takes a leader's notice that this node was removed from its cluster. It names the
// node: whoever has taken a removed one's address is not meant.
func (n *Node) bar(notice transport.Question) error {
	if notice.Node != n.id.ID.String() || notice.Cluster != n.id.Cluster() {
		return fmt.Errorf("%w: the notice is for node %s of cluster %s", fsm.ErrNotFound, notice.Node, notice.Cluster)
	}
	if !n.isBarred() {
		n.log.Error("this node was removed from its cluster: stop it; to use the machine again, move the data folder away and start with an empty one")
	}
	n.barred.Store(time.Now().UnixNano())
	return nil
}

// isBarred reports whether this node was told that it was removed, and no leader has
// counted it as a member since: then the notice was wrong, or old.
func (n *Node) isBarred() bool {
	at := n.barred.Load()
	if r := n.raft.Load(); at != 0 && r != nil {
		return r.State() != raft.Leader && r.LastContact().UnixNano() < at
	}
	return at != 0
}
