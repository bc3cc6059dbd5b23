package alerting

import (
	"context"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

const (
	tickEvery = time.Second           // at least, so that the serving clock runs
	tickSoon  = time.Millisecond      // at most that often, and never a tick of 0 ms
	tickRetry = 50 * time.Millisecond // after a tick that failed
)

// tickerView is the part of the state that the ticker needs.
type tickerView struct {
	serving, horizon int64
	due              int64
	running          bool  // a deadline is running: due holds
	awaited          int64 // by the dispatcher, for what it may do then
}

// nextTick returns how long to wait after a tick before the next one. A deadline
// needs two: one that moves the clock past it, and one more that moves the horizon
// there.
func nextTick(c tickerView) time.Duration {
	wait := tickEvery
	if c.running {
		// Once it has passed, the horizon must follow, or judging goes on.
		wait = min(wait, time.Duration(c.due-c.serving)*time.Millisecond)
	}
	if c.awaited > c.serving {
		wait = min(wait, time.Duration(c.awaited-c.serving)*time.Millisecond)
	}
	return max(wait, tickSoon)
}

// ticker makes serving time run and deadlines be judged, while this node leads.
type ticker struct {
	store   *store.Store
	cluster Cluster
	met     *metrics
	awaited *awaited
}

func (t *ticker) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		if err := t.tick(ctx); err != nil {
			timer.Reset(tickRetry)
			continue
		}
		timer.Reset(max(min(nextTick(t.view()), tick.Until(time.Now(), tickEvery)), tickSoon))
	}
}

func (t *ticker) tick(ctx context.Context) error {
	before := t.view()
	if err := t.cluster.Tick(ctx); err != nil {
		return err
	}
	if before.running && before.due <= t.store.Horizon() {
		t.met.observeLag(time.Duration(t.store.Serving()-before.due) * time.Millisecond)
	}
	return nil
}

func (t *ticker) view() tickerView {
	due, ok := t.store.NextDue()
	serving := t.store.Serving()
	return tickerView{serving: serving, horizon: t.store.Horizon(), due: due, running: ok, awaited: t.awaited.first(serving)}
}
