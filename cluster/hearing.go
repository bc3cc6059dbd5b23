package cluster

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
)

// hearFor is how long a node counts as one that hears after it was told so, once it
// was told at all.
const hearFor = 2500 * time.Millisecond

// hearing is what a node knows of its own public listener: since when it has
// answered without a break. A node that is told nothing hears from its start.
type hearing struct {
	mu      sync.Mutex
	since   time.Time        // zero: deaf
	lapse   *time.Timer      // makes it deaf; nil: it was never told
	changed lifecycle.Wakeup // has a value after a change
	told    func()           // called after a change; it must not block
}

func newHearing() *hearing {
	return &hearing{since: time.Now(), changed: lifecycle.NewWakeup(), told: func() {}}
}

// set notes whether the listener answers.
func (h *hearing) set(ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lapse != nil {
		h.lapse.Stop()
	}
	if ok {
		h.lapse = time.AfterFunc(hearFor, func() { h.set(false) })
	}
	if ok == !h.since.IsZero() {
		return
	}
	h.since = time.Time{}
	if ok {
		h.since = time.Now()
	}
	h.changed.Wake()
	h.told()
}

// ok reports whether the listener answers.
func (h *hearing) ok() bool { return !h.start().IsZero() }

// start is since when it has, zero if it does not.
func (h *hearing) start() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.since
}

// close ends the timer.
func (h *hearing) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lapse != nil {
		h.lapse.Stop()
	}
}

// SetHearing tells the node whether its public listener answers. While no node's
// does, no deadline passes: what nobody can hear is not called failed. True is to be
// told every second or so: it holds for 2.5 s. A node that was never told counts as
// one that hears. It never blocks.
func (n *Node) SetHearing(ok bool) { n.hearing.set(ok) }

// hears reports whether any node of the cluster, this one included, is known to
// take pings.
func (n *Node) hears() bool {
	if n.closed.Load() {
		return false // no disk has room for a ping
	}
	if n.hearing.ok() {
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
		case <-n.gossip.changes():
			n.lead.look()
		case <-ctx.Done():
			return
		}
	}
}

// deafNodes tells by ID which living nodes take no pings.
func (n *Node) deafNodes() map[string]bool {
	deaf := map[string]bool{}
	for _, m := range n.gossip.members() {
		deaf[m.ID.String()] = m.Deaf
	}
	deaf[n.id.ID.String()] = !n.hearing.ok()
	return deaf
}
