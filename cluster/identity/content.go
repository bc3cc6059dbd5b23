package identity

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// change applies f to the file's content, and saves it if f says so.
func (i *Identity) change(f func(k *Content) bool) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	old := i.content
	if !f(&i.content) {
		return nil
	}
	if err := i.save(); err != nil {
		i.content = old
		return err
	}
	return nil
}

// SetClusterID remembers the cluster. A folder belongs to one for good.
func (i *Identity) SetClusterID(id fsm.NodeID) error {
	return i.change(func(k *Content) bool {
		if k.ClusterID != "" {
			return false
		}
		k.ClusterID = id.String()
		return true
	})
}

// SetLogClaimed remembers that the log has this node's mark.
func (i *Identity) SetLogClaimed() error {
	return i.change(func(k *Content) bool {
		if k.Claimed {
			return false
		}
		k.Claimed = true
		return true
	})
}

// LogClaimed reports whether the log has this node's mark.
func (i *Identity) LogClaimed() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.content.Claimed
}

// Cluster returns the cluster of this folder, zero if it has none yet.
func (i *Identity) Cluster() fsm.NodeID {
	i.mu.Lock()
	defer i.mu.Unlock()
	id, _ := fsm.ParseNodeID(i.content.ClusterID)
	return id
}

// ClusterOrPromised is the cluster that this folder belongs to, or that it promised to
// begin.
func (i *Identity) ClusterOrPromised() fsm.NodeID {
	if id := i.Cluster(); !id.IsZero() {
		return id
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	id, _ := fsm.ParseNodeID(i.content.PromisedFor)
	return id
}

// SkipBoots has the next start take a number above newest.
func (i *Identity) SkipBoots(newest uint64) error {
	return i.change(func(k *Content) bool {
		k.Boot = max(k.Boot, newest)
		return true
	})
}

// SetPeers remembers gossip addresses, for a start without --join.
func (i *Identity) SetPeers(addrs []string) error {
	slices.Sort(addrs)
	return i.change(func(k *Content) bool {
		if len(addrs) == 0 || slices.Equal(addrs, k.Peers) {
			return false
		}
		k.Peers = addrs
		return true
	})
}

// Peers returns the gossip addresses that were last remembered.
func (i *Identity) Peers() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.content.Peers)
}

// SetPorts remembers the ports, for a start with port 0.
func (i *Identity) SetPorts(cluster, gossip int) error {
	return i.change(func(k *Content) bool {
		if k.ClusterPort == cluster && k.GossipPort == gossip {
			return false
		}
		k.ClusterPort, k.GossipPort = cluster, gossip
		return true
	})
}

// Ports returns the ports that were last remembered, 0 if none were.
func (i *Identity) Ports() (cluster, gossip int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.content.ClusterPort, i.content.GossipPort
}
