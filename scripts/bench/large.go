package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
}

// largeCluster returns the cluster with the large state, which the parts share.
func (b *bench) largeCluster(ctx context.Context) (l *large, err error) {
	if b.large == nil {
		b.large, err = b.startLarge(ctx, b.many)
	}
	return b.large, err
}

// stateOf returns a cluster of n heartbeats, and how to be done with it.
func (b *bench) stateOf(ctx context.Context, n int) (l *large, done func(), err error) {
	if n == b.many {
		l, err = b.largeCluster(ctx)
		return l, func() {}, err
	}
	l, err = b.startLarge(ctx, n)
	return l, l.close, err
}

// close ends the nodes and removes what they had.
func (l *large) close() {
	if l == nil {
		return
	}
	l.trial.close()
	l.sink.Close()
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

// startLarge starts three nodes with n heartbeats. They work on a copy, so that the
// state is the same the next time. flags win over those of every node.
func (b *bench) startLarge(ctx context.Context, n int, flags ...string) (l *large, err error) {
	sink, err := smtpsink.Start(smtpsink.Config{})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			sink.Close()
		}
	}()
	from, err := b.stateFolder(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("the state of %d heartbeats cannot be made: %w", n, err)
	}
	dir, err := os.MkdirTemp(b.dir, "large-")
	if err != nil {
		return nil, err
	}
	if err := cloneFolder(from, dir); err != nil {
		return nil, err
	}
	say("starting three nodes with %d heartbeats", n)
	c, err := localcluster.Start(localcluster.Options{
		Binary: b.binary, Dir: dir, Nodes: 3, AdminKey: adminKey, Flags: append(nodeFlags("smtp://"+sink.Addr()+"?tls=none"), flags...),
	})
	if err != nil {
		return nil, err
	}
	l = &large{trial: &trial{Cluster: c, tokens: filepath.Join(dir, "tokens")}, sink: sink}
	if err := errors.Join(l.waitReadyFor(ctx, joinLimit), l.waitServing(ctx)); err != nil {
		l.trial.close()
		return nil, err
	}
	l.image, err = newestImage(l.Nodes[0])
	return l, err
}

// waitServing waits until the leader's serving clock runs. It stands still for two
// seconds after an election: what is created then is due that much later than the
// wall clock says.
func (l *large) waitServing(ctx context.Context) error {
	const clock = "quorumbeat_serving_seconds_total"
	began, err := l.metric(ctx, clock)
	for err == nil {
		var now float64
		if now, err = l.metric(ctx, clock); now > began {
			return nil
		}
		err = errors.Join(err, sleepContext(ctx, 50*time.Millisecond))
	}
	return err
}

// stateFolder is where three nodes with n heartbeats are, which do not run. It is made
// if it is not there yet.
func (b *bench) stateFolder(ctx context.Context, n int) (dir string, err error) {
	tag := fmt.Sprintf("%d-%d", n, b.history)
	if b.cron > 0 {
		tag += fmt.Sprintf("-cron%d", b.cron)
	}
	dir = filepath.Join(b.dir, "state-"+tag)
	if b.state != "" {
		dir = filepath.Join(b.state, tag)
	}
	finished := filepath.Join(dir, "finished")
	if _, err := os.Stat(finished); err == nil {
		return dir, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := b.prepareFolder(ctx, dir, n); err != nil {
		return "", err
	}
	return dir, os.WriteFile(finished, nil, 0o600)
}

// cloneFolder copies a folder. Snapshots, which are most of it, are never written
// again, and so are only linked.
func cloneFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case e.IsDir():
			return os.MkdirAll(target, 0o700)
		case strings.Contains(rel, "snapshots") && os.Link(path, target) == nil:
			return nil
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return writeFile(to, func(w *bufio.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// prepareFolder makes the folder: a backup is written, restored on one node, and two more
// join it.
func (b *bench) prepareFolder(ctx context.Context, dir string, n int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	image := filepath.Join(dir, "image")
	began := time.Now()
	if err := writeImage(image, filepath.Join(dir, "tokens"), n, b.history, b.cron, time.Now()); err != nil {
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
	c, err := localcluster.Start(localcluster.Options{Binary: b.binary, Dir: dir, Nodes: 1, AdminKey: adminKey, Flags: nodeFlags("stdout:")})
	if err != nil {
		return err
	}
	l := &large{trial: &trial{Cluster: c}}
	defer c.Close()
	if err := l.waitReadyFor(ctx, joinLimit); err != nil {
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
	if err := t.waitReadyFor(ctx, joinLimit); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, joinLimit)
	defer cancel()
	for {
		status, err := clientOf(t.leader).Cluster(ctx)
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
