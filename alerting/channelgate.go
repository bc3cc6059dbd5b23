package alerting

import (
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
)

const (
	firstPause = time.Second // after trouble; then twice as long each time
	lastPause  = time.Minute // at most, but for a service that asks for more
)

// channelGate says how much a channel is asked at once. While there is trouble, or no answer
// comes, one row at a time is tried, with longer and longer pauses: so a dead service costs
// few commits, and one that hangs leaves few rows in doubt.
type channelGate struct {
	mu       sync.Mutex
	troubles int
	until    time.Time
}

// begin shuts the gate for as long as the service asked for, of a leader before this one.
func (g *channelGate) begin(refuses time.Duration, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if refuses > 0 {
		g.troubles, g.until = 1, now.Add(refuses)
	}
}

// room returns how many attempts may be under way, and for how long none may; 0: some may.
func (g *channelGate) room(now time.Time) (room int, closed time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case now.Before(g.until):
		return 0, g.until.Sub(now)
	case g.troubles > 0:
		return 1, 0
	}
	return maxAtOnce, 0
}

// learn goes by how an attempt ended.
func (g *channelGate) learn(err error, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch class := channel.Classify(err); {
	case err == nil || class == channel.Refused:
		g.troubles, g.until = 0, time.Time{}
	case class == channel.Trouble || class == channel.InDoubt:
		pause := min(firstPause<<min(g.troubles, 10), lastPause)
		g.troubles++
		if until := now.Add(max(pause, channel.RetryAfter(err))); until.After(g.until) {
			g.until = until
		}
	}
}
