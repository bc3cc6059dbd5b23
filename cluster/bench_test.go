package cluster

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Pings through one node, or all, of three on loopback, every answer after a
// majority's fsync.
func BenchmarkPing(b *testing.B) {
	c := newTrio(b, 3)
	defer c.stop()
	_, token := c.heartbeat(0, 1)
	lead := c.leader()
	for _, tt := range []struct {
		name    string
		nodes   []*testNode
		workers int
	}{
		{"one at a time at the leader", c.nodes[lead : lead+1], 1},
		{"512 at the leader", c.nodes[lead : lead+1], 512},
		{"512 at all nodes", c.nodes, 512},
	} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			benchPings(b, tt.nodes, tt.workers, token)
		})
	}
}

func benchPings(b *testing.B, nodes []*testNode, workers int, token fsm.Token) {
	var wg sync.WaitGroup
	left := make(chan int, workers)
	for i := range workers {
		left <- b.N*(i+1)/workers - b.N*i/workers
	}
	close(left)
	ctx := deadlineOnly{context.Background(), time.Now().Add(time.Hour)}
	for i := range workers {
		n := nodes[i%len(nodes)]
		wg.Go(func() {
			for range <-left {
				if _, err := n.Propose(ctx, pingOf(n, token)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pings/s")
}
