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
//
// It also has a leader send its heartbeats less often than Raft would; see
// leaderPace. It looks at once whether this node leads when changed says so.
func suspect(ctx context.Context, r *raft.Raft, changed <-chan struct{}) {
	normal := r.ReloadableConfig()
	short, leading := normal, leaderPace(normal)
	short.HeartbeatTimeout -= time.Millisecond
	now, wait := normal, normal.HeartbeatTimeout
	reload := func(cs ...raft.ReloadableConfig) {
		for _, c := range cs {
			if r.ReloadConfig(c) == nil {
				now = c
			}
		}
	}
	for {
		select {
		case <-time.After(wait):
		case <-changed:
		case <-ctx.Done():
			return
		}
		wait = normal.HeartbeatTimeout
		switch state := r.State(); {
		case state == raft.Leader && now != leading:
			reload(leading)
		case state != raft.Leader && now != normal:
			reload(normal)
		}
		if addr, _ := r.LeaderWithID(); addr == "" || r.State() != raft.Follower {
			continue
		}
		silent := time.Since(r.LastContact())
		if silent < normal.HeartbeatTimeout {
			wait = normal.HeartbeatTimeout - silent + rand.N(suspectJitter)
			continue
		}
		reload(short, normal)
	}
}

// leaderPace has a leader send its heartbeats every 105 to 210 ms, where Raft would
// every 70 to 140, a tenth to a fifth of the timeout: they are most of what an idle
// leader does, and its lease of 500 ms and the followers' patience of 700 ms still
// span several. A leader uses these times for nothing else but how long it waits for
// another to take over, and has the usual ones again when it ceases to lead.
func leaderPace(c raft.ReloadableConfig) raft.ReloadableConfig {
	c.HeartbeatTimeout = c.HeartbeatTimeout * 3 / 2
	c.ElectionTimeout = max(c.ElectionTimeout, c.HeartbeatTimeout) // or Raft refuses
	return c
}
