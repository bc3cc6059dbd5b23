package e2e

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestARollingRestartBehindALoadBalancer restarts every node while clients ping
// as a load balancer has them do: to any node, and to the next one if a
// connection is refused. No other trouble may be seen.
func TestARollingRestartBehindALoadBalancer(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3, "--history", "1000000")
	e.waitServing(t)
	h := create(t, e.Nodes[0], fields{"name": "busy", "interval_secs": 3600})
	var urls [3]atomic.Pointer[string]
	publish := func(i int) { url := pingURL(e.Nodes[i], h); urls[i].Store(&url) }
	for i := range urls {
		publish(i)
	}
	over := make(chan struct{})
	var taken, moved, failed atomic.Int64
	var clients sync.WaitGroup
	for c := range 8 {
		clients.Go(func() {
			// Kept connections, as a balancer has them: a node that leaves must say so.
			client := &http.Client{Timeout: testkit.Patience, Transport: &http.Transport{DisableKeepAlives: c%2 == 0}}
			defer client.CloseIdleConnections()
			for i := c; ; i++ {
				select {
				case <-over:
					return
				case <-time.After(2 * time.Millisecond):
				}
				for tries := 0; ; tries++ {
					resp, err := client.Post(*urls[(i+tries)%3].Load(), "", nil)
					if errors.Is(err, syscall.ECONNREFUSED) && tries < 3 {
						moved.Add(1)
						continue
					}
					if err == nil {
						resp.Body.Close()
					}
					if err != nil || resp.StatusCode != 200 {
						failed.Add(1)
						t.Errorf("a ping failed: %v %v", resp, err)
					} else {
						taken.Add(1)
					}
					break
				}
			}
		})
	}
	wait := func() {
		target := taken.Load() + 200
		testkit.Eventually(t, "pings go on", func() bool { return taken.Load() >= target })
	}
	for i, n := range e.Nodes {
		wait()
		testkit.Must(t, n.Stop())
		wait()
		testkit.Must(t, n.Start())
		publish(i)
		e.waitReady()
	}
	wait()
	close(over)
	clients.Wait()
	if got := int64(get(t, e.Nodes[0], h.ID).PingsTotal); got != taken.Load() {
		t.Errorf("%d pings answered, %d counted", taken.Load(), got)
	}
	t.Logf("%d pings taken, %d moved to the next node, %d failed", taken.Load(), moved.Load(), failed.Load())
}
