package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/burst"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// measureOverload offers twice what the cluster can do, by many connections, and then
// holds it to what it acknowledged.
func measureOverload(ctx context.Context, b *bench) error {
	c, err := b.startCluster(ctx, 3, b.heartbeats)
	if err != nil {
		return err
	}
	defer c.close()
	if b.breakable {
		if err := c.holdFew(ctx, b.overload/12); err != nil {
			return err
		}
	}
	s := shot{urls: c.urls(), tokens: c.tokens, conns: b.conns, duration: b.duration}
	full, err := b.runGenerator(ctx, s)
	if err != nil {
		return err
	}
	before, err := c.pingsTotal(ctx)
	if err != nil {
		return err
	}
	s.conns, s.rate, s.duration = b.overload, 2*full.PerSecond, 4*b.duration
	memory := watchMemory(c.Nodes)
	over, err := b.runGenerator(ctx, s)
	memory.stop()
	if err != nil {
		return err
	}
	counted, err := c.pingsTotal(ctx)
	if err != nil {
		return err
	}
	counted -= before
	s.conns, s.rate, s.duration = b.conns, 0, b.duration
	after, err := b.runGenerator(ctx, s)
	if err != nil {
		return err
	}

	shed := over.Answers[503]
	fmt.Printf("capacity %.0f pings/s by %d connections; offered %.0f pings/s by %d for %.0f s\n\n", full.PerSecond, b.conns, over.Rate, b.overload, over.Seconds)
	t := newTable(os.Stdout, "what", "")
	t.row("acknowledged a second", fmt.Sprintf("%.0f", over.PerSecond))
	t.row("shed with 503", fmt.Sprintf("%d, %d of them without Retry-After", shed, over.WithoutRetryAfter))
	t.row("failed, never sent", fmt.Sprintf("%d, %d", over.Failed(), over.Unsent))
	t.row("from sending to any answer, ms", fmt.Sprintf("p50 %.0f, p99 %.0f, max %.0f", over.Service.P50, over.Service.P99, over.Service.Max))
	t.row("from the intended time, ms", fmt.Sprintf("p50 %.0f, p99 %.0f, max %.0f", over.Latency.P50, over.Latency.P99, over.Latency.Max))
	t.row("resident MiB of a node", memory.String())
	t.row("acknowledged; unknown; counted", fmt.Sprintf("%d; %d; %d", over.Whole.Acknowledged, over.Whole.Unknown, counted))
	t.row("acknowledged a second, afterwards", fmt.Sprintf("%.0f", after.PerSecond))
	t.Flush()
	kept := counted >= over.Whole.Acknowledged && counted <= over.Whole.Acknowledged+over.Whole.Unknown
	b.addFinding("overload, twice the capacity: every acknowledged ping is counted", "yes", fmt.Sprintf("%d ≤ %d ≤ %d", over.Whole.Acknowledged, counted, over.Whole.Acknowledged+over.Whole.Unknown), kept)
	b.addFinding("  same: answers come in time, and say when to come again", "no time-out, Retry-After",
		fmt.Sprintf("p99 %.0f ms, %d failed, %d of %d without Retry-After", over.Service.P99, over.Failed(), over.WithoutRetryAfter, shed), over.Failed() == 0 && over.WithoutRetryAfter == 0)
	return nil
}

// holdFew has nodes that can be told so hold few pings at a time.
func (t *trial) holdFew(ctx context.Context, n int) error {
	for _, node := range t.Nodes {
		if err := node.Stop(); err != nil {
			return err
		}
		if err := node.Break("held", fmt.Sprint(n)); err != nil {
			return err
		}
		if err := node.Start(); err != nil {
			return err
		}
	}
	return t.waitReady(ctx)
}

// memoryWatch looks at nodes' memory while something goes on.
type memoryWatch struct {
	before, most spread
	over         chan struct{}
	wg           sync.WaitGroup
}

func watchMemory(nodes []*localcluster.Node) *memoryWatch {
	w := &memoryWatch{over: make(chan struct{}), before: make(spread, len(nodes)), most: make(spread, len(nodes))}
	for i, n := range nodes {
		if u, err := n.Usage(); err == nil {
			w.before[i] = mib(u.Resident)
		}
		w.wg.Go(func() {
			for {
				if u, err := n.Usage(); err == nil {
					w.most[i] = max(w.most[i], mib(u.Resident))
				}
				select {
				case <-w.over:
					return
				case <-time.After(200 * time.Millisecond):
				}
			}
		})
	}
	return w
}

func (w *memoryWatch) stop() {
	close(w.over)
	w.wg.Wait()
}

func (w *memoryWatch) String() string {
	return fmt.Sprintf("%.0f before, %.0f at most", w.before.max(), w.most.max())
}

// measureMinute has as many jobs ping within a second as are due at a full hour in the largest public monitor, each over a
// connection of its own as curl makes it, beside a bare handler.
func measureMinute(ctx context.Context, b *bench) error {
	const jobs, during = 10_000, time.Second
	bare, err := b.startBare()
	if err != nil {
		return err
	}
	defer bare.stop()
	c, err := b.startCluster(ctx, 3, b.heartbeats)
	if err != nil {
		return err
	}
	defer c.close()
	tokens, err := os.ReadFile(c.tokens)
	if err != nil {
		return err
	}
	at := func(urls ...string) func(context.Context) (*report, error) {
		all := burst.Burst{Pings: jobs, During: during, Tokens: strings.Fields(string(tokens))}
		for _, url := range urls {
			all.Addrs = append(all.Addrs, strings.TrimPrefix(url, "http://"))
		}
		return func(ctx context.Context) (*report, error) {
			r, err := all.Run(ctx)
			return &report{Report: r}, err
		}
	}
	none := &contestant{name: "bare fasthttp handler", run: at(bare.url), pids: []int{bare.pid}}
	lead := &contestant{name: "through the leader", run: at(c.leader.URL()), pids: c.pids()}
	every := &contestant{name: "spread over the nodes", run: at(c.urls()...), pids: c.pids()}
	if err := measureRounds(ctx, b.rounds, []*contestant{none, lead, every}); err != nil {
		return err
	}
	fmt.Printf("%d pings within %s, each over a new connection; medians (lowest to highest)\n\n", jobs, during)
	t := newTable(os.Stdout, "what", "p50 ms", "p99 ms", "p99 ÷ bare", "CPU µs a ping: servers", "not OK")
	for _, m := range []*contestant{none, lead, every} {
		t.row(m.name, m.p50.format("%.2f"), m.p99.format("%.2f"), m.p99.dividedBy(none.p99).format("%.2f"), m.server.format("%.1f"), m.bad)
	}
	t.Flush()
	ratio := lead.p99.dividedBy(none.p99)
	b.addFinding(fmt.Sprintf("%d new connections in one second, each a ping: p99 ÷ bare fasthttp's", jobs), "≤ 1.5", ratio.format("%.2f"), ratio.median() <= 1.5)
	b.addFinding("  same: refused or failed", "0", fmt.Sprint(lead.bad+every.bad), lead.bad+every.bad == 0)
	return nil
}
