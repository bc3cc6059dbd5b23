package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
)

// shot is one run of the load generator.
type shot struct {
	urls     []string
	tokens   string // file
	conns    int
	rate     float64 // 0: full speed
	duration time.Duration
	warmup   time.Duration // 0: a tenth of the duration, at least 300 ms
	timeout  time.Duration // 0: the generator's own
	bySecond bool
}

// generatorCommand is the generator, which is not yet started.
func (b *bench) generatorCommand(ctx context.Context, s shot) *exec.Cmd {
	if s.warmup == 0 {
		s.warmup = max(s.duration/10, 300*time.Millisecond)
	}
	args := []string{
		"bench", "--json", "--url", strings.Join(s.urls, ","), "--tokens-file", s.tokens,
		"--connections", strconv.Itoa(s.conns), "--rate", strconv.FormatFloat(s.rate, 'f', -1, 64),
		"--duration", s.duration.String(), "--warmup", s.warmup.String(), "--threads", strconv.Itoa(b.threads),
	}
	if s.timeout > 0 {
		args = append(args, "--timeout", s.timeout.String())
	}
	if s.bySecond {
		args = append(args, "--verbose")
	}
	cmd := exec.CommandContext(ctx, b.generator, args...)
	cmd.Stderr = os.Stderr
	return cmd
}

// report is what a generator tells, and what it took.
type report struct {
	*load.Report
	cpu time.Duration // of the generator
}

// runGenerator runs the generator to its end.
func (b *bench) runGenerator(ctx context.Context, s shot) (*report, error) {
	cmd := b.generatorCommand(ctx, s)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the load generator: %w", err)
	}
	r := &load.Report{}
	if err := json.Unmarshal(out, r); err != nil {
		return nil, fmt.Errorf("the load generator says %.200q: %w", out, err)
	}
	return &report{r, cpuOf(cmd)}, nil
}

// cpuOf is what a process that has ended took.
func cpuOf(cmd *exec.Cmd) time.Duration {
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// startLoad runs the generator beside what else is done; wait returns its report.
func (b *bench) startLoad(ctx context.Context, s shot) (wait func() (*report, error)) {
	type result struct {
		r   *report
		err error
	}
	done := make(chan result, 1)
	go func() {
		r, err := b.runGenerator(ctx, s)
		done <- result{r, err}
	}()
	return func() (*report, error) { r := <-done; return r.r, r.err }
}

//go:embed wrk.lua
var wrkScript []byte

// wrk is a generator by others, for ratios that do not hang on ours.
type wrk struct {
	path, script string
	threads      int
}

// findWrk returns nil if it is not installed.
func (b *bench) findWrk() (*wrk, error) {
	path, err := exec.LookPath("wrk")
	if err != nil {
		return nil, nil
	}
	w := &wrk{path: path, script: filepath.Join(b.dir, "wrk.lua"), threads: 3} // one for each node, when spread
	return w, os.WriteFile(w.script, wrkScript, 0o600)
}

// load pings at full speed.
func (w *wrk) load(ctx context.Context, s shot) (*report, error) {
	cmd := exec.CommandContext(ctx, w.path, "-t", strconv.Itoa(w.threads), "-c", strconv.Itoa(s.conns),
		"-d", fmt.Sprint(max(1, int(s.duration.Seconds()+0.5))), "--timeout", "15", "-s", w.script, s.urls[0])
	cmd.Env = append(os.Environ(), "BENCH_TOKENS="+s.tokens,
		"BENCH_ADDRS="+strings.ReplaceAll(strings.Join(s.urls, ","), "http://", ""))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	r, err := wrkReport(out)
	return &report{r, cpuOf(cmd)}, err
}

// wrkReport reads what the script prints at the end.
func wrkReport(out []byte) (*load.Report, error) {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var r struct{ Requests, Us, Failed, Bad, P50, P99 float64 }
	if err := json.Unmarshal(lines[len(lines)-1], &r); err != nil || r.Us == 0 {
		return nil, fmt.Errorf("wrk says\n%s", out)
	}
	return &load.Report{
		PerSecond: (r.Requests - r.Bad) / r.Us * 1e6,
		Answers:   map[int]int64{200: int64(r.Requests - r.Bad), 599: int64(r.Bad)},
		Failures:  map[string]int64{load.FailedConnection: int64(r.Failed)},
		Latency:   load.Percentiles{P50: r.P50 / 1000, P99: r.P99 / 1000},
	}, nil
}
