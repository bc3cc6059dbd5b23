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

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
)

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
