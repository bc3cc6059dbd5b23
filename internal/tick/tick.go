// Package tick tells loops that look at something again and again when to look: all of a
// process at the same moments, so that a node with nothing to do wakes once for all of them.
package tick

import "time"

// Every is how often background work is looked after without being asked.
const Every = 500 * time.Millisecond

// Until returns how long to wait at now until the next moment of those that look so often:
// each full second, of those that look every second.
func Until(now time.Time, every time.Duration) time.Duration {
	return every - time.Duration(now.UnixNano()%int64(every))
}

// Next fires at the next such moment.
func Next(every time.Duration) <-chan time.Time {
	return time.After(Until(time.Now(), every))
}
