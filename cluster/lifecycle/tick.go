package lifecycle

import "time"

// TickEvery is how often background work is looked after without being asked.
const TickEvery = 500 * time.Millisecond

// UntilTick returns how long to wait at now until the next tick. Ticks are aligned:
// all loops of a process look at the same moments, so that a node with nothing to do
// wakes once for all of them.
func UntilTick(now time.Time) time.Duration {
	return TickEvery - time.Duration(now.UnixNano()%int64(TickEvery))
}
