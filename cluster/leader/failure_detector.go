package leader

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/internal/tick"
)

// detectionJitter spreads the moments at which the followers find that their leader has
// failed, so that they do not split their votes.
const detectionJitter = 250 * time.Millisecond

// DetectFailures has a follower notice that its leader has failed when the leader has been
// silent for the heartbeat timeout. Raft alone may take three times as long: its timer
// does not start at the last contact, and with pre-vote every follower must have missed
// the leader before one of them is elected. Raft looks at once when it is told of a shorter
// timeout, which is how this function makes it look.
//
// It also has a leader send its heartbeats less often than Raft would; see
// leaderTimeouts. A value in changed makes it look at once whether this node leads.
func DetectFailures(ctx context.Context, r *raft.Raft, changed <-chan struct{}) {
	normal := r.ReloadableConfig()
	short, leading := normal, leaderTimeouts(normal)
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
		if r.State() == raft.Leader { // changed tells when it ends; nobody is watched meanwhile
			wait = tick.Until(time.Now(), tick.Every)
		}
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
			wait = normal.HeartbeatTimeout - silent + rand.N(detectionJitter)
			continue
		}
		reload(short, normal)
	}
}

// leaderTimeouts has a leader send its heartbeats every 105 to 210 ms, which is a tenth to
// a fifth of the timeout. With Raft's own timeout it would be every 70 to 140 ms.
// Heartbeats are most of what an idle leader does, and its lease of 500 ms and the
// followers' timeout of 700 ms still span several of them. A leader uses the timeout for
// nothing else but how long it waits for another node to take over. It gets the usual
// timeouts back when it no longer leads.
func leaderTimeouts(c raft.ReloadableConfig) raft.ReloadableConfig {
	c.HeartbeatTimeout = c.HeartbeatTimeout * 3 / 2
	c.ElectionTimeout = max(c.ElectionTimeout, c.HeartbeatTimeout) // or Raft refuses
	return c
}
