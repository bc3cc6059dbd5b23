package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// restartGoal is how long a node with the large state may take until it serves.
const restartGoal = 15.0 // s

// measureRestart kills nodes with the large state, and starts them again.
func measureRestart(ctx context.Context, b *bench) error {
	l, err := b.largeCluster(ctx)
	if err != nil {
		return err
	}
	// Entries behind the newest snapshot are part of what a start has to read.
	r, err := b.runGenerator(ctx, shot{urls: l.urls(), tokens: l.tokens, conns: b.conns, duration: 2 * b.duration})
	if err != nil {
		return err
	}
	follower := l.Followers(l.leader)[:1]
	one, err := restartEach(ctx, follower)
	if err != nil {
		return err
	}
	all, err := restartEach(ctx, l.Nodes)
	if err != nil {
		return err
	}
	if err := l.waitReady(ctx); err != nil {
		return err
	}
	fmt.Printf("after %d pings: kill -9 and start of a follower: ready after %.1f s; of all three at once: %s s\n",
		r.Whole.Acknowledged, one.max(), all.format("%.1f"))
	b.addFinding("  same: restart until it serves", "≤ 15 s",
		fmt.Sprintf("one node %.1f s; all three at once %.1f s", one.max(), all.max()), one.max() <= restartGoal && all.max() <= restartGoal)
	return nil
}

// restartEach kills the nodes and starts them all at once. It returns how long each took
// from the start of its process until it was ready, in seconds.
func restartEach(ctx context.Context, nodes []*localcluster.Node) (took spread, err error) {
	for _, n := range nodes {
		if err := n.Kill(); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, joinLimit)
	defer cancel()
	took = make(spread, len(nodes))
	errs := make([]error, len(nodes))
	began := time.Now()
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() {
			if errs[i] = n.Start(); errs[i] == nil {
				errs[i] = n.WaitReady(ctx)
			}
			took[i] = time.Since(began).Seconds()
		})
	}
	wg.Wait()
	return took, errors.Join(errs...)
}
