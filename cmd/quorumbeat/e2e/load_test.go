package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// pinger is a client that pings one heartbeat through one node.
type pinger struct {
	h     heartbeat
	url   string
	acked atomic.Int64
}

// load is many pingers at work.
type load struct {
	t       *testing.T
	rest    time.Duration // between two pings of a client
	pingers []*pinger
	stop    context.CancelFunc
	wg      sync.WaitGroup
	failed  atomic.Int64
	slowest atomic.Int64 // nanoseconds

	mu     sync.Mutex
	marked time.Time     // pings that begin after this …
	next   time.Duration // … first succeeded after so long
}

// startLoad gives each client a heartbeat and a node in turn. Each ping that is
// not answered 200 fails the test. All together ping at most 400 times a second: more
// takes the time of other tests and makes the batches of this one hardly fuller.
func startLoad(t *testing.T, clients int, nodes []*localcluster.Node) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{t: t, stop: stop, rest: time.Duration(clients) * time.Second / 400}
	for i := range clients {
		n := nodes[i%len(nodes)]
		h := create(t, n, fields{"name": fmt.Sprintf("client %d", i), "interval_secs": 3600})
		l.pingers = append(l.pingers, &pinger{h: h, url: pingURL(n, h)})
	}
	for _, p := range l.pingers {
		l.wg.Go(func() { l.run(ctx, p) })
	}
	t.Cleanup(l.wg.Wait)
	t.Cleanup(stop)
	return l
}

// run pings until ctx ends; a ping under way is always finished.
func (l *load) run(ctx context.Context, p *pinger) {
	own := &http.Client{Timeout: testkit.Patience, Transport: &http.Transport{}}
	defer own.CloseIdleConnections()
	for ctx.Err() == nil {
		began := time.Now()
		resp, err := own.Post(p.url, "", nil)
		if err != nil {
			l.fail("%v", err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 {
			l.fail("%d %s %v", resp.StatusCode, body, err)
			continue
		}
		p.acked.Add(1)
		l.took(began)
		select {
		case <-time.After(l.rest):
		case <-ctx.Done():
		}
	}
}

func (l *load) took(began time.Time) {
	d := time.Since(began)
	for old := l.slowest.Load(); int64(d) > old && !l.slowest.CompareAndSwap(old, int64(d)); {
		old = l.slowest.Load()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.marked.IsZero() && l.next == 0 && began.After(l.marked) {
		l.next = time.Since(l.marked)
	}
}

// fail reports a ping that was refused, the first few in words.
func (l *load) fail(format string, args ...any) {
	if l.failed.Add(1) <= 5 {
		l.t.Errorf("a ping failed: "+format, args...)
	}
	time.Sleep(10 * time.Millisecond)
}

// mark starts the clock for the next ping that commits.
func (l *load) mark() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.marked, l.next = time.Now(), 0
}

// waitNext returns how long after mark a ping that began after it was answered.
func (l *load) waitNext() time.Duration {
	l.t.Helper()
	var next time.Duration
	testkit.Eventually(l.t, "a ping commits again", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		next = l.next
		return next > 0
	})
	return next
}

// waitEach returns once every client has had n more pings answered.
func (l *load) waitEach(n int64) {
	l.t.Helper()
	targets := make([]int64, len(l.pingers))
	for i, p := range l.pingers {
		targets[i] = p.acked.Load() + n
	}
	for i, p := range l.pingers {
		testkit.Eventually(l.t, fmt.Sprintf("client %d has %d more answers", i, n), func() bool { return p.acked.Load() >= targets[i] })
	}
}

// finish stops the clients and holds every answered ping against the history.
func (l *load) finish(n *localcluster.Node) (total int64) {
	l.t.Helper()
	l.stop()
	l.wg.Wait()
	if f := l.failed.Load(); f > 0 {
		l.t.Errorf("%d pings failed", f)
	}
	for i, p := range l.pingers {
		acked := p.acked.Load()
		total += acked
		if got := int64(get(l.t, n, p.h.ID).PingsTotal); got != acked {
			l.t.Errorf("client %d: %d pings answered, %d counted", i, acked, got)
		}
		if got := int64(history(l.t, n, p.h)); got != acked {
			l.t.Errorf("client %d: %d pings answered, %d in the history", i, acked, got)
		}
	}
	return total
}
