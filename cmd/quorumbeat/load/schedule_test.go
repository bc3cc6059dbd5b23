package load

import (
	"context"
	"slices"
	"testing"
	"time"
)

func TestASchedule(t *testing.T) {
	begin := time.Now()
	for _, c := range []struct {
		rate   float64
		length time.Duration
		n      int64
		last   time.Duration
	}{
		{10, time.Second, 10, 900 * time.Millisecond},
		{3, time.Second, 3, 666_666_666},
		{0.5, 5 * time.Second, 3, 4 * time.Second},
		{0.001, time.Second, 1, 0},
		{1e6, 24 * time.Hour, 86_400_000_000, 24*time.Hour - time.Microsecond},
	} {
		s := newSchedule(begin, begin.Add(c.length), c.rate)
		if got := s.intendedTime(s.n - 1).Sub(begin); s.n != c.n || got != c.last {
			t.Errorf("%v a second for %s: %d, the last after %s; want %d, %s", c.rate, c.length, s.n, got, c.n, c.last)
		}
	}
}

// TestTheScheduleWaitsForNobody lets the sender sleep in the middle: what it then
// takes is older, and what is too old it is not given.
func TestTheScheduleWaitsForNobody(t *testing.T) {
	begin := time.Now()
	s := newSchedule(begin, begin.Add(time.Second), 100)
	due := make(chan int64)
	var missed, taken []int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.sendWhenDue(t.Context(), 300*time.Millisecond, due, func(k int64) { missed = append(missed, k) })
		close(due)
	}()
	for k := range due {
		if early := time.Until(s.intendedTime(k)); early > 0 {
			t.Errorf("%d came %s too early", k, early)
		}
		if taken = append(taken, k); k == 10 {
			<-time.After(600 * time.Millisecond) // the server stalls
		}
	}
	<-done
	if len(missed) < 20 || missed[0] < 11 {
		t.Errorf("after 600 ms, of which 300 may be waited, these were given up: %v", missed)
	}
	all := slices.Concat(taken, missed)
	slices.Sort(all)
	for i, k := range all {
		if int64(i) != k || len(all) != 100 {
			t.Fatalf("%d of 100 handed out or given up: %v", len(all), all)
		}
	}
}

func TestTheScheduleEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := newSchedule(time.Now().Add(time.Hour), time.Now().Add(2*time.Hour), 1)
	s.sendWhenDue(ctx, time.Second, nil, nil) // while it waits for the time
	s = newSchedule(time.Now().Add(-time.Second), time.Now(), 1)
	s.sendWhenDue(ctx, time.Minute, nil, nil) // while it waits for a sender
}
