package cluster

import "time"

// lookEvery is how often what looks after something does so without being asked.
const lookEvery = 500 * time.Millisecond

// nextLook returns how long to wait at now until the next look. All who look do so
// at the same moments: then a node with nothing to do wakes once for all of them.
func nextLook(now time.Time) time.Duration {
	return lookEvery - time.Duration(now.UnixNano()%int64(lookEvery))
}
