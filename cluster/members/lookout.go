package members

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

const (
	missedAfter     = 10 * time.Second // since the start: whoever was not heard of by then is missed
	leaderlessAfter = 3 * time.Second  // an election is no news
	namesakesAfter  = 5 * time.Second  // a replacement has the name of one that gossip still believes alive
)

// LookoutOptions are what a lookout needs of its node.
type LookoutOptions struct {
	Self     fsm.NodeID
	Raft     *raft.Raft
	Members  func() []Member
	NameOf   func(raft.ServerID) string
	Fresh    func() bool // whether this node was never part of a cluster
	Stopping func() bool // then the lookout says nothing
	Troubles *Troubles
	Log      *slog.Logger
}

// lookout tells the operator, in one line for each change, which nodes go and come back,
// and whether a leader is known: without one there is no majority.
type lookout struct {
	opt           LookoutOptions
	began         time.Time
	peers         map[raft.ServerID]reported
	leaderKnownAt time.Time // when a leader was last known; zero: never
	leaderLostAt  time.Time // since when none is, as was told; zero: one is
}

// reported is what was last logged of a peer. The zero value: nothing was.
type reported struct {
	alive bool
	since time.Time
}

// LookOut runs a lookout until ctx ends.
func LookOut(ctx context.Context, o LookoutOptions) {
	l := &lookout{opt: o, began: time.Now(), peers: map[raft.ServerID]reported{}}
	for {
		select {
		case <-tick.Next(tick.Every):
		case <-ctx.Done():
			return
		}
		if !o.Stopping() {
			l.look(time.Now())
		}
	}
}

func (l *lookout) servers() []raft.Server {
	return l.opt.Raft.GetConfiguration().Configuration().Servers
}

func (l *lookout) look(now time.Time) {
	alive := AliveIDs(l.opt.Members())
	for _, s := range l.servers() {
		if serverID(s) != l.opt.Self {
			l.reportPeer(s.ID, alive[string(s.ID)], now)
		}
	}
	_, leader := l.opt.Raft.LeaderWithID()
	l.reportLeader(leader != "", now)
	l.reportNamesakes()
}

// votersWords tells how many voters there are, and who is missing.
func (l *lookout) votersWords() string {
	return VotersWords(l.servers(), AliveIDs(l.opt.Members()), l.opt.NameOf)
}

// reportPeer logs that a peer went or came.
func (l *lookout) reportPeer(id raft.ServerID, alive bool, now time.Time) {
	last, ever := l.peers[id]
	log := l.opt.Log.With("peer", l.opt.NameOf(id), "voters", l.votersWords())
	switch {
	case !ever && !alive && now.Sub(l.began) < missedAfter:
		return
	case ever && last.alive == alive:
		return
	case !ever && alive: // no news
	case !ever:
		log.Warn("a node is missing: it has not been heard of since this one's start; start it, or see to its network")
	case alive:
		log.Info("a node is back", "after", now.Sub(last.since).Round(100*time.Millisecond))
	default:
		log.Warn("a node is lost: it was stopped, or does not answer; start it again, or see to its network")
	}
	l.peers[id] = reported{alive, now}
}

// reportLeader logs when no leader can be found, and when one is found again.
func (l *lookout) reportLeader(known bool, now time.Time) {
	since := l.leaderKnownAt
	if since.IsZero() {
		since = l.began
	}
	switch {
	case known && !l.leaderLostAt.IsZero():
		l.opt.Log.Info("a majority is there again, and a leader is known", "after", now.Sub(l.leaderLostAt).Round(100*time.Millisecond))
		l.leaderLostAt = time.Time{}
	case !known && l.leaderLostAt.IsZero() && !l.opt.Fresh() && now.Sub(since) > leaderlessAfter && (!l.leaderKnownAt.IsZero() || now.Sub(since) > missedAfter):
		l.opt.Log.Error("the majority is lost, for no leader is known: no ping can be taken until enough nodes reach each other", "voters", l.votersWords())
		l.leaderLostAt = since
	}
	if known {
		l.leaderKnownAt = now
	}
}

// reportNamesakes notes living nodes that have the same name.
func (l *lookout) reportNamesakes() {
	at := map[string][]string{}
	for _, m := range l.opt.Members() {
		at[m.Name] = append(at[m.Name], m.Gossip)
	}
	for name, addrs := range at {
		if len(addrs) > 1 {
			slices.Sort(addrs)
			l.opt.Troubles.Note("name "+name, namesakesAfter,
				fmt.Sprintf("%d nodes are called %q (%s): give each its own --node-name", len(addrs), name, strings.Join(addrs, ", ")))
		} else {
			l.opt.Troubles.Mended("name " + name)
		}
	}
}

// VotersWords tells how many voters there are, and who is missing.
func VotersWords(servers []raft.Server, alive map[string]bool, nameOf func(raft.ServerID) string) string {
	var voters, living int
	var missing []string
	for _, s := range servers {
		if s.Suffrage != raft.Voter {
			continue
		}
		voters++
		if alive[string(s.ID)] {
			living++
		} else {
			missing = append(missing, nameOf(s.ID))
		}
	}
	words := fmt.Sprintf("%d of %d alive, %d needed", living, voters, voters/2+1)
	if len(missing) > 0 {
		slices.Sort(missing)
		words += ", missing: " + strings.Join(missing, ", ")
	}
	return words
}

// AliveIDs tells by ID which nodes gossip holds for alive.
func AliveIDs(members []Member) map[string]bool {
	alive := map[string]bool{}
	for _, m := range members {
		alive[m.ID.String()] = true
	}
	return alive
}
