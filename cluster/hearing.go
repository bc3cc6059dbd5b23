package cluster

import (
	"context"
	"slices"

	"github.com/hashicorp/raft"
)

// SetHearing tells the node whether its public listener answers. While no node's
// does, no deadline passes: what nobody can hear is not called failed. True is to be
// told every second or so: it holds for 2.5 s. A node that was never told counts as
// one that hears. It never blocks.
func (n *Node) SetHearing(ok bool) { n.hearing.Set(ok) }

// hears reports whether any node of the cluster, this one included, is known to
// take pings.
func (n *Node) hears() bool {
	if n.closed.Load() {
		return false // no disk has room for a ping
	}
	if n.hearing.OK() {
		return true
	}
	alive, deaf := n.aliveMembers(), n.deafNodes()
	return slices.ContainsFunc(n.raft.Load().GetConfiguration().Configuration().Servers, func(s raft.Server) bool {
		return alive[string(s.ID)] && !deaf[string(s.ID)]
	})
}

// watchHearing has the leadership look whenever another node may have changed.
func (n *Node) watchHearing(ctx context.Context) {
	for {
		select {
		case <-n.gossip.HearingChanged():
			n.lead.RecheckClock()
		case <-ctx.Done():
			return
		}
	}
}

// deafNodes tells by ID which living nodes take no pings.
func (n *Node) deafNodes() map[string]bool {
	deaf := map[string]bool{}
	for _, m := range n.gossip.Members() {
		deaf[m.ID.String()] = m.Deaf
	}
	deaf[n.id.ID.String()] = !n.hearing.OK()
	return deaf
}
