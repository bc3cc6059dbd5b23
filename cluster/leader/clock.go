package leader

import (
	"context"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	settleTime  = 2 * time.Second // for pings that were held to commit, before serving time runs
	deafSlack   = 4 * time.Second // for so long nodes may have been deaf before the leader knows
	deafAfter   = 3 * time.Second // without a node that hears, before that is a gap: a busy node may be slow to show that it hears
	deafEvery   = 2 * time.Second // how often the gap of a deaf cluster is brought up to date
	wallEvery   = time.Second     // how often the wall clock is looked at
	wallWatched = time.Hour       // after an election
	wallStep    = 2 * time.Second // by which it must move against the monotonic clock to be corrected
)

// RecheckClock makes the leader look again whether the serving clock may run.
func (l *Leadership) RecheckClock() { l.recheck.Wake() }

// runClock lets the serving clock run while some node hears and batches commit, until the
// leadership ends. Before the clock runs again, it records the time in which that was not
// so as a gap. It calls begin each time the clock starts.
func (l *Leadership) runClock(ctx context.Context, term uint64, begin func()) {
	settle := true
	for ctx.Err() == nil {
		noticed := time.Now()
		if l.recordStall(ctx, term) {
			settle = true
		}
		if !l.awaitHearing(ctx) {
			l.waitWhileDeaf(ctx, term, noticed.Add(-deafSlack))
			settle = true
		}
		if settle && !sleep(ctx, settleTime) {
			return
		}
		if settle = false; l.opt.Batcher.StartClock(term) {
			begin()
			l.awaitReasonToStop(ctx)
			l.opt.Batcher.StopClock()
		} else {
			sleep(ctx, barrierPause) // batches stalled again, or this node leads no more
		}
	}
}

// awaitReasonToStop returns when no node is known to hear, or batches stalled.
func (l *Leadership) awaitReasonToStop(ctx context.Context) {
	for l.opt.Hears() && l.opt.Batcher.ClockRuns() {
		select {
		case <-l.recheck:
		case <-ctx.Done():
			return
		}
	}
}

// awaitHearing waits until a node is known to hear, but not for long.
func (l *Leadership) awaitHearing(ctx context.Context) bool {
	limit := time.NewTimer(deafAfter)
	defer limit.Stop()
	for !l.opt.Hears() {
		select {
		case <-l.recheck:
		case <-limit.C:
			return l.opt.Hears()
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// recordStall records the time in which this leader could commit nothing, as a gap; false
// if there was none.
func (l *Leadership) recordStall(ctx context.Context, term uint64) bool {
	s := l.opt.Batcher.TakeStall()
	gap, ok := commit.GapBetween(s.From, s.To, l.opt.WallOffset())
	if ok {
		l.recordGap(ctx, term, gap)
	}
	return ok
}

// waitWhileDeaf waits until a node is known to hear. It keeps the gap since began up to
// date meanwhile, so that another leader need not know when it began.
func (l *Leadership) waitWhileDeaf(ctx context.Context, term uint64, began time.Time) {
	l.log.Error("no node of the cluster takes pings, for no public listener answers: deadlines stand still until one does")
	tick := time.NewTicker(deafEvery)
	defer tick.Stop()
	for deaf := true; deaf && ctx.Err() == nil; {
		deaf = !l.opt.Hears()
		now := time.Now()
		if gap, ok := commit.NewGap(now.Add(l.opt.WallOffset()), now.Sub(began)); ok {
			l.commitOwn(ctx, term, "record the time in which no node took pings", gap)
		}
		if !deaf {
			l.log.Warn("a node takes pings again; deadlines stood still", "for", now.Sub(began))
			return
		}
		select {
		case <-tick.C:
		case <-l.recheck:
		case <-ctx.Done():
		}
	}
}

// correctGap corrects the gap before an election that could only be measured by the wall
// clock, if the wall clock turns out to have been behind. A machine without a clock of its
// own learns the time a while after its start.
func (l *Leadership) correctGap(ctx context.Context, term uint64, gap fsm.RecordGap) {
	began := time.Now()
	wall := l.wallClock()
	for sleep(ctx, wallEvery) && time.Since(began) < wallWatched {
		step := l.wallClock().Sub(wall) - time.Since(began)
		end := wall.Add(step).UnixMilli()
		if step < wallStep || end <= gap.To {
			continue
		}
		gap.To = end
		l.recordGap(ctx, term, gap)
	}
}

func (l *Leadership) wallClock() time.Time { return time.Now().Add(l.opt.WallOffset()).Round(0) }

// sleep waits for d; false if ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
