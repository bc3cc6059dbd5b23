package leader

import (
	"context"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// askHeldLimit is how long a new leader waits for what the others know of the time
// before its election.
const askHeldLimit = time.Second

// Witness is what a node can tell of the time before an election.
type Witness struct {
	Held  bool          // it could take pings from before the last batch until now
	Quiet time.Duration // since it applied a batch under a leader; negative: it has not since its start
}

// NewWitness is what this node can tell at now. lastApply is when it last applied a batch
// under the leader that made it, zero if it has not since its start.
func NewWitness(h *Hearing, lastApply, now time.Time) Witness {
	if lastApply.IsZero() {
		return Witness{Quiet: -1}
	}
	since := h.Since()
	return Witness{Held: !since.IsZero() && !since.After(lastApply), Quiet: now.Sub(lastApply)}
}

// join returns what two nodes together can tell.
func (w Witness) join(o Witness) Witness {
	if w.Quiet < 0 || o.Quiet >= 0 && o.Quiet < w.Quiet {
		w.Quiet = o.Quiet
	}
	w.Held = w.Held || o.Held
	return w
}

// AskWitnesses joins own with what the nodes at the addresses in peers tell. It asks
// nobody if this node could take pings all the time. background runs a function on a
// goroutine of its own.
func AskWitnesses(ctx context.Context, own Witness, peers []string, ask func(ctx context.Context, addr string) Witness, background func(func())) Witness {
	asked := time.Now()
	if own.Held || len(peers) == 0 {
		return own
	}
	ctx, cancel := context.WithTimeout(ctx, askHeldLimit)
	defer cancel()
	answers := make(chan Witness, len(peers))
	for _, addr := range peers {
		background(func() { answers <- ask(ctx, addr) })
	}
	for range peers {
		if own = own.join(<-answers); own.Held {
			break
		}
	}
	if own.Quiet >= 0 {
		own.Quiet += time.Since(asked)
	}
	return own
}

// gapAtElection returns the ingest gap that ends with this node's election at now; false
// if there was none. stamp is the wall clock's time of the newest batch. It counts only
// if no node knows better. The wall clock is wrong by off, which is 0 but in tests.
func gapAtElection(now, stamp time.Time, w Witness, off time.Duration) (fsm.RecordGap, bool) {
	wall := now.Add(off).Round(0)
	switch {
	case w.Quiet >= 0 && w.Held:
		return commit.GapBetween(now.Add(-w.Quiet), now, off)
	case w.Quiet >= 0:
		return commit.NewGap(wall, w.Quiet)
	case stamp.IsZero():
		return fsm.RecordGap{}, false // a new cluster
	case !wall.After(stamp): // the clock is wrong: nobody knows how long it was
		return fsm.RecordGap{From: stamp.UnixMilli(), To: stamp.UnixMilli()}, true
	}
	return commit.NewGap(wall, wall.Sub(stamp))
}
