package e2e

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestOverloadIsShed asks more of a cluster than it holds: what is too much is
// refused at once with a word about when to come again, the rest goes on.
func TestOverloadIsShed(t *testing.T) {
	t.Parallel()
	e := startFaulty(t, 3, "--history", "1000000")
	e.waitServing(t)
	for _, n := range e.Nodes {
		testkit.Must(t, n.Stop())
		testkit.Must(t, n.Break("held", "20"))
		testkit.Must(t, n.Start())
	}
	e.waitReady()
	leader := e.leader()
	n := e.Followers(leader)[0]
	h := create(t, n, fields{"name": "popular", "interval_secs": 3600})

	var taken, shed atomic.Int64
	var slowest atomic.Int64
	crowd := func(clients int, until func() bool) {
		var wg sync.WaitGroup
		transport := &http.Transport{MaxIdleConnsPerHost: clients}
		defer transport.CloseIdleConnections()
		c := &http.Client{Transport: transport, Timeout: testkit.Patience}
		for range clients {
			wg.Go(func() {
				for !until() {
					began := time.Now()
					resp, err := c.Post(pingURL(n, h), "", nil)
					if err != nil {
						t.Error(err)
						return
					}
					resp.Body.Close()
					switch resp.StatusCode {
					case 200:
						taken.Add(1)
					case 503:
						shed.Add(1)
						if resp.Header.Get("Retry-After") == "" {
							t.Error("503 without Retry-After")
						}
						for d := time.Since(began); int64(d) > slowest.Load(); {
							slowest.Store(int64(d))
						}
						time.Sleep(time.Millisecond)
					default:
						t.Errorf("answered %s", resp.Status)
					}
				}
			})
		}
		wg.Wait()
	}

	crowd(150, func() bool { return shed.Load() >= 500 && taken.Load() >= 500 })
	if d := time.Duration(slowest.Load()); d > 9*time.Second { // who waits in vain is refused after 10 s
		t.Errorf("a refusal took %s", d)
	}
	t.Logf("150 clients where 20 may wait: %d pings taken, %d refused, the slowest refusal after %s", taken.Load(), shed.Load(), time.Duration(slowest.Load()))
	shed.Store(0)
	before := taken.Load()
	crowd(5, func() bool { return taken.Load() >= before+100 })
	if s := shed.Load(); s > 0 {
		t.Errorf("after the rush %d pings of 5 clients were refused", s)
	}
	if got := int64(get(t, leader, h.ID).PingsTotal); got != taken.Load() {
		t.Errorf("%d pings answered 200, %d counted", taken.Load(), got)
	}
}
