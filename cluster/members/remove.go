package members

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Remove takes a node out for good, because an operator says so. This node must lead. Nobody
// can remove a node that the majority needs: the rest could not commit the removal.
func (r *Reconciler) Remove(ctx context.Context, nameOrID string) error {
	id, err := r.Find(nameOrID)
	if err != nil {
		return err
	}
	cfg := r.Raft.GetConfiguration()
	in := planInput{servers: cfg.Configuration().Servers}
	alive := map[fsm.NodeID]Member{}
	for _, m := range r.Members() {
		alive[m.ID] = m
	}
	if s := server(in, id); s != nil && s.Suffrage == raft.Voter && !canLose(in, alive, *s) {
		voters, living := without(in, alive, *s)
		return fmt.Errorf("without %s %d voters are left, of which %d live and %d are needed: start other nodes first, or recover the cluster offline (%w)",
			r.name(id), voters, living, voters/2+1, fsm.ErrRejected)
	}
	r.Log.Warn("a node is removed from the cluster for good, by an operator", "peer", r.name(id), "id", id)
	return r.removeNode(ctx, id, cfg.Index())
}

// Find looks a node up by ID, or by a name that only one has.
func (r *Reconciler) Find(nameOrID string) (fsm.NodeID, error) {
	var found []fsm.NodeID
	var ids []string
	for _, s := range r.Raft.GetConfiguration().Configuration().Servers {
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
