package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// waiting tells why this node knows no leader yet, and what for it waits.
func (n *Node) waiting() string {
	r := n.raft.Load()
	switch {
	case r == nil:
		return "this node is starting"
	case !n.fresh():
		return "voters: " + n.votersWords()
	}
	return n.boot.waiting()
}

// withTroubles adds what a person has to mend.
func (n *Node) withTroubles(words string) string {
	return strings.Join(append([]string{words}, n.troubles.list()...), "; ")
}

// Troubles lists what this node has met lately and a person has to mend: settings that do
// not fit, and peers that cannot be reached.
func (n *Node) Troubles() []string { return n.troubles.list() }

// waiting tells how far the forming of a new cluster is.
func (b *bootstrapper) waiting() string {
	var fresh, others []string
	var here string
	for _, m := range b.members() {
		name := m.Name
		if m.ID == b.id.ID {
			name, here = name+" (this one)", m.Cluster
		}
		if m.ClusterID.IsZero() {
			fresh = append(fresh, name)
		} else {
			others = append(others, name)
		}
	}
	slices.Sort(fresh)
	slices.Sort(others)
	switch {
	case len(others) > 0:
		return fmt.Sprintf("waiting to be let into the cluster of %s, by its leader, which is told to reach this node at %s (see --advertise)", strings.Join(others, ", "), here)
	case b.expect == 0:
		return "waiting for a cluster to join: no node of one was found by --join"
	case len(fresh) < b.expect:
		return fmt.Sprintf("waiting for %d nodes to form a new cluster: %d found (%s), %d missing; start them with --bootstrap-expect %d and a --join that leads to these (this one is at %s, see --advertise)",
			b.expect, len(fresh), strings.Join(fresh, ", "), b.expect-len(fresh), b.expect, here)
	}
	return fmt.Sprintf("forming a new cluster of %s", strings.Join(fresh, ", "))
}

const tellWaiting = 10 * time.Minute // again, while nothing changes

// tell logs what is waited for, when that changes and now and then.
func (b *bootstrapper) tell(now time.Time) {
	if words := b.waiting(); words != b.told || now.Sub(b.toldAt) > tellWaiting {
		b.told, b.toldAt = words, now
		b.log.Info(words)
	}
}
