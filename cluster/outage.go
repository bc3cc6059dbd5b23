package cluster

import (
	"context"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// askHeldLimit is how long a new leader waits for what the others know of the time
// before its election.
const askHeldLimit = time.Second

// witness is what a node can tell of the time before an election.
type witness struct {
	held  bool          // it could take pings from before the last batch until now
	quiet time.Duration // since it applied a batch under a leader; negative: it has not since its start
}

// witness is asked of this node; at is when it last applied a batch.
func (n *Node) witness(at, now time.Time) witness {
	if at.IsZero() {
		return witness{quiet: -1}
	}
	since := n.hearing.start()
	return witness{held: !since.IsZero() && !since.After(at), quiet: now.Sub(at)}
}

// and joins what two nodes tell.
func (w witness) and(o witness) witness {
	if w.quiet < 0 || o.quiet >= 0 && o.quiet < w.quiet {
		w.quiet = o.quiet
	}
	w.held = w.held || o.held
	return w
}

// lookBack returns what is known of the time before this node's election. If it
// took pings itself all the time, nobody else need be asked.
func (n *Node) lookBack(ctx context.Context, at time.Time) witness {
	asked := time.Now()
	own := n.witness(at, asked)
	peers := n.otherServers()
	if own.held || len(peers) == 0 {
		return own
	}
	ctx, cancel := context.WithTimeout(ctx, askHeldLimit)
	defer cancel()
	answers := make(chan witness, len(peers))
	for _, addr := range peers {
		n.tasks.Go(func() { answers <- n.askHeld(ctx, addr) })
	}
	for range peers {
		if own = own.and(<-answers); own.held {
			break
		}
	}
	if own.quiet >= 0 {
		own.quiet += time.Since(asked)
	}
	return own
}

func (n *Node) otherServers() (addrs []string) {
	for _, s := range n.raft.Load().GetConfiguration().Configuration().Servers {
		if s.ID == raft.ServerID(n.id.ID.String()) {
			continue
		}
		if addr, err := n.ServerAddr(s.ID); err == nil {
			addrs = append(addrs, string(addr))
		}
	}
	return addrs
}

func (n *Node) askHeld(ctx context.Context, addr string) witness {
	a, err := n.port.Ask(ctx, addr, transport.Question{Op: transport.AskHeldPings, Asker: n.id.ID, Cluster: n.id.cluster()})
	if err != nil || a.Code != fsm.CodeOK {
		return witness{quiet: -1}
	}
	return witness{held: a.Held, quiet: time.Duration(a.Quiet) * time.Millisecond}
}

func (n *Node) answerHeld() transport.Answer {
	_, at := n.fsm.progress()
	w := n.witness(at, time.Now())
	quiet := int64(-1)
	if w.quiet >= 0 {
		quiet = w.quiet.Milliseconds()
	}
	return transport.Answer{Code: fsm.CodeOK, Held: w.held, Quiet: quiet}
}

// gapAtElection returns the gap that ends with this node's election at now, if
// there was one. stamp is that of the newest batch, by the wall clock, which
// counts only if no node knows better, and which now shows off wrongly (0 but in
// tests).
func gapAtElection(now, stamp time.Time, w witness, off time.Duration) (fsm.RecordGap, bool) {
	wall := now.Add(off).Round(0)
	switch {
	case w.quiet >= 0 && w.held:
		return commit.GapBetween(now.Add(-w.quiet), now, off)
	case w.quiet >= 0:
		return commit.NewGap(wall, w.quiet)
	case stamp.IsZero():
		return fsm.RecordGap{}, false // a new cluster
	case !wall.After(stamp): // the clock is wrong: nobody knows how long it was
		return fsm.RecordGap{From: stamp.UnixMilli(), To: stamp.UnixMilli()}, true
	}
	return commit.NewGap(wall, wall.Sub(stamp))
}
