package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/load"
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

// command is the generator, which is not yet started.
func (b *bench) command(ctx context.Context, s shot) *exec.Cmd {
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

// load runs the generator to its end.
func (b *bench) load(ctx context.Context, s shot) (*load.Report, error) {
	out, err := b.command(ctx, s).Output()
	return decodeReport(out, err)
}

// startLoad runs the generator beside what else is done; wait returns its report.
func (b *bench) startLoad(ctx context.Context, s shot) (wait func() (*load.Report, error)) {
	type result struct {
		r   *load.Report
		err error
	}
	done := make(chan result, 1)
	go func() {
		r, err := b.load(ctx, s)
		done <- result{r, err}
	}()
	return func() (*load.Report, error) { r := <-done; return r.r, r.err }
}

func decodeReport(out []byte, err error) (*load.Report, error) {
	if err != nil {
		return nil, fmt.Errorf("the load generator: %w", err)
	}
	r := &load.Report{}
	if err := json.Unmarshal(out, r); err != nil {
		return nil, fmt.Errorf("the load generator says %.200q: %w", out, err)
	}
	return r, nil
}
