package main

import (
	"context"
	"fmt"
	"os"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
)

// measureLatency tells how long pings take at parts of the full load.
func measureLatency(ctx context.Context, b *bench) error {
	c, err := b.startCluster(ctx, 3, b.heartbeats)
	if err != nil {
		return err
	}
	defer c.close()
	s := shot{urls: c.urls(), tokens: c.tokens, conns: b.conns, duration: b.duration}
	full, err := b.runGenerator(ctx, s)
	if err != nil {
		return err
	}
	// To keep a schedule costs the generator more, on the cores that they share.
	s.rate = 1.5 * full.PerSecond
	most, err := b.runGenerator(ctx, s)
	if err != nil {
		return err
	}
	fmt.Printf("three nodes, %d connections spread over them; full load is what they do on a schedule that asks for more.\nLatency from the intended time, ms:\n\n", b.conns)
	t := newTable(os.Stdout, "load", "per second", "p50", "p90", "p99", "p99.9", "max", "not OK")
	defer t.Flush()
	t.row("as fast as they are answered", fmt.Sprintf("%.0f", full.PerSecond), percentileCells(full.Latency), full.Bad())
	t.row("full", fmt.Sprintf("%.0f", most.PerSecond), "\t\t\t\t", most.Bad())
	for _, part := range []float64{0.1, 0.5, 0.9} {
		s.rate = most.PerSecond * part
		s.duration = 2 * b.duration
		r, err := b.runGenerator(ctx, s)
		if err != nil {
			return err
		}
		t.row(fmt.Sprintf("%.0f %%", part*100), fmt.Sprintf("%.0f", r.PerSecond), percentileCells(r.Latency), r.Bad()+r.Unsent)
	}
	return nil
}

// percentileCells are five cells of a table.
func percentileCells(p load.Percentiles) string {
	return fmt.Sprintf("%.2f\t%.2f\t%.2f\t%.2f\t%.1f", p.P50, p.P90, p.P99, p.P999, p.Max)
}

// measureNodes compares clusters of one, three and five nodes.
func measureNodes(ctx context.Context, b *bench) error {
	var list []*contestant
	for _, nodes := range []int{1, 3, 5} {
		c, err := b.startCluster(ctx, nodes, b.heartbeats)
		if err != nil {
			return err
		}
		defer c.close()
		s := shot{urls: c.urls(), tokens: c.tokens, conns: b.conns, duration: b.duration}
		list = append(list, &contestant{
			name: fmt.Sprint(nodes),
			run:  func(ctx context.Context) (*report, error) { return b.runGenerator(ctx, s) },
		})
	}
	if err := measureRounds(ctx, b.rounds, list); err != nil {
		return err
	}
	fmt.Printf("%d connections spread over the nodes, %d rounds of %s\n\n", b.conns, b.rounds, b.duration)
	t := newTable(os.Stdout, "nodes", "pings per second", "p50 ms", "p99 ms", "not OK")
	for _, c := range list {
		t.row(c.name, c.perSecond.format("%.0f"), fmt.Sprintf("%.2f", c.p50.median()), fmt.Sprintf("%.2f", c.p99.median()), c.bad)
	}
	t.Flush()
	return nil
}

// measureGrowth compares few heartbeats with many.
func measureGrowth(ctx context.Context, b *bench) error {
	bare, err := b.startBare()
	if err != nil {
		return err
	}
	defer bare.stop()
	fmt.Printf("three nodes, %d pings of history each, %d connections spread over them, %d rounds of %s\n\n", b.history, b.conns, b.rounds, b.duration)
	t := newTable(os.Stdout, "heartbeats", "pings per second", "÷ bare", "p99 ms", "not OK", "resident MiB of a node", "image MiB")
	defer t.Flush()
	for n := 1000; n <= b.many; n *= 10 {
		if err := b.growthRow(ctx, t, n, bare.url); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) growthRow(ctx context.Context, t sheet, n int, bare string) error {
	l, done, err := b.stateOf(ctx, n)
	if err != nil {
		return err
	}
	defer done()
	at := func(urls []string) func(context.Context) (*report, error) {
		return func(ctx context.Context) (*report, error) {
			return b.runGenerator(ctx, shot{urls: urls, tokens: l.tokens, conns: b.conns, duration: b.duration})
		}
	}
	none := &contestant{name: "bare", run: at([]string{bare})}
	every := &contestant{name: fmt.Sprint(n), run: at(l.urls())}
	if err := measureRounds(ctx, b.rounds, []*contestant{none, every}); err != nil {
		return err
	}
	var resident spread
	for _, node := range l.Running() {
		u, err := node.Usage()
		if err != nil {
			return err
		}
		resident = append(resident, mib(u.Resident))
	}
	t.row(n, every.perSecond.format("%.0f"), every.perSecond.dividedBy(none.perSecond).format("%.2f"), fmt.Sprintf("%.2f", every.p99.median()),
		every.bad, resident.format("%.0f"), fmt.Sprintf("%.0f", mib(l.image)))
	return nil
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
