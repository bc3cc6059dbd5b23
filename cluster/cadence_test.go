package cluster

import (
	"testing"
	"time"
)

func TestCadence(t *testing.T) {
	start := time.Now()
	at := func(ms float64) time.Time { return start.Add(time.Duration(ms * float64(time.Millisecond))) }
	landed := func(size int, ms float64) cadence {
		var c cadence
		c.proposed(size)
		c.answered(start, at(ms))
		return c
	}
	flying := func(sizes ...int) cadence { return cadence{flying: sizes} }
	for _, tc := range []struct {
		name string
		c    cadence
		now  float64
		n    int
		wait float64
	}{
		{"idle", cadence{}, 0, 0, 0},
		{"after a lone command", landed(1, 1), 1, 0, 0},
		{"after a small batch", landed(63, 1), 1, 0, 0},
		{"after a large one, those it answered come back", landed(300, 2), 2.5, 400, 1.5},
		{"for as long as it took", landed(300, 2), 4, 0, 0},
		{"and not longer than a slow disk's commit is worth", landed(300, 500), 501, 400, 4},
		{"a second command while one commits", flying(1), 0, 1, 0},
		{"a second batch", flying(200), 0, 300, 0},
		{"by the newest in flight", flying(10, 200), 0, 300, 0},
		{"never more than fits", flying(maxBatchItems), 0, maxBatchItems, 0},
	} {
		n, wait := tc.c.enough(at(tc.now))
		if n != tc.n || wait != time.Duration(tc.wait*float64(time.Millisecond)) {
			t.Errorf("%s: %d within %v, want %d within %v ms", tc.name, n, wait, tc.n, tc.wait)
		}
	}
}

func TestCadenceCountsWhatIsInFlight(t *testing.T) {
	var c cadence
	now := time.Now()
	c.proposed(5)
	c.proposed(7)
	c.answered(now, now.Add(time.Millisecond))
	if len(c.flying) != 1 || c.flying[0] != 7 || c.last != 5 || c.took != time.Millisecond {
		t.Errorf("%+v", c)
	}
}
