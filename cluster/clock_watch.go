package cluster

import (
	"context"
	"log/slog"
	"time"
)

const (
	clockWatchEvery = 5 * time.Minute
	clockWatchLeast = clockWatchEvery / 2
)

// watchClock warns the operator when the serving clock ran less than half of the
// last five minutes: deadlines, and so alerts, then come late by as much.
func watchClock(ctx context.Context, serving func() int64, log *slog.Logger) {
	tick := time.NewTicker(clockWatchEvery)
	defer tick.Stop()
	from := serving()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := serving()
		if ran := time.Duration(now-from) * time.Millisecond; ran < clockWatchLeast {
			log.Warn("the serving clock ran too slowly, so alerts come late: the disks or the network of a majority are too slow",
				"ran", ran, "of", clockWatchEvery)
		}
		from = now
	}
}
