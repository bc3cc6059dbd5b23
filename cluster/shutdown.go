package cluster

import (
	"context"
	"time"

	"github.com/hashicorp/raft"
)

const (
	drainLimit    = 5 * time.Second // for what is pending when a node stops
	transferTries = 3
	leaveLimit    = time.Second // for telling the others by gossip
)

// Shutdown takes no more commands, waits for those that are pending, hands the
// leadership over, tells the others and stops. The node stays a voter: a node
// that comes back needs no leave. ctx bounds the wait; what then remains gets an
// error that says whether it may have been recorded. Later calls return the
// first one's error.
func (n *Node) Shutdown(ctx context.Context) error {
	n.stopOnce.Do(func() {
		n.stopping.Store(true)
		n.lookups.Close()
		n.reads.Close()
		n.pending.Close()
		if n.raft.Load() != nil {
			n.drain(ctx)
			n.handOver(ctx)
			n.gossip.Leave(leaveLimit)
		}
		n.stopErr = n.down.Run(ctx)
	})
	return n.stopErr
}

// drain waits until nothing is pending.
func (n *Node) drain(ctx context.Context) {
	limit := time.NewTimer(drainLimit)
	defer limit.Stop()
	select {
	case <-n.pending.Done():
	case <-limit.C:
	case <-ctx.Done():
	}
}

// handOver gives the leadership to another voter, if one lives, so that the
// cluster need not notice a silence first.
func (n *Node) handOver(ctx context.Context) {
	r := n.raft.Load()
	for range transferTries {
		if r.State() != raft.Leader || !n.otherVoter(r) || ctx.Err() != nil {
			return
		}
		if err := r.LeadershipTransfer().Error(); err != nil {
			n.log.Debug("the leadership could not be handed over", "error", err)
		}
	}
}

// otherVoter reports whether gossip knows another voter to be alive.
func (n *Node) otherVoter(r *raft.Raft) bool {
	alive := n.aliveMembers()
	for _, s := range r.GetConfiguration().Configuration().Servers {
		if s.Suffrage == raft.Voter && string(s.ID) != n.id.ID.String() && alive[string(s.ID)] {
			return true
		}
	}
	return false
}
