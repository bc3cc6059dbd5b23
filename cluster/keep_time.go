package cluster

import (
	"context"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	settleTime = 2 * time.Second // in which held pings commit before serving time runs
	deafSlack  = 4 * time.Second // for which nodes may have been deaf before the leader knows
	deafAfter  = 3 * time.Second // without a node that hears before it is a gap: a busy one may be slow to show that it does
	deafEvery  = 2 * time.Second // how often the gap of a deaf cluster is brought up to date
	wallEvery  = time.Second     // how often the wall clock is looked at
	wallLong   = time.Hour       // after an election
	wallStep   = 2 * time.Second // by which it must move against the monotonic clock to be corrected
)

// look makes the leader see anew whether the serving clock may run.
func (l *leadership) look() { l.trouble.Wake() }

// keepTime lets the serving clock run while some node hears and batches commit,
// until the leadership ends. Time in which that was not so is recorded as a gap
// before the clock runs again. begin is called each time it does.
func (l *leadership) keepTime(ctx context.Context, term uint64, begin func()) {
	settle := true
	for ctx.Err() == nil {
		noticed := time.Now()
		if l.recordStall(ctx, term) {
			settle = true
		}
		if !l.heardSoon(ctx) {
			l.sitOut(ctx, term, noticed.Add(-deafSlack))
			settle = true
		}
		if settle && !sleep(ctx, settleTime) {
			return
		}
		if settle = false; l.batcher.StartClock(term) {
			begin()
			l.awaitTrouble(ctx)
			l.batcher.StopClock()
		} else {
			sleep(ctx, barrierPause) // batches stalled again, or this node leads no more
		}
	}
}

// awaitTrouble returns when no node is known to hear, or batches stalled.
func (l *leadership) awaitTrouble(ctx context.Context) {
	for l.hears() && l.batcher.ClockRuns() {
		select {
		case <-l.trouble:
		case <-ctx.Done():
			return
		}
	}
}

// heardSoon waits until a node is known to hear, but not for long.
func (l *leadership) heardSoon(ctx context.Context) bool {
	limit := time.NewTimer(deafAfter)
	defer limit.Stop()
	for !l.hears() {
		select {
		case <-l.trouble:
		case <-limit.C:
			return l.hears()
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// recordStall records the time in which this leader could commit nothing; false if
// there was none.
func (l *leadership) recordStall(ctx context.Context, term uint64) bool {
	s := l.batcher.TakeStall()
	gap, ok := commit.GapBetween(s.From, s.To, l.faults.wall())
	if ok {
		l.record(ctx, term, gap)
	}
	return ok
}

// sitOut waits while no node is known to hear. It keeps the gap, which began before,
// up to date, so that another leader need not know when that was.
func (l *leadership) sitOut(ctx context.Context, term uint64, began time.Time) {
	l.log.Error("no node of the cluster takes pings, for no public listener answers: deadlines stand still until one does")
	tick := time.NewTicker(deafEvery)
	defer tick.Stop()
	for deaf := true; deaf && ctx.Err() == nil; {
		deaf = !l.hears()
		now := time.Now()
		if gap, ok := commit.NewGap(now.Add(l.faults.wall()), now.Sub(began)); ok {
			l.commit(ctx, term, "record the time in which no node took pings", gap)
		}
		if !deaf {
			l.log.Warn("a node takes pings again; deadlines stood still", "for", now.Sub(began))
			return
		}
		select {
		case <-tick.C:
		case <-l.trouble:
		case <-ctx.Done():
		}
	}
}

// watchWall corrects the gap before an election that could only be measured by the
// wall clock, if that turns out to have been behind: a machine without a clock of
// its own learns the time a while after its start.
func (l *leadership) watchWall(ctx context.Context, term uint64, gap fsm.RecordGap) {
	began := time.Now()
	wall := l.wallClock()
	for sleep(ctx, wallEvery) && time.Since(began) < wallLong {
		step := l.wallClock().Sub(wall) - time.Since(began)
		end := wall.Add(step).UnixMilli()
		if step < wallStep || end <= gap.To {
			continue
		}
		gap.To = end
		l.record(ctx, term, gap)
	}
}

func (l *leadership) wallClock() time.Time { return time.Now().Add(l.faults.wall()).Round(0) }

// sleep waits for d; false if ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
