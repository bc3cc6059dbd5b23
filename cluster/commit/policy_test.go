package commit

import (
	"testing"
	"time"
)

func TestBatchPolicy(t *testing.T) {
	start := time.Now()
	at := func(ms float64) time.Time { return start.Add(time.Duration(ms * float64(time.Millisecond))) }
	landed := func(size int, ms float64) batchPolicy {
		var c batchPolicy
		c.proposed(size, start)
		c.ended(start, at(ms))
		return c
	}
	flying := func(sizes ...int) batchPolicy { return batchPolicy{inFlight: sizes} }
	for _, tc := range []struct {
		name string
		c    batchPolicy
		now  float64
		n    int
		wait float64
	}{
		{"idle", batchPolicy{}, 0, 0, 0},
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
		n, wait := tc.c.next(at(tc.now), 0)
		if n != tc.n || wait != time.Duration(tc.wait*float64(time.Millisecond)) {
			t.Errorf("%s: %d within %v, want %d within %v ms", tc.name, n, wait, tc.n, tc.wait)
		}
	}
}

func TestBatchPolicyCountsWhatIsInFlight(t *testing.T) {
	var c batchPolicy
	now := time.Now()
	c.proposed(5, now)
	c.proposed(7, now)
	c.ended(now, now.Add(time.Millisecond))
	if len(c.inFlight) != 1 || c.inFlight[0] != 7 || c.lastSize != 5 || c.lastTook != time.Millisecond {
		t.Errorf("%+v", c)
	}
}
