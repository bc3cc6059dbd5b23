package members

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Waiting tells how far the forming of a new cluster is.
func (b *Bootstrapper) Waiting() string {
	var fresh, others []string
	var here string
	for _, m := range b.Members() {
		name := m.Name
		if m.ID == b.Identity.ID {
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
	case b.Expect == 0:
		return "waiting for a cluster to join: no node of one was found by --join"
	case len(fresh) < b.Expect:
		return fmt.Sprintf("waiting for %d nodes to form a new cluster: %d found (%s), %d missing; start them with --bootstrap-expect %d and a --join that leads to these (this one is at %s, see --advertise)",
			b.Expect, len(fresh), strings.Join(fresh, ", "), b.Expect-len(fresh), b.Expect, here)
	}
	return fmt.Sprintf("forming a new cluster of %s", strings.Join(fresh, ", "))
}

const tellWaiting = 10 * time.Minute // again, while nothing changes

// logWaiting logs what is waited for, when that changes and now and then.
func (b *Bootstrapper) logWaiting(now time.Time) {
	if words := b.Waiting(); words != b.lastLogged || now.Sub(b.loggedAt) > tellWaiting {
		b.lastLogged, b.loggedAt = words, now
		b.Log.Info(words)
	}
}
