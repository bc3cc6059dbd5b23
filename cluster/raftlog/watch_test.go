package raftlog

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAWatchCountsOnlyTimeInWhichTheProcessRan(t *testing.T) {
	begin := time.Now()
	w := &watch{step: time.Second, limit: 20 * time.Second, last: begin}
	now := begin
	for _, step := range []time.Duration{time.Second, time.Minute, time.Hour} { // stopped twice: 1 s, 2 s, 2 s
		if now = now.Add(step); w.passed(now) {
			t.Fatalf("up after %s, most of which the process stood still", now.Sub(begin))
		}
	}
	for i := range 15 {
		now = now.Add(time.Second)
		if up, want := w.passed(now), i == 14; up != want {
			t.Errorf("after 5 s and %d s more: up %t, want %t", i+1, up, want)
		}
	}
}

func TestAWatchIsUpAfterItsLimitUnlessStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up []time.Duration
		began := time.Now()
		watchFor(5*time.Second, func() { up = append(up, time.Since(began)) })
		stopped := watchFor(5*time.Second, func() { t.Error("a stopped watch was up") })
		time.Sleep(4 * time.Second)
		stopped.stop()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(up) != 1 || up[0] != 5*time.Second {
			t.Errorf("up after %v, want once after 5s", up)
		}
	})
}
