package leader

import (
	"context"
	"log/slog"
	"time"
)

const (
	clockWatchEvery = 5 * time.Minute
	clockWatchLeast = clockWatchEvery / 2
)

// warnOfSlowClock warns the operator when the serving clock ran for less than half of the
// last five minutes. Deadlines, and so alerts, are then late by as much as it stood still.
func warnOfSlowClock(ctx context.Context, serving func() int64, log *slog.Logger) {
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
