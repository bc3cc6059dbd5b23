package tune

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestTheCollectorsPace(t *testing.T) {
	for _, tc := range []struct {
		live uint64
		want int
	}{{0, 1600}, {1 << 20, 1600}, {8 << 20, 800}, {32 << 20, 200}, {64 << 20, 100}, {128 << 20, 50}, {1 << 30, 50}} {
		if got := gcPercent(tc.live); got != tc.want {
			t.Errorf("%d bytes live: GOGC %d, want %d", tc.live, got, tc.want)
		}
	}
}

func TestEveryCollectionIsSeen(t *testing.T) {
	var calls atomic.Int64
	afterEachGC(func() { calls.Add(1) })
	for want := int64(2); want <= 4; want++ {
		testkit.Eventually(t, "it is told of a collection", func() bool {
			runtime.GC()
			return calls.Load() >= want
		})
	}
}
