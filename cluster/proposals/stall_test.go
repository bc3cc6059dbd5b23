package proposals

import (
	"testing"
	"time"
)

func TestStallDetectorSaysWhenARequestMayHaveCome(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for _, c := range []struct {
		name           string
		beats          []int
		read, cameAtMS int
	}{
		{"before the first beat", nil, 5000, 5000},
		{"while it beats", []int{0, 50, 100}, 120, 120},
		{"late, but not stalled", []int{0, 50, 900}, 1800, 1800},
		{"stalled, and read before the next beat", []int{0, 50}, 60_050, 50},
		{"stalled, and read after the next beat", []int{0, 50, 60_050}, 60_100, 50},
		{"stalled a while ago", []int{0, 50, 60_050, 61_000, 62_000, 63_000}, 63_100, 63_100},
		{"stalled again at once", []int{0, 5000, 9000}, 9001, 0},
		{"stalled again at once, and read before the next beat", []int{0, 5000}, 9001, 0},
		{"stalled again later", []int{0, 5000, 5900, 6800, 7700, 8600, 12000}, 12001, 8600},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p StallDetector
			for _, ms := range c.beats {
				p.Beat(at(ms))
			}
			if got := p.ReceivedAt(at(c.read)); !got.Equal(at(c.cameAtMS)) {
				t.Errorf("came at %v ms, want %d", got.Sub(start).Milliseconds(), c.cameAtMS)
			}
		})
	}
}
