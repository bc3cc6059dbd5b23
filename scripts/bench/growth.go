package main

import (
	"context"
	"fmt"
	"os"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
	"github.com/quorumbeat/quorumbeat/scripts/etcd"
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

// usualRates are what real monitors see, in pings a second: most see ten, and the largest public one 500 on average, 4,000 at
// each full minute and 10,000 at each hour.
var usualRates = []float64{10, 100, 500, 1000, 4000, 16000}

// etcdMost is up to which of them etcd is asked for puts.
const etcdMost = 4000

// measureRates shows what a ping costs at the loads that people have, beside a put of etcd.
func measureRates(ctx context.Context, b *bench) error {
	c, err := b.startCluster(ctx, 3, b.heartbeats)
	if err != nil {
		return err
	}
	defer c.close()
	var e *etcd.Cluster
	if binary := etcd.Find(); binary == "" {
		say("etcd is not installed (apt-get install etcd-server): there is nothing to compare with")
	} else if e, err = etcd.Start(ctx, binary, b.dir); err != nil {
		return err
	} else {
		defer e.Stop()
	}
	var list []*contestant
	at := map[string]*contestant{}
	add := func(rate float64, name string, pids []int, run func(context.Context, shot) (*report, error)) {
		s := shot{urls: []string{c.leader.URL()}, tokens: c.tokens, conns: ratesConns, rate: rate, duration: b.duration}
		at[rateName(name, rate)] = &contestant{name: rateName(name, rate), pids: pids, run: func(ctx context.Context) (*report, error) { return run(ctx, s) }}
		list = append(list, at[rateName(name, rate)])
	}
	for _, rate := range usualRates {
		add(rate, "leader", c.pids(), b.runGenerator)
		add(rate, "spread", c.pids(), func(ctx context.Context, s shot) (*report, error) {
			s.urls = c.urls()
			return b.runGenerator(ctx, s)
		})
		if e != nil && rate <= etcdMost {
			add(rate, "etcd", e.PIDs(), func(ctx context.Context, s shot) (*report, error) {
				r, err := e.Load(ctx, s.rate, s.duration)
				return &report{Report: r}, err
			})
		}
	}
	if err := measureRounds(ctx, b.rounds, list); err != nil {
		return err
	}
	fmt.Printf("three nodes, %d connections on a schedule; CPU of all three nodes together, of one core; latency from the intended time\n\n", ratesConns)
	t := newTable(os.Stdout, "a second", "", "CPU, %", "µs of CPU each", "p50 ms", "p99 ms", "beside etcd", "not OK")
	for _, rate := range usualRates {
		put := at[rateName("etcd", rate)]
		for _, name := range []string{"leader", "spread", "etcd"} {
			m := at[rateName(name, rate)]
			if m == nil {
				continue
			}
			ratio := ""
			if put != nil && m != put {
				ratio = m.server.dividedBy(put.server).format("%.2f")
			}
			t.row(fmt.Sprintf("%.0f", rate), name, fmt.Sprintf("%.0f", m.server.median()*m.perSecond.median()/1e4), m.server.format("%.0f"),
				fmt.Sprintf("%.2f", m.p50.median()), fmt.Sprintf("%.2f", m.p99.median()), ratio, m.bad)
		}
		b.judgeRate(rate, at[rateName("leader", rate)], put)
	}
	t.Flush()
	return nil
}

const ratesConns = 256

func rateName(name string, rate float64) string { return fmt.Sprintf("%s at %.0f/s", name, rate) }

// judgeRate holds what was found at a rate to its goals.
func (b *bench) judgeRate(rate float64, ping, put *contestant) {
	if put != nil && rate >= 500 {
		ratio := ping.server.dividedBy(put.server)
		b.addFinding(fmt.Sprintf("CPU of a ping ÷ of an etcd put, %.0f a second", rate), "≤ 0.4", ratio.format("%.2f"), ratio.median() <= 0.4)
	}
	if rate == 1000 || rate == 4000 {
		p50, p99 := ping.p50.median(), ping.p99.median()
		b.addFinding(fmt.Sprintf("p50 and p99, %.0f a second", rate), "≤ 3 and ≤ 8 ms", fmt.Sprintf("%.2f and %.2f ms", p50, p99), p50 <= 3 && p99 <= 8)
	}
}

// measureMany compares pings on a schedule at the leader of the large cluster with the same at one of few heartbeats.
func measureMany(ctx context.Context, b *bench) error {
	l, err := b.largeCluster(ctx)
	if err != nil {
		return err
	}
	c, err := b.startCluster(ctx, 3, b.heartbeats)
	if err != nil {
		return err
	}
	defer c.close()
	at := func(name string, t *trial) *contestant {
		s := shot{urls: []string{t.leader.URL()}, tokens: t.tokens, conns: ratesConns, rate: b.rate, duration: b.duration}
		return &contestant{name: name, pids: t.pids(), run: func(ctx context.Context) (*report, error) { return b.runGenerator(ctx, s) }}
	}
	few, many := at(fmt.Sprintf("%d heartbeats", b.heartbeats), c), at(fmt.Sprintf("%d heartbeats", b.many), l.trial)
	if err := measureRounds(ctx, b.rounds, []*contestant{few, many}); err != nil {
		return err
	}
	fmt.Printf("%.0f pings/s through the leader, %d connections; latency from the intended time; medians (lowest to highest)\n\n", b.rate, ratesConns)
	t := newTable(os.Stdout, "what", "p50 ms", "p99 ms", "µs of CPU a ping, all nodes", "not OK")
	for _, m := range []*contestant{few, many} {
		t.row(m.name, m.p50.format("%.2f"), m.p99.format("%.2f"), m.server.format("%.0f"), m.bad)
	}
	t.Flush()
	ratio := many.p99.dividedBy(few.p99)
	b.addFinding(fmt.Sprintf("p99 at %.0f pings/s, %d heartbeats ÷ %d", b.rate, b.many, b.heartbeats), "≤ 1.5", ratio.format("%.2f"), ratio.median() <= 1.5)
	return nil
}
