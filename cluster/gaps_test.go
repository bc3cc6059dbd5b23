package cluster

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestGapAtElection(t *testing.T) {
	now := time.Now()
	wallOnly := now.Round(0)
	tests := []struct {
		name string
		at   time.Time // monotonic
		wall time.Time
		want time.Duration // 0: none
	}{
		{"a new cluster has none", time.Time{}, time.Time{}, 0},
		{"a short election is none", now.Add(-3 * time.Second), wallOnly.Add(-time.Hour), 0},
		{"ten seconds are none", now.Add(-10 * time.Second), wallOnly, 0},
		{"a long one counts from the last batch applied here", now.Add(-40 * time.Second), wallOnly, 40 * time.Second},
		{"after a restart the wall clock must do", time.Time{}, wallOnly.Add(-time.Hour), time.Hour},
		{"after a quick restart there is none", time.Time{}, wallOnly.Add(-4 * time.Second), 0},
		{"a wall clock that was set back makes none", time.Time{}, wallOnly.Add(time.Hour), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			gap, ok := gapAtElection(now, tt.at, tt.wall, 0)
			if ok != (tt.want != 0) {
				t.Fatalf("gap %v, %v", gap, ok)
			}
			if !ok {
				return
			}
			if want := (fsm.RecordGap{From: now.Add(-tt.want).UnixMilli(), To: now.UnixMilli()}); gap != want {
				t.Errorf("gap %v, want %v", gap, want)
			}
		})
	}
}
