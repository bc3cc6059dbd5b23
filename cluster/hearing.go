package cluster

import (
	"context"
	"sync"
	"time"
)

// hearing is what a node knows of its own public listener: since when it has
// answered without a break. A node that is told nothing hears from its start.
type hearing struct {
	mu      sync.Mutex
	since   time.Time     // zero: deaf
	changed chan struct{} // has a value after a change
}

func newHearing() *hearing {
	return &hearing{since: time.Now(), changed: make(chan struct{}, 1)}
}

// set notes whether the listener answers, and reports whether that is new.
func (h *hearing) set(ok bool, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ok == !h.since.IsZero() {
		return false
	}
	h.since = time.Time{}
	if ok {
		h.since = now
	}
	signal(h.changed)
	return true
}

// ok reports whether the listener answers.
func (h *hearing) ok() bool { return !h.start().IsZero() }

// start is since when it has, zero if it does not.
func (h *hearing) start() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.since
}

// signal leaves a value in ch unless one is there.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// SetHearing tells the node whether its public listener answers. While no node's
// does, no deadline passes: what nobody can hear is not called failed. A node that
// is never told counts as one that hears. It never blocks.
func (n *Node) SetHearing(ok bool) {
	if !n.hearing.set(ok, time.Now()) {
		return
	}
	if ok {
		n.log.Info("this node's public listener answers again: it takes pings")
	} else {
		n.log.Error("this node's public listener does not answer: it takes no pings until it does")
	}
	n.lead.look()
}

// hears reports whether any node of the cluster, this one included, is known to
// take pings.
func (n *Node) hears() bool {
	if n.hearing.ok() {
		return true
	}
	for _, m := range n.gossip.members() {
		if m.ID != n.id.ID && !m.Deaf && !m.ClusterID.IsZero() && !n.store.Barred(m.ID) {
			return true
		}
	}
	return false
}

// watchHearing has the leadership look whenever another node may have changed.
func (n *Node) watchHearing(ctx context.Context) {
	for {
		select {
		case <-n.gossip.heard:
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
