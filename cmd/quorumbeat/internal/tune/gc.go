package tune

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	gcRoom  = 64 << 20 // bytes that may be allocated between two collections, at least
	gcShare = 50       // and at least this share of what is live, in percent
	gcMost  = 1600     // percent: Go's least heap, 4 MiB at 100, is then gcRoom
)

// GC makes the collector run seldom while the state is small, where Go's own
// default would run it after every few megabytes, and keeps it from doubling the
// memory of a large state. After each collection it sets when the next one comes.
// An operator's GOGC counts for more.
func GC() {
	if os.Getenv("GOGC") == "" {
		afterEachGC(func() { debug.SetGCPercent(gcPercent(liveBytes())) })
	}
}

// gcPercent is the GOGC at which live bytes may grow by gcRoom or gcShare.
func gcPercent(live uint64) int {
	return int(max(gcShare, min(gcRoom*100/max(live, 1), gcMost)))
}

func liveBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// afterEachGC calls f soon after every collection: what nobody holds is cleaned up
// by each.
func afterEachGC(f func()) {
	type sentinel struct{ _ *byte }
	var watch func(struct{})
	watch = func(struct{}) {
		f()
		runtime.AddCleanup(new(sentinel), watch, struct{}{})
	}
	watch(struct{}{})
}
