package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// joinLimit bounds what a node may need to take the whole large state.
const joinLimit = 5 * time.Minute

// large is a cluster of three nodes with many heartbeats, and its mail server.
type large struct {
	*trial
	sink  *smtpsink.Sink
	image int64 // bytes
	kept  bool  // the folder stays
}

// million returns the cluster with the large state, which the parts share.
func (b *bench) million(ctx context.Context) (*large, error) {
	if b.large != nil {
		return b.large, nil
	}
	dir := b.state
	if dir == "" {
		dir = filepath.Join(b.dir, "large")
	}
	l, err := b.startLarge(ctx, dir, b.many)
	if err == nil {
		l.kept = b.state != ""
		b.large = l
	}
	return l, err
}

// stateOf returns a cluster of n heartbeats, and how to be done with it.
func (b *bench) stateOf(ctx context.Context, n int) (l *large, done func(), err error) {
	if n == b.many {
		l, err = b.million(ctx)
		return l, func() {}, err
	}
	l, err = b.startLarge(ctx, filepath.Join(b.dir, fmt.Sprint("state-", n)), n)
	return l, l.close, err
}

// close ends the nodes.
func (l *large) close() {
	if l == nil {
		return
	}
	l.Close()
	l.sink.Close()
	if !l.kept {
		_ = os.RemoveAll(l.Dir)
	}
}

// stop ends the nodes in good order.
func (l *large) stop() error {
	errs := make([]error, len(l.Nodes))
	var wg sync.WaitGroup
	for i, n := range l.Nodes {
		wg.Go(func() { errs[i] = n.Stop() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// startLarge starts three nodes on a folder with n heartbeats, which it makes if it is
// not there yet.
func (b *bench) startLarge(ctx context.Context, dir string, n int) (l *large, err error) {
	sink, err := smtpsink.Start(smtpsink.Config{})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			sink.Close()
		}
	}()
	opts := localcluster.Options{
		Binary: b.binary, Dir: dir, Nodes: 3, AdminKey: adminKey, Flags: nodeFlags("smtp://" + sink.Addr() + "?tls=none"),
	}
	tag := fmt.Sprintf("%d heartbeats, %d pings each", n, b.history)
	mark := filepath.Join(dir, "holds")
	switch text, err := os.ReadFile(mark); {
	case errors.Is(err, os.ErrNotExist):
		if err := b.prepare(ctx, opts, n); err != nil {
			return nil, fmt.Errorf("the state of %s cannot be made: %w", tag, err)
		}
		if err := os.WriteFile(mark, []byte(tag), 0o600); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case string(text) != tag:
		return nil, fmt.Errorf("%s holds %s, and not %s: choose another folder, or the same numbers", dir, text, tag)
	}
	say("starting three nodes with %s", tag)
	c, err := localcluster.Start(opts)
	if err != nil {
		return nil, err
	}
	l = &large{trial: &trial{Cluster: c, tokens: filepath.Join(dir, "tokens")}, sink: sink}
	if err := l.settleFor(ctx, joinLimit); err != nil {
		c.Close()
		return nil, err
	}
	l.image, err = newestImage(l.Nodes[0])
	return l, err
}

// prepare makes the folder: a backup is written, restored on one node, and two more
// join it.
func (b *bench) prepare(ctx context.Context, opts localcluster.Options, n int) error {
	dir := opts.Dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if rest, err := os.ReadDir(dir); err != nil || len(rest) > 0 {
		return errors.Join(fmt.Errorf("%s is not empty, and not finished: remove it", dir), err)
	}
	image := filepath.Join(dir, "image")
	began := time.Now()
	if err := writeImage(image, filepath.Join(dir, "tokens"), n, b.history, time.Now()); err != nil {
		return err
	}
	defer os.Remove(image)
	info, err := os.Stat(image)
	if err != nil {
		return err
	}
	say("an image of %d heartbeats and %d pings each: %.0f MiB, made in %s", n, b.history, mib(info.Size()), time.Since(began).Round(time.Second))
	began = time.Now()
	out, err := exec.CommandContext(ctx, b.binary, "restore", image, "--data-dir", filepath.Join(dir, "n1")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("restore: %w\n%s", err, out)
	}
	say("restored to a data folder in %s", time.Since(began).Round(100*time.Millisecond))
	opts.Nodes = 1
	c, err := localcluster.Start(opts)
	if err != nil {
		return err
	}
	l := &large{trial: &trial{Cluster: c}}
	defer c.Close()
	if err := l.settleFor(ctx, joinLimit); err != nil {
		return err
	}
	began = time.Now()
	for range 2 {
		if _, err := c.Add("--bootstrap-expect", "0"); err != nil {
			return err
		}
	}
	if err := l.waitVoters(ctx, 3); err != nil {
		return err
	}
	say("two more nodes have all of it after %s", time.Since(began).Round(100*time.Millisecond))
	return l.stop()
}

// waitVoters waits until so many nodes are ready and vote.
func (t *trial) waitVoters(ctx context.Context, n int) error {
	if err := t.settleFor(ctx, joinLimit); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, joinLimit)
	defer cancel()
	for {
		status, err := client(t.leader).Cluster(ctx)
		if err != nil {
			return err
		}
		voters := 0
		for _, node := range status.Nodes {
			if node.Voter {
				voters++
			}
		}
		if voters == n {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d nodes of %d vote: %w", voters, n, ctx.Err())
		}
	}
}

// newestImage is the size of a node's newest snapshot.
func newestImage(n *localcluster.Node) (size int64, err error) {
	list, err := filepath.Glob(filepath.Join(n.Dir, "snapshots", "*", "state.bin"))
	if err != nil || len(list) == 0 {
		return 0, err
	}
	var newest time.Time
	for _, file := range list {
		if info, err := os.Stat(file); err == nil && info.ModTime().After(newest) {
			newest, size = info.ModTime(), info.Size()
		}
	}
	return size, nil
}
