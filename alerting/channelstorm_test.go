package alerting

import (
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// Bounds of a storm into channels.
const (
	toldBurst  = 30 * time.Second // until a channel that is well has its burst
	toldAll    = 90 * time.Second // and everything
	heapOfAll  = 64 << 20         // bytes, for any number of heartbeats
	heapOfEach = 30 << 10         // bytes more for each that fails, with its rows in five channels and mail
	stormPause = 4                // seconds that the busy channel asks to wait
)

// TestAStormIntoChannels: many heartbeats fail at once into five channels, of which one hangs and one answers 429 at
// first. The three others, and mail, are told of each heartbeat once, as if those two were not there; the busy one is, too,
// and not before it asked for it.
func TestAStormIntoChannels(t *testing.T) {
	heartbeats := 2000
	if n, err := strconv.Atoi(os.Getenv("QUORUMBEAT_SOAK_CHANNELS")); err == nil {
		heartbeats = n
	}
	d := newRig(t, allowLoopback)
	hanging := make(chan struct{})
	release := sync.OnceFunc(func() { close(hanging) })
	defer release()
	hang := newReceiver(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-hanging:
		case <-r.Context().Done():
		}
	})
	busy := newReceiver(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n <= maxAtOnce {
			w.Header().Set("Retry-After", strconv.Itoa(stormPause))
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	slow := func(int, http.ResponseWriter, *http.Request) { time.Sleep(200 * time.Millisecond) } // so that several are under way
	well := []*receiver{newReceiver(t, slow), newReceiver(t, nil), newReceiver(t, nil)}
	d.channel(1, hang.URL)
	d.channel(2, busy.URL)
	for i, x := range well {
		d.channel(byte(3+i), x.URL)
	}
	peak := watchHeap(t)
	d.f.fail(t, heartbeats)
	began := time.Now()
	d.lead(1)
	for i, x := range well {
		testkit.Eventually(t, "a channel that is well is told at once", func() bool { return len(x.all()) >= fsm.DefaultSettings().Burst })
		if took := time.Since(began); took > toldBurst {
			t.Errorf("channel %d was told after %v", i, took)
		}
	}
	d.awaitMails(fsm.DefaultSettings().Burst + 1)
	for i, x := range append(well, busy) {
		testkit.Eventually(t, "a channel is told of all", func() bool { return x.told() >= heartbeats })
		took := time.Since(began)
		t.Logf("channel %d: %d requests, %d at once at most, told of all %d heartbeats within %v", i, len(x.all()), x.most(), heartbeats, took.Round(10*time.Millisecond))
		if took > toldAll {
			t.Errorf("channel %d was told of all after %v", i, took)
		}
		defer toldOnce(t, x, heartbeats)
	}
	most := heapOfAll + uint64(heartbeats)*heapOfEach
	t.Logf("the heap had %d MB at most; it may have %d", peak()>>20, most>>20)
	if peak() > most {
		t.Errorf("the heap had %d MB", peak()>>20)
	}
	testkit.Eventually(t, "all but those of the channel that hangs are sent", func() bool { return d.f.sent() >= 5*heartbeats })
	got := busy.all()
	if waited := got[maxAtOnce].at.Sub(got[0].at); waited < stormPause*time.Second {
		t.Errorf("the channel that answered 429 was asked again after %v", waited)
	} else {
		t.Logf("the channel that answered 429 to %d requests was asked again after %v", maxAtOnce, waited.Round(10*time.Millisecond))
	}
	// What it does not answer in time is tried again, one at a time.
	n, took := len(hang.all()), time.Since(began)
	if n > maxAtOnce+int(took/outgoing.DefaultLimits().Answer) || hang.most() > maxAtOnce {
		t.Errorf("the channel that hangs was asked %d times in %v, %d at once", n, took, hang.most())
	}
	t.Logf("the channel that hangs was asked %d times in %v", n, took.Round(time.Second))
}

// told counts the heartbeats of which a receiver was told, and refused none.
func (x *receiver) told() (n int) {
	for _, r := range x.all() {
		if r.taken {
			n += max(r.alerts, 1)
		}
	}
	return n
}

// toldOnce asks that a receiver was told of each heartbeat once, one by one or in digests.
func toldOnce(t *testing.T, x *receiver, heartbeats int) {
	t.Helper()
	ids, names, total := map[string]int{}, map[string]int{}, 0
	for _, r := range x.all() {
		if !r.taken {
			continue
		}
		ids[r.id]++
		total += max(r.alerts, 1)
		for _, name := range r.names {
			names[name]++
		}
		if r.repeat {
			t.Error("an alert is called a repeat")
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
	for name, n := range names {
		if n > 1 {
			t.Errorf("%s was told of %d times", name, n)
		}
	}
	if total != heartbeats || x.most() > maxAtOnce {
		t.Errorf("told of %d heartbeats, want %d; %d requests at once", total, heartbeats, x.most())
	}
}

// watchHeap looks at the heap ten times a second, and returns what tells the most that was in use beyond what was at first.
func watchHeap(t *testing.T) (peak func() uint64) {
	percent := debug.SetGCPercent(100) // make test has more
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	var most atomic.Uint64
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
			}
			if runtime.ReadMemStats(&m); m.HeapAlloc > before {
				most.Store(max(most.Load(), m.HeapAlloc-before))
			}
		}
	})
	t.Cleanup(func() { close(done); watching.Wait() })
	return most.Load
}
