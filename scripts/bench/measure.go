package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

const adminKey = "an-admin-key-for-the-bench"

// bench is what is running while figures are taken.
type bench struct {
	options
	self, tokens, raftTest string
	bare                   string // address of the bare handler
	cluster                *localcluster.Cluster
}

func measure(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp(o.dir, "quorumbeat-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{options: o, tokens: filepath.Join(dir, "tokens"), raftTest: filepath.Join(dir, "raft.test")}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", b.raftTest, "./cluster").CombinedOutput(); err != nil {
		return fmt.Errorf("the bare Raft cannot be built: %w\n%s", err, out)
	}
	stop, err := b.startBare()
	if err != nil {
		return err
	}
	defer stop()
	b.cluster, err = localcluster.Start(localcluster.Options{
		Binary: o.binary, Dir: dir, Nodes: 3, AdminKey: adminKey,
		Flags: []string{"--smtp-url", "stdout:", "--mail-from", "bench@example.com", "--log-level", "warn", "--metrics-per-heartbeat=false"},
	})
	if err != nil {
		return err
	}
	defer b.cluster.Close()
	return b.rounds(ctx)
}

func (b *bench) rounds(ctx context.Context) error {
	ready, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := b.cluster.WaitReady(ready); err != nil {
		return err
	}
	leader, err := b.cluster.Leader(ready)
	if err != nil {
		return err
	}
	if err := b.createHeartbeats(ctx, leader); err != nil {
		return err
	}
	var t table
	for i := range b.options.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", i+1, b.options.rounds)
		if err := b.round(ctx, leader, &t); err != nil {
			return err
		}
	}
	t.print(os.Stdout, b.options)
	return nil
}

func (b *bench) round(ctx context.Context, leader *localcluster.Node, t *table) error {
	var all []string
	for _, n := range b.cluster.Nodes {
		all = append(all, n.Addrs.HTTP)
	}
	var r round
	var err error
	for _, m := range []struct {
		into  *figures
		conns int
		addrs string
	}{
		{&r.bare, b.conns, b.bare},
		{&r.leader, b.conns, leader.Addrs.HTTP},
		{&r.spread, b.conns, strings.Join(all, ",")},
		{&r.single, 1, leader.Addrs.HTTP},
	} {
		if *m.into, err = b.load(ctx, m.conns, m.addrs); err != nil {
			return err
		}
	}
	if r.apply, err = b.bareRaft(ctx); err != nil {
		return err
	}
	t.rounds = append(t.rounds, r)
	return nil
}

func (b *bench) load(ctx context.Context, conns int, addrs string) (figures, error) {
	cmd := exec.CommandContext(ctx, b.self, "load", "-addrs", addrs, "-tokens", b.tokens,
		"-conns", strconv.Itoa(conns), "-duration", b.duration.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return figures{}, fmt.Errorf("the load generator: %w", err)
	}
	var f figures
	return f, json.Unmarshal(out, &f)
}

var p50 = regexp.MustCompile(`([0-9.]+) p50-ns`)

// bareRaft is the median time of one Apply on three Raft nodes that do nothing else.
func (b *bench) bareRaft(ctx context.Context) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, b.raftTest, "-test.run", "^$", "-test.bench", "BareRaftApply", "-test.benchtime", b.duration.String())
	out, err := cmd.CombinedOutput()
	m := p50.FindSubmatch(out)
	if err != nil || m == nil {
		return 0, fmt.Errorf("the bare Raft: %w\n%s", err, out)
	}
	ns, err := strconv.ParseFloat(string(m[1]), 64)
	return time.Duration(ns), err
}

func (b *bench) startBare() (stop func(), err error) {
	cmd := exec.Command(b.self, "bare")
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
	stop = func() { _ = in.Close(); _ = cmd.Wait() }
	if _, err = fmt.Fscanln(out, &b.bare); err != nil {
		stop()
	}
	return stop, err
}

func (b *bench) createHeartbeats(ctx context.Context, n *localcluster.Node) error {
	var tokens bytes.Buffer
	for i := range b.heartbeats {
		body := fmt.Sprintf(`{"name":"bench %d","interval_secs":86400}`, i)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.URL()+"/v1/heartbeats", strings.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+adminKey)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		var h struct{ Token string }
		if err != nil || resp.StatusCode != http.StatusCreated || json.Unmarshal(text, &h) != nil {
			return fmt.Errorf("create: %d %s %w", resp.StatusCode, text, err)
		}
		fmt.Fprintln(&tokens, h.Token)
	}
	return os.WriteFile(b.tokens, tokens.Bytes(), 0o600)
}
