package selfwatch

import (
	"time"

	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	lookEvery     = time.Second
	frozenAfter   = 5 * time.Second  // without a look, this node was frozen
	maxLeaderless = 10 * time.Second // without a leader, this node may be the one that is lost
)

// sighting is for how long a node has been seen in a state, without a break.
type sighting struct {
	gone, back     time.Duration // of gossip: dead, alive
	low, roomAgain time.Duration // of its disk
}

// sight is what this node has seen of the others.
type sight struct {
	nodes      map[fsm.NodeID]*sighting
	last       time.Time     // the newest look
	leaderless time.Duration // for how long no leader has been known
}

// look takes in how the nodes are now.
func (s *sight) look(now time.Time, st cluster.Status) {
	passed := now.Sub(s.last)
	if s.leaderless += passed; st.Leader != "" {
		s.leaderless = 0
	}
	if s.last.IsZero() || passed > frozenAfter || s.leaderless > maxLeaderless {
		s.nodes, passed = nil, 0
	}
	s.last = now
	seen := make(map[fsm.NodeID]*sighting, len(st.Nodes))
	for _, n := range st.Nodes {
		x := s.nodes[n.ID]
		if x == nil {
			x = &sighting{}
		}
		seen[n.ID] = x
		if st.Leader == "" {
			continue // it neither counts nor breaks off
		}
		count(&x.gone, &x.back, !n.Alive, passed)
		if n.Disk != "" {
			count(&x.low, &x.roomAgain, n.Disk != "ok", passed)
		}
	}
	s.nodes = seen
}

// count adds to the one of two times that goes on, and begins the other anew.
func count(yes, no *time.Duration, is bool, passed time.Duration) {
	if !is {
		yes, no = no, yes
	}
	*yes, *no = *yes+passed, 0
}
