package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	missedAfter     = 10 * time.Second // since the start: whoever was not heard of by then is missed
	leaderlessAfter = 3 * time.Second  // an election is no news
	namesakesAfter  = 5 * time.Second  // a replacement has the name of one that gossip still believes alive
)

// lookout tells the operator, in one line for each change, which nodes go and come back,
// and whether a leader is known: without one there is no majority.
type lookout struct {
	n      *Node
	began  time.Time
	peers  map[raft.ServerID]sight
	known  time.Time // when a leader was last known; zero: never
	lacked time.Time // since when none is, as was told; zero: one is
}

// sight is what was last told of a peer; the zero value: nothing.
type sight struct {
	alive bool
	since time.Time
}

// lookOut runs a lookout until ctx ends.
func (n *Node) lookOut(ctx context.Context) {
	l := &lookout{n: n, began: time.Now(), peers: map[raft.ServerID]sight{}}
	for {
		select {
		case <-time.After(lifecycle.UntilTick(time.Now())):
		case <-ctx.Done():
			return
		}
		if !n.stopping.Load() {
			l.look(time.Now())
		}
	}
}

func (l *lookout) look(now time.Time) {
	r := l.n.raft.Load()
	alive := l.n.aliveMembers()
	servers := r.GetConfiguration().Configuration().Servers
	for _, s := range servers {
		if serverID(s) != l.n.id.ID {
			l.see(s.ID, alive[string(s.ID)], now)
		}
	}
	_, leader := r.LeaderWithID()
	l.lead(leader != "", now)
	l.namesakes()
}

// see tells of a peer that goes or comes.
func (l *lookout) see(id raft.ServerID, alive bool, now time.Time) {
	last, ever := l.peers[id]
	log := l.n.log.With("peer", l.n.nameOf(id), "voters", l.n.votersWords())
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
	l.peers[id] = sight{alive, now}
}

// lead tells when no leader can be found, and when one is.
func (l *lookout) lead(known bool, now time.Time) {
	since := l.known
	if since.IsZero() {
		since = l.began
	}
	switch {
	case known && !l.lacked.IsZero():
		l.n.log.Info("a majority is there again, and a leader is known", "after", now.Sub(l.lacked).Round(100*time.Millisecond))
		l.lacked = time.Time{}
	case !known && l.lacked.IsZero() && !l.n.fresh() && now.Sub(since) > leaderlessAfter && (!l.known.IsZero() || now.Sub(since) > missedAfter):
		l.n.log.Error("the majority is lost, for no leader is known: no ping can be taken until enough nodes reach each other", "voters", l.n.votersWords())
		l.lacked = since
	}
	if known {
		l.known = now
	}
}

// namesakes notes living nodes of one name.
func (l *lookout) namesakes() {
	at := map[string][]string{}
	for _, m := range l.n.gossip.members() {
		at[m.Name] = append(at[m.Name], m.Gossip)
	}
	for name, addrs := range at {
		if len(addrs) > 1 {
			slices.Sort(addrs)
			l.n.troubles.note("name "+name, namesakesAfter,
				fmt.Sprintf("%d nodes are called %q (%s): give each its own --node-name", len(addrs), name, strings.Join(addrs, ", ")))
		} else {
			l.n.troubles.mended("name " + name)
		}
	}
}

// votersWords tells how many voters there are, and who is missing.
func (n *Node) votersWords() string {
	alive := n.aliveMembers()
	var voters, living int
	var missing []string
	for _, s := range n.raft.Load().GetConfiguration().Configuration().Servers {
		if s.Suffrage != raft.Voter {
			continue
		}
		voters++
		if alive[string(s.ID)] {
			living++
		} else {
			missing = append(missing, n.nameOf(s.ID))
		}
	}
	words := fmt.Sprintf("%d of %d alive, %d needed", living, voters, voters/2+1)
	if len(missing) > 0 {
		slices.Sort(missing)
		words += ", missing: " + strings.Join(missing, ", ")
	}
	return words
}

func fsmID(id raft.ServerID) fsm.NodeID {
	node, _ := fsm.ParseNodeID(string(id))
	return node
}
