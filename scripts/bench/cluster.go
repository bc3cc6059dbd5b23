package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

const adminKey = "an-admin-key-for-the-bench"

// formLimit bounds the forming of a cluster, and the way back of a node.
const formLimit = time.Minute

// trial is a cluster that is measured.
type trial struct {
	*localcluster.Cluster
	leader *localcluster.Node
	tokens string // file of its heartbeats
}

// nodeFlags are those of every node; smtp is where its mails go.
func nodeFlags(smtp string) []string {
	return []string{
		"--smtp-url", smtp, "--mail-from", "bench@example.com", "--mail-to", "ops@example.com",
		"--log-level", "warn", "--metrics-per-heartbeat=false",
	}
}

// startCluster runs fresh nodes, and makes heartbeats.
func (b *bench) startCluster(ctx context.Context, nodes, heartbeats int) (t *trial, err error) {
	return b.startClusterOf(ctx, localcluster.Options{Nodes: nodes}, heartbeats)
}

// startClusterOf is startCluster of nodes as o says.
func (b *bench) startClusterOf(ctx context.Context, o localcluster.Options, heartbeats int) (t *trial, err error) {
	dir, err := os.MkdirTemp(b.dir, "cluster-")
	if err != nil {
		return nil, err
	}
	o.Binary, o.Dir, o.AdminKey, o.Flags = b.binary, dir, adminKey, nodeFlags("stdout:")
	c, err := localcluster.Start(o)
	if err != nil {
		return nil, err
	}
	t = &trial{Cluster: c, tokens: filepath.Join(dir, "tokens")}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if err := t.waitReady(ctx); err != nil {
		return nil, err
	}
	return t, t.createHeartbeats(ctx, heartbeats)
}

// waitReady waits until every node is ready, and finds the leader.
func (t *trial) waitReady(ctx context.Context) error { return t.waitReadyFor(ctx, formLimit) }

func (t *trial) waitReadyFor(ctx context.Context, limit time.Duration) (err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := t.WaitReady(ctx); err != nil {
		return err
	}
	t.leader, err = t.Leader(ctx)
	return err
}

// close ends the nodes and removes what they had.
func (t *trial) close() {
	t.Close()
	_ = os.RemoveAll(t.Dir)
}

func (t *trial) urls() (list []string) { return urlsOf(t.Running()) }

func (t *trial) pids() (list []int) {
	for _, n := range t.Running() {
		list = append(list, n.PID())
	}
	return list
}

func urlsOf(nodes []*localcluster.Node) (list []string) {
	for _, n := range nodes {
		list = append(list, n.URL())
	}
	return list
}

// clientOf calls one node.
func clientOf(n *localcluster.Node) *heartbeat.Client {
	return heartbeat.New(adminKey, heartbeat.WithBaseURL(n.URL()), heartbeat.WithRetries(0), heartbeat.WithHTTPClient(&http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: creators, IdleConnTimeout: 5 * time.Second, TLSClientConfig: localcluster.AnyCertificate},
	}))
}

// creators is how many heartbeats are made at a time.
const creators = 64

// inParallel does something n times, many at a time.
func inParallel(n int, do func(int) error) error {
	errs := make([]error, creators)
	var wg sync.WaitGroup
	for w := range creators {
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += creators {
				errs[w] = do(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// createEach makes n heartbeats as spec describes them, and returns them in order;
// also if there is an error, as far as it came.
func (t *trial) createEach(ctx context.Context, n int, spec func(int) heartbeat.CreateParams) ([]*heartbeat.Heartbeat, error) {
	api := clientOf(t.leader)
	made := make([]*heartbeat.Heartbeat, n)
	err := inParallel(n, func(i int) (err error) {
		made[i], err = api.Create(ctx, spec(i))
		return err
	})
	if err != nil {
		return slices.DeleteFunc(made, func(h *heartbeat.Heartbeat) bool { return h == nil }), fmt.Errorf("a heartbeat cannot be made: %w", err)
	}
	return made, nil
}

// createHeartbeats makes heartbeats that are never late, and the file of their tokens.
func (t *trial) createHeartbeats(ctx context.Context, n int) error {
	made, err := t.createEach(ctx, n, func(i int) heartbeat.CreateParams {
		return heartbeat.CreateParams{Name: fmt.Sprintf("bench %d", i), IntervalSecs: 86400}
	})
	if err != nil {
		return err
	}
	var tokens strings.Builder
	for _, h := range made {
		fmt.Fprintln(&tokens, h.Token)
	}
	return os.WriteFile(t.tokens, []byte(tokens.String()), 0o600)
}

// pingsTotal is how many pings the cluster counts.
func (t *trial) pingsTotal(ctx context.Context) (sum int64, err error) {
	list, err := clientOf(t.leader).List(ctx)
	for _, h := range list {
		sum += int64(h.PingsTotal)
	}
	return sum, err
}
