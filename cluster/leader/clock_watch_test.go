package leader

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestASlowServingClockIsReported(t *testing.T) {
	for name, tt := range map[string]struct {
		rate float64
		want int
	}{
		"it runs":              {1, 0},
		"it runs half":         {0.5, 0},
		"it runs under half":   {0.4, 3},
		"it does not move":     {0, 3},
		"it runs but a little": {0.01, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said bytes.Buffer
				start := time.Now()
				serving := func() int64 { return int64(float64(time.Since(start).Milliseconds()) * tt.rate) }
				ctx, cancel := context.WithTimeout(t.Context(), 3*clockWatchEvery+time.Second)
				defer cancel()
				warnOfSlowClock(ctx, serving, slog.New(slog.NewTextHandler(&said, nil)))
				if got := strings.Count(said.String(), "WARN"); got != tt.want {
					t.Errorf("%d warnings, want %d", got, tt.want)
				}
			})
		})
	}
}
