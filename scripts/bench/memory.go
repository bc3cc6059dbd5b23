package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

const (
	calm     = 10 * time.Second // after a start
	idleTime = 30 * time.Second // over which CPU is taken
)

// measureMemory leaves the large cluster alone, then pings it, and looks at what it takes.
func measureMemory(ctx context.Context, b *bench) error {
	l, err := b.largeCluster(ctx)
	if err != nil {
		return err
	}
	if err := sleepContext(ctx, calm); err != nil {
		return err
	}
	before, err := usages(l.Nodes)
	if err != nil {
		return err
	}
	if err := sleepContext(ctx, idleTime); err != nil {
		return err
	}
	after, err := usages(l.Nodes)
	if err != nil {
		return err
	}
	r, err := b.runGenerator(ctx, shot{urls: l.urls(), tokens: l.tokens, conns: b.conns, duration: 3 * b.duration})
	if err != nil {
		return err
	}
	pinged, err := usages(l.Nodes)
	if err != nil {
		return err
	}
	fmt.Printf("%d heartbeats, %d %% of them with cron schedules, %d pings of history each; no pings for %s, then %d at full speed\n\n", b.many, b.cron, b.history, idleTime, r.Whole.Acknowledged)
	t := newTable(os.Stdout, "node", "idle: CPU, % of a core", "resident MiB", "after the pings", "at most")
	var resident, loaded, cpu spread
	for i, n := range l.Nodes {
		used := 100 * (after[i].CPU - before[i].CPU).Seconds() / idleTime.Seconds()
		resident, loaded, cpu = append(resident, mib(after[i].Resident)), append(loaded, mib(pinged[i].Resident)), append(cpu, used)
		t.row(l.roleOf(n), fmt.Sprintf("%.2f", used), fmt.Sprintf("%.0f", mib(after[i].Resident)),
			fmt.Sprintf("%.0f", mib(pinged[i].Resident)), fmt.Sprintf("%.0f", mib(pinged[i].Peak)))
	}
	t.Flush()
	b.addFinding(fmt.Sprintf("%d heartbeats, %d pings each: resident memory of a node", b.many, b.history), "≤ 1.5 GiB",
		fmt.Sprintf("%.2f GiB idle, %.2f GiB after pings", resident.max()/1024, loaded.max()/1024), max(resident.max(), loaded.max()) <= 1536)
	b.addFinding("  same: idle CPU of a node", "≤ 1 % of a core", fmt.Sprintf("%.2f %%, the node with the most", cpu.max()), cpu.max() <= 1)
	return nil
}

func (t *trial) roleOf(n *localcluster.Node) string {
	if n == t.leader {
		return n.Name + " (leader)"
	}
	return n.Name
}

func usages(nodes []*localcluster.Node) (list []localcluster.Usage, err error) {
	for _, n := range nodes {
		u, err := n.Usage()
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, nil
}

// sleepContext lets time pass.
func sleepContext(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
