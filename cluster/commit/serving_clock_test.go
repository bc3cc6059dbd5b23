package commit

import (
	"testing"
	"time"
)

func TestServingClock(t *testing.T) {
	at := func(ms float64) time.Time {
		return time.Time{}.Add(time.Hour + time.Duration(ms*float64(time.Millisecond)))
	}
	type step struct {
		propose float64 // ms
		want    uint32
		answer  float64 // ms; 0: still in flight
		failed  bool
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"a delta is the time since the batch before", []step{
			{propose: 100, want: 100, answer: 110},
			{propose: 300, want: 200, answer: 310},
		}},
		{"fractions of a millisecond are not lost", []step{
			{propose: 0.6, want: 0, answer: 0},
			{propose: 1.2, want: 1, answer: 1.3},
			{propose: 1.9, want: 0, answer: 0},
			{propose: 2.1, want: 1, answer: 2.2},
			{propose: 1000.9, want: 998, answer: 1001},
		}},
		{"what it took to apply counts up to the grace", []step{
			{propose: 100, want: 100, answer: 350},
			{propose: 350, want: 250, answer: 360},
		}},
		{"what it took beyond the grace is taken off the next", []step{
			{propose: 100, want: 100, answer: 1100}, // 750 too long
			{propose: 1200, want: 350, answer: 1210},
		}},
		{"a long silence is cut, and the rest forgotten", []step{
			{propose: 100, want: 100, answer: 110},
			{propose: 60_000, want: 2000, answer: 60_010},
			{propose: 60_100, want: 100, answer: 60_110},
		}},
		{"a failed batch's time is not sent again", []step{
			{propose: 100, want: 100, answer: 300, failed: true},
			{propose: 350, want: 50, answer: 360},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c servingClock
			c.start(at(0))
			for i, s := range tt.steps {
				if got := c.takeDelta(at(s.propose)); got != s.want {
					t.Fatalf("step %d: delta %d, want %d", i, got, s.want)
				}
				if s.answer == 0 {
					continue
				}
				if got := c.takeDelta(at(s.answer)); got != 0 {
					t.Fatalf("step %d: a second delta of %d is in flight", i, got)
				}
				c.deltaEnded(at(s.propose), at(s.answer), !s.failed)
			}
		})
	}
}

func TestServingClockStandsStillUntilStarted(t *testing.T) {
	var c servingClock
	now := time.Now()
	if d := c.takeDelta(now.Add(time.Hour)); d != 0 {
		t.Fatalf("a stopped clock advanced by %d ms", d)
	}
	c.start(now)
	c.takeDelta(now.Add(time.Second))
	c.stop()
	c.deltaEnded(now, now.Add(time.Second), true)
	if d := c.takeDelta(now.Add(time.Hour)); d != 0 {
		t.Fatalf("a stopped clock advanced by %d ms", d)
	}
}

// The clock must never run faster than the clock that feeds it.
func TestServingClockNeverRunsAhead(t *testing.T) {
	start := time.Now()
	var c servingClock
	c.start(start)
	now, total := start, time.Duration(0)
	seed := uint32(1)
	random := func(n uint32) time.Duration {
		seed = seed*1664525 + 1013904223
		return time.Duration(seed>>8%n) * 100 * time.Microsecond
	}
	for i := range 20_000 {
		now = now.Add(random(2000))
		proposed := now
		d := c.takeDelta(proposed)
		total += time.Duration(d) * time.Millisecond
		if total > now.Sub(start) {
			t.Fatalf("step %d: %v of serving time in %v", i, total, now.Sub(start))
		}
		if d > 0 {
			now = now.Add(random(20_000))
			c.deltaEnded(proposed, now, i%7 != 0)
		}
	}
	if total == 0 {
		t.Fatal("the clock stood still")
	}
}
