package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// contestant is one of the things that are compared.
type contestant struct {
	name string
	run  func(context.Context) (*report, error)
	pids []int // of the servers

	perSecond, p50, p99 spread
	generator, server   spread // µs of CPU a ping, warm-up and start included
	bad                 int64
}

// measureRounds measures everybody in each round, forwards and backwards in turn.
func measureRounds(ctx context.Context, rounds int, list []*contestant) error {
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
	before := cpuOfAll(c.pids)
	r, err := c.run(ctx)
	if err != nil {
		return err
	}
	served := cpuOfAll(c.pids) - before
	c.perSecond = append(c.perSecond, r.PerSecond)
	c.p50 = append(c.p50, r.Latency.P50)
	c.p99 = append(c.p99, r.Latency.P99)
	if n := r.Bad() + r.Unsent; n > 0 {
		c.bad += n
		say("%s: %d not OK: answers %v, failures %v", c.name, n, r.Answers, r.Failures)
	}
	if n := float64(max(r.Whole.Acknowledged, r.Answers[200])); n > 0 {
		c.generator = append(c.generator, float64(r.cpu.Microseconds())/n)
		c.server = append(c.server, float64(served.Microseconds())/n)
	}
	return nil
}

// cpuOfAll is what processes have taken so far; those that cannot be asked, nothing.
func cpuOfAll(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		if u, err := localcluster.UsageOf(pid); err == nil {
			sum += u.CPU
		}
	}
	return sum
}

// measurePings compares a ping with a bare HTTP handler, and with a bare Raft.
func measurePings(ctx context.Context, b *bench) error {
	raftTest, err := b.buildBareRaft(ctx)
	if err != nil {
		return err
	}
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
	w, err := b.findWrk()
	if err != nil {
		return err
	}

	nodes := c.pids()
	at := func(urls []string, conns int) func(context.Context) (*report, error) {
		return func(ctx context.Context) (*report, error) {
			return b.runGenerator(ctx, shot{urls: urls, tokens: c.tokens, conns: conns, duration: b.duration})
		}
	}
	byWrk := func(urls []string) func(context.Context) (*report, error) {
		return func(ctx context.Context) (*report, error) {
			return w.load(ctx, shot{urls: urls, tokens: c.tokens, conns: b.conns, duration: b.duration})
		}
	}
	leader, all := []string{c.leader.URL()}, c.urls()
	none := &contestant{name: "bare fasthttp handler", run: at([]string{bare.url}, b.conns), pids: []int{bare.pid}}
	lead := &contestant{name: "pings through the leader", run: at(leader, b.conns), pids: nodes}
	every := &contestant{name: "pings spread over the nodes", run: at(all, b.conns), pids: nodes}
	single := &contestant{name: "pings, one at a time", run: at(leader, 1), pids: nodes}
	apply := &contestant{name: "bare raft.Apply, one at a time", run: func(ctx context.Context) (*report, error) { return b.bareRaft(ctx, raftTest) }}
	list := []*contestant{none, lead, every, apply, single}
	var wrkNone, wrkLead, wrkEvery *contestant
	if w != nil {
		wrkNone = &contestant{name: "wrk: bare fasthttp handler", run: byWrk([]string{bare.url}), pids: []int{bare.pid}}
		wrkLead = &contestant{name: "wrk: pings through the leader", run: byWrk(leader), pids: nodes}
		wrkEvery = &contestant{name: "wrk: pings spread over the nodes", run: byWrk(all), pids: nodes}
		list = append(list, wrkNone, wrkLead, wrkEvery)
	} else {
		say("wrk is not installed (apt-get install wrk): the ratios are taken with one generator only")
	}
	if err := measureRounds(ctx, b.rounds, list); err != nil {
		return err
	}

	fmt.Printf("%d connections, %d heartbeats, %d rounds of %s, three nodes on loopback, fsync on; medians (lowest to highest)\n\n",
		b.conns, b.heartbeats, b.rounds, b.duration)
	t := newTable(os.Stdout, "what", "per second", "p50 ms", "p99 ms", "not OK", "CPU µs a ping: generator", "servers", "ratio")
	line := func(c *contestant, ratio spread) {
		shown := ""
		if ratio != nil {
			shown = ratio.format("%.2f")
		}
		t.row(c.name, c.perSecond.format("%.0f"), fmt.Sprintf("%.2f", c.p50.median()), fmt.Sprintf("%.2f", c.p99.median()), c.bad,
			fmt.Sprintf("%.1f", c.generator.median()), fmt.Sprintf("%.1f", c.server.median()), shown)
	}
	line(none, nil)
	line(lead, lead.perSecond.dividedBy(none.perSecond))
	line(every, every.perSecond.dividedBy(none.perSecond))
	if w != nil {
		line(wrkNone, nil)
		line(wrkLead, wrkLead.perSecond.dividedBy(wrkNone.perSecond))
		line(wrkEvery, wrkEvery.perSecond.dividedBy(wrkNone.perSecond))
	}
	line(apply, nil)
	line(single, single.p50.dividedBy(apply.p50))
	t.Flush()

	for _, f := range []struct {
		what   string
		of, by *contestant
		goal   float64
	}{
		{"pings/s through the leader ÷ bare fasthttp", lead, none, 0.72},
		{"pings/s spread over the nodes ÷ bare fasthttp", every, none, 0.65},
		{"  the same by wrk: leader", wrkLead, wrkNone, 0.72},
		{"  the same by wrk: spread", wrkEvery, wrkNone, 0.65},
	} {
		if f.of == nil {
			continue
		}
		ratio := f.of.perSecond.dividedBy(f.by.perSecond)
		b.addFinding(f.what, fmt.Sprintf("≥ %.2f", f.goal), ratio.format("%.2f"), ratio.median() >= f.goal && f.of.bad == 0)
	}
	ratio := single.p50.dividedBy(apply.p50)
	b.addFinding("one ping at a time: median ÷ median of a bare raft.Apply", "≤ 1.5", ratio.format("%.2f"), ratio.median() <= 1.5)
	return nil
}

// measureBeside compares this version's pings with those of another, cluster beside cluster.
func measureBeside(ctx context.Context, b *bench) error {
	if b.beside == "" {
		say("there is no other version to compare with: name its program with -beside")
		return nil
	}
	other := *b
	other.binary = b.beside
	var list []*contestant
	for _, v := range []struct {
		name string
		of   *bench
	}{{"this version", b}, {"the other one", &other}} {
		c, err := v.of.startCluster(ctx, 3, b.heartbeats)
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		defer c.close()
		for _, way := range []struct {
			name string
			urls []string
		}{{"through the leader", []string{c.leader.URL()}}, {"spread", c.urls()}} {
			list = append(list, &contestant{name: v.name + ", " + way.name, pids: c.pids(), run: func(ctx context.Context) (*report, error) {
				return b.runGenerator(ctx, shot{urls: way.urls, tokens: c.tokens, conns: b.conns, duration: b.duration})
			}})
		}
	}
	if err := measureRounds(ctx, b.rounds, list); err != nil {
		return err
	}
	t := newTable(os.Stdout, "what", "per second", "p50 ms", "p99 ms", "not OK", "CPU µs a ping of the servers", "of the other one's rate", "of its CPU")
	for i, way := range []string{"pings/s through the leader ÷ the other version's", "pings/s spread over the nodes ÷ the other version's"} {
		ours, theirs := list[i], list[i+2]
		rate := ours.perSecond.dividedBy(theirs.perSecond)
		for _, c := range []*contestant{ours, theirs} {
			t.row(c.name, c.perSecond.format("%.0f"), fmt.Sprintf("%.2f", c.p50.median()), fmt.Sprintf("%.2f", c.p99.median()), c.bad, c.server.format("%.1f"),
				c.perSecond.dividedBy(theirs.perSecond).format("%.3f"), c.server.dividedBy(theirs.server).format("%.3f"))
		}
		b.addFinding(way, "≥ 0.98", rate.format("%.3f"), rate.median() >= 0.98 && ours.bad == 0)
	}
	t.Flush()
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
func (b *bench) bareRaft(ctx context.Context, path string) (*report, error) {
	cmd := exec.CommandContext(ctx, path, "-test.run", "^$", "-test.bench", "BareRaftApply", "-test.benchtime", b.duration.String())
	out, err := cmd.CombinedOutput()
	m := p50.FindSubmatch(out)
	if err != nil || m == nil {
		return nil, fmt.Errorf("the bare Raft: %w\n%s", err, out)
	}
	ns, err := strconv.ParseFloat(string(m[1]), 64)
	ms := ns / float64(time.Millisecond)
	return &report{&load.Report{PerSecond: 1000 / ms, Latency: load.Percentiles{P50: ms}}, 0}, err
}

// rival is a server of package yardstick that runs.
type rival struct {
	url  string
	pid  int
	stop func()
}

// pids are its process, and those that it has begun.
func (r *rival) pids() []int {
	list := []int{r.pid}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", r.pid))
	for _, file := range files {
		children, _ := os.ReadFile(file)
		for _, text := range strings.Fields(string(children)) {
			if pid, err := strconv.Atoi(text); err == nil {
				list = append(list, pid)
			}
		}
	}
	return list
}

// startBare runs one, with arguments of yardstick.Serve.
func (b *bench) startBare(args ...string) (r *rival, err error) {
	cmd := exec.Command(b.self, append([]string{"bare"}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r = &rival{pid: cmd.Process.Pid, stop: func() { _ = in.Close(); _ = cmd.Wait() }}
	var addr string
	if _, err = fmt.Fscanln(out, &addr); err != nil {
		r.stop()
		return nil, err
	}
	r.url = "http://" + addr
	return r, nil
}
