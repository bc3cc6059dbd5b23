package cluster

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/raft"
)

// suspectJitter spreads the survivors' suspicions, so that they do not split
// their votes.
const suspectJitter = 250 * time.Millisecond

// suspect makes a follower look for its leader when that has been silent for the
// heartbeat timeout, not up to three times as long: Raft's own timer runs freely
// and not from the last contact, and with pre-vote every survivor must have
// missed the leader before one of them is elected. Raft looks at once when it is
// told of a shorter timeout.
func suspect(ctx context.Context, r *raft.Raft) {
	normal := r.ReloadableConfig()
	short := normal
	short.HeartbeatTimeout -= time.Millisecond
	wait := normal.HeartbeatTimeout
	for {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		wait = normal.HeartbeatTimeout
		if addr, _ := r.LeaderWithID(); addr == "" || r.State() != raft.Follower {
			continue
		}
		silent := time.Since(r.LastContact())
		if silent < normal.HeartbeatTimeout {
			wait = normal.HeartbeatTimeout - silent + rand.N(suspectJitter)
			continue
		}
		for _, c := range []raft.ReloadableConfig{short, normal} {
			if r.ReloadConfig(c) != nil {
				return
			}
		}
	}
}
