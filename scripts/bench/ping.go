package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/load"
)

// contestant is one of the things that are compared.
type contestant struct {
	name string
	run  func(context.Context) (*load.Report, error)

	perSecond, p50, p99 spread
	bad                 int64
}

// compete measures everybody in each round, forwards and backwards in turn.
func compete(ctx context.Context, rounds int, list []*contestant) error {
	for i := range rounds {
		say("round %d of %d", i+1, rounds)
		for j := range list {
			if i%2 == 1 {
				j = len(list) - 1 - j
			}
			if err := list[j].measure(ctx); err != nil {
				return fmt.Errorf("%s: %w", list[j].name, err)
			}
		}
	}
	return nil
}

func (c *contestant) measure(ctx context.Context) error {
	r, err := c.run(ctx)
	if err != nil {
		return err
	}
	c.perSecond = append(c.perSecond, r.PerSecond)
	c.p50 = append(c.p50, r.Latency.P50)
	c.p99 = append(c.p99, r.Latency.P99)
	c.bad += r.Bad() + r.Unsent
	return nil
}

// measurePings compares a ping with a bare HTTP handler, and with a bare Raft.
func measurePings(ctx context.Context, b *bench) error {
	raftTest, err := b.buildBareRaft(ctx)
	if err != nil {
		return err
	}
	bare, stop, err := b.startBare()
	if err != nil {
		return err
	}
	defer stop()
	c, err := b.startCluster(ctx, 3, b.heartbeats)
	if err != nil {
		return err
	}
	defer c.close()
	w, err := b.findWrk()
	if err != nil {
		return err
	}

	at := func(urls []string, conns int) func(context.Context) (*load.Report, error) {
		return func(ctx context.Context) (*load.Report, error) {
			return b.load(ctx, shot{urls: urls, tokens: c.tokens, conns: conns, duration: b.duration})
		}
	}
	byWrk := func(urls []string) func(context.Context) (*load.Report, error) {
		return func(ctx context.Context) (*load.Report, error) {
			return w.load(ctx, shot{urls: urls, tokens: c.tokens, conns: b.conns, duration: b.duration})
		}
	}
	leader, all := []string{c.leader.URL()}, c.urls()
	none := &contestant{name: "bare fasthttp handler", run: at([]string{bare}, b.conns)}
	lead := &contestant{name: "pings through the leader", run: at(leader, b.conns)}
	every := &contestant{name: "pings spread over the nodes", run: at(all, b.conns)}
	single := &contestant{name: "pings, one at a time", run: at(leader, 1)}
	apply := &contestant{name: "bare raft.Apply, one at a time", run: func(ctx context.Context) (*load.Report, error) { return b.bareRaft(ctx, raftTest) }}
	list := []*contestant{none, lead, every, apply, single}
	var wrkNone, wrkLead, wrkEvery *contestant
	if w != nil {
		wrkNone = &contestant{name: "wrk: bare fasthttp handler", run: byWrk([]string{bare})}
		wrkLead = &contestant{name: "wrk: pings through the leader", run: byWrk(leader)}
		wrkEvery = &contestant{name: "wrk: pings spread over the nodes", run: byWrk(all)}
		list = append(list, wrkNone, wrkLead, wrkEvery)
	} else {
		say("wrk is not installed (apt-get install wrk): the ratios are taken with one generator only")
	}
	if err := compete(ctx, b.rounds, list); err != nil {
		return err
	}

	fmt.Printf("%d connections, %d heartbeats, %d rounds of %s, three nodes on loopback, fsync on; medians (lowest to highest)\n\n",
		b.conns, b.heartbeats, b.rounds, b.duration)
	t := newTable(os.Stdout, "what", "per second", "p50 ms", "p99 ms", "not OK", "ratio")
	line := func(c *contestant, ratio spread) {
		shown := ""
		if ratio != nil {
			shown = ratio.show("%.2f")
		}
		t.row(c.name, c.perSecond.show("%.0f"), fmt.Sprintf("%.2f", c.p50.median()), fmt.Sprintf("%.2f", c.p99.median()), c.bad, shown)
	}
	line(none, nil)
	line(lead, lead.perSecond.over(none.perSecond))
	line(every, every.perSecond.over(none.perSecond))
	if w != nil {
		line(wrkNone, nil)
		line(wrkLead, wrkLead.perSecond.over(wrkNone.perSecond))
		line(wrkEvery, wrkEvery.perSecond.over(wrkNone.perSecond))
	}
	line(apply, nil)
	line(single, single.p50.over(apply.p50))
	t.Flush()

	for _, f := range []struct {
		what   string
		of, by *contestant
		goal   float64
	}{
		{"pings/s through the leader ÷ bare fasthttp", lead, none, 0.70},
		{"pings/s spread over the nodes ÷ bare fasthttp", every, none, 0.55},
		{"  the same by wrk: leader", wrkLead, wrkNone, 0.70},
		{"  the same by wrk: spread", wrkEvery, wrkNone, 0.55},
	} {
		if f.of == nil {
			continue
		}
		ratio := f.of.perSecond.over(f.by.perSecond)
		b.find(f.what, fmt.Sprintf("≥ %.2f", f.goal), ratio.show("%.2f"), ratio.median() >= f.goal && f.of.bad == 0)
	}
	ratio := single.p50.over(apply.p50)
	b.find("one ping at a time: median ÷ median of a bare raft.Apply", "≤ 1.5", ratio.show("%.2f"), ratio.median() <= 1.5)
	return nil
}

// buildBareRaft makes the program that is the yardstick for one ping at a time.
func (b *bench) buildBareRaft(ctx context.Context) (string, error) {
	path := filepath.Join(b.dir, "raft.test")
	out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", path, "./cluster").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("the bare Raft cannot be built: %w\n%s", err, out)
	}
	return path, nil
}

var p50 = regexp.MustCompile(`([0-9.]+) p50-ns`)

// bareRaft takes the median time of one Apply on three Raft nodes that do nothing else.
func (b *bench) bareRaft(ctx context.Context, path string) (*load.Report, error) {
	cmd := exec.CommandContext(ctx, path, "-test.run", "^$", "-test.bench", "BareRaftApply", "-test.benchtime", b.duration.String())
	out, err := cmd.CombinedOutput()
	m := p50.FindSubmatch(out)
	if err != nil || m == nil {
		return nil, fmt.Errorf("the bare Raft: %w\n%s", err, out)
	}
	ns, err := strconv.ParseFloat(string(m[1]), 64)
	ms := ns / float64(time.Millisecond)
	return &load.Report{PerSecond: 1000 / ms, Latency: load.Percentiles{P50: ms}}, err
}

// startBare runs the yardstick for full speed.
func (b *bench) startBare() (url string, stop func(), err error) {
	cmd := exec.Command(b.self, "bare")
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() { _ = in.Close(); _ = cmd.Wait() }
	var addr string
	if _, err = fmt.Fscanln(out, &addr); err != nil {
		stop()
		return "", nil, err
	}
	return "http://" + addr, stop, nil
}
