package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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

const (
	minuteJobs = 10_000 // that ping within a second, as at a full hour in the largest public monitor
	handshakes = 2_000  // each with a connection over TLS
	atOnce     = 64     // of those
)

// measureMinute has many jobs ping within a second, each over a connection of its own as curl makes it, beside a bare
// handler: straight, through HAProxy, and over TLS; and beside the least that makes a ping durable.
func measureMinute(ctx context.Context, b *bench) error {
	for _, part := range []func(context.Context, *bench) error{measureBurst, measureHandshakes} {
		if err := part(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// burstOf is a burst as a contestant's run.
func (t *trial) burstOf(all burst.Burst, addrs ...string) func(context.Context) (*report, error) {
	return func(ctx context.Context) (*report, error) {
		tokens, err := os.ReadFile(t.tokens)
		if err != nil {
			return nil, err
		}
		all.Tokens, all.Addrs = strings.Fields(string(tokens)), nil
		for _, addr := range addrs {
			_, host, found := strings.Cut(addr, "://")
			if !found {
				host = addr
			}
			all.Addrs = append(all.Addrs, host)
		}
		r, err := all.Run(ctx)
		return &report{Report: r}, err
	}
}

func measureBurst(ctx context.Context, b *bench) error {
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
	one := burst.Burst{Pings: minuteJobs, During: time.Second}
	synced, err := b.startBare("-disk", filepath.Join(c.Dir, "one-disk"))
	if err != nil {
		return err
	}
	defer synced.stop()
	agreed, err := b.startBare("-disk", filepath.Join(c.Dir, "three-disks"), "-others", "2")
	if err != nil {
		return err
	}
	defer agreed.stop()
	none := &contestant{name: "bare fasthttp handler", run: c.burstOf(one, bare.url), pids: []int{bare.pid}}
	disk := &contestant{name: "one that syncs each batch", run: c.burstOf(one, synced.url), pids: synced.pids()}
	disks := &contestant{name: "one that a majority of three syncs for", run: c.burstOf(one, agreed.url), pids: agreed.pids()}
	lead := &contestant{name: "through the leader", run: c.burstOf(one, c.leader.URL()), pids: c.pids()}
	every := &contestant{name: "spread over the nodes", run: c.burstOf(one, c.urls()...), pids: c.pids()}
	list := []*contestant{none, disk, disks, lead, every}
	beside := map[*contestant]*contestant{disk: none, disks: none, lead: none, every: none}
	if binary := burst.FindHAProxy(); binary == "" {
		say("HAProxy is not installed (apt-get install haproxy): nothing goes through it")
	} else {
		before := func(servers ...string) (*burst.Balancer, error) {
			for i := range servers {
				servers[i] = strings.TrimPrefix(servers[i], "http://")
			}
			return burst.StartBalancer(binary, c.Dir, servers)
		}
		bareBehind, err := before(bare.url)
		if err != nil {
			return err
		}
		defer bareBehind.Stop()
		behind, err := before(c.urls()...)
		if err != nil {
			return err
		}
		defer behind.Stop()
		proxied := &contestant{name: "bare handler behind HAProxy", run: c.burstOf(one, bareBehind.Addr), pids: []int{bare.pid, bareBehind.PID()}}
		nodes := &contestant{name: "the nodes behind HAProxy", run: c.burstOf(one, behind.Addr), pids: append(c.pids(), behind.PID())}
		list = append(list, proxied, nodes)
		beside[nodes] = proxied
	}
	if err := measureRounds(ctx, b.rounds, list); err != nil {
		return err
	}
	fmt.Printf("%d pings within a second, each over a new connection; medians (lowest to highest)\n\n", minuteJobs)
	t := newTable(os.Stdout, "what", "p50 ms", "p99 ms", "p99 ÷ bare", "CPU µs a ping: servers", "not OK")
	bad := int64(0)
	for _, m := range list {
		ratio := ""
		if beside[m] != nil {
			bad += m.bad
			ratio = m.p99.dividedBy(beside[m].p99).format("%.2f")
		}
		t.row(m.name, m.p50.format("%.2f"), m.p99.format("%.2f"), ratio, m.server.format("%.1f"), m.bad)
	}
	t.Flush()
	ratio := lead.p99.dividedBy(none.p99)
	fmt.Printf("\nthe leader's p99 ÷ that of a handler that a majority of three syncs for: %s\n", lead.p99.dividedBy(disks.p99).format("%.2f"))
	b.addFinding(fmt.Sprintf("%d new connections in one second, each a ping: p99 ÷ bare fasthttp's", minuteJobs), "≤ 1.5", ratio.format("%.2f"), ratio.median() <= 1.5)
	b.addFinding("  same: refused or failed", "0", fmt.Sprint(bad), bad == 0)
	return nil
}

// measureHandshakes compares how many new connections over TLS a second servers take, a ping on each.
func measureHandshakes(ctx context.Context, b *bench) error {
	dir, err := os.MkdirTemp(b.dir, "tls-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cert, key, err := burst.Certificate(dir)
	if err != nil {
		return err
	}
	bare, err := b.startBare("-cert", cert, "-key", key)
	if err != nil {
		return err
	}
	defer bare.stop()
	c, err := b.startClusterOf(ctx, localcluster.Options{Nodes: 3, Cert: cert, Key: key}, b.heartbeats)
	if err != nil {
		return err
	}
	defer c.close()
	one := burst.Burst{Pings: handshakes, AtOnce: atOnce, TLS: localcluster.AnyCertificate}
	none := &contestant{name: "bare fasthttp TLS server", run: c.burstOf(one, bare.url), pids: []int{bare.pid}}
	lead := &contestant{name: "through the leader", run: c.burstOf(one, c.leader.URL()), pids: c.pids()}
	every := &contestant{name: "spread over the nodes", run: c.burstOf(one, c.urls()...), pids: c.pids()}
	list := []*contestant{none, lead, every}
	if err := measureRounds(ctx, b.rounds, list); err != nil {
		return err
	}
	fmt.Printf("pings over TLS, each over a new connection with a handshake of its own, %d at a time; medians (lowest to highest)\n\n", atOnce)
	t := newTable(os.Stdout, "what", "handshakes a second", "÷ bare", "p99 ms", "CPU µs a ping: servers", "not OK")
	for _, m := range list {
		t.row(m.name, m.perSecond.format("%.0f"), m.perSecond.dividedBy(none.perSecond).format("%.2f"), m.p99.format("%.1f"), m.server.format("%.0f"), m.bad)
	}
	t.Flush()
	ratio := lead.perSecond.dividedBy(none.perSecond)
	b.addFinding("  same over TLS: handshakes a second ÷ a bare fasthttp TLS server's", "≥ 0.75", ratio.format("%.2f"), ratio.median() >= 0.75 && lead.bad+every.bad == 0)
	return nil
}
