package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

const (
	adminKey = "an-admin-key-for-tests"
	patience = 2 * time.Minute // with a machine that is busy
)

// env is a cluster and the mail server it sends to.
type env struct {
	*localcluster.Cluster
	t        *testing.T
	sink     *smtpsink.Sink
	services *services // that channels speak to; nil: none
}

// start runs a cluster of so many nodes and waits until it is ready. The nodes'
// logs are shown if the test fails. They have the race detector: it is for tests in which many
// clients load them, or in which they are lost under load; see startPlain.
func start(t *testing.T, nodes int, flags ...string) *env {
	t.Helper()
	return startBuilt(t, raced, nodes, flags...)
}

func mailFlags(sink *smtpsink.Sink, tls string) []string {
	return []string{
		"--smtp-url", "smtp://" + sink.Addr() + "?tls=" + tls,
		"--mail-from", "monitor@example.com", "--mail-to", "ops@example.com",
	}
}

func newSink(t *testing.T, cfg smtpsink.Config) *smtpsink.Sink {
	t.Helper()
	sink, err := smtpsink.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	return sink
}

// startWith is startPlain with other options.
func startWith(t *testing.T, sink *smtpsink.Sink, opts localcluster.Options) *env {
	t.Helper()
	if opts.Binary == "" {
		opts.Binary = plain.path(t)
	}
	opts.Dir, opts.AdminKey = t.TempDir(), adminKey
	c, err := localcluster.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	e := &env{Cluster: c, t: t, sink: sink}
	t.Cleanup(func() {
		c.Close()
		e.showLogs()
	})
	e.waitReady()
	return e
}

func (e *env) showLogs() {
	for _, n := range e.Nodes {
		log := n.Log()
		if i := strings.Index(log, "DATA RACE"); i >= 0 {
			e.t.Errorf("%s has a data race:\n%s", n.Name, log[i:])
		}
		if i := strings.Index(log, "panic: "); i >= 0 {
			e.t.Errorf("%s panicked:\n%s", n.Name, log[i:])
		}
		if e.t.Failed() {
			e.t.Logf("log of %s:\n%s", n.Name, tail(log, 100))
		}
	}
}

func (e *env) waitReady() {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	defer cancel()
	if err := e.WaitReady(ctx); err != nil {
		e.t.Fatal(err)
	}
}

// leader returns the node that all running nodes agree on.
func (e *env) leader() *localcluster.Node {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	defer cancel()
	n, err := e.Leader(ctx)
	if err != nil {
		e.t.Fatal(err)
	}
	return n
}

// sideBySide runs parts of a test, so many at a time, in the place that the test has among all. With t.Parallel they would wait
// behind all other tests: the nodes that they share would run for nothing meanwhile, and long parts would be the last to end.
func sideBySide(t *testing.T, most int, parts []string, run func(t *testing.T, i int)) {
	next := make(chan int, len(parts))
	for i := range parts {
		next <- i
	}
	close(next)
	var all sync.WaitGroup
	for range most {
		all.Go(func() {
			for i := range next {
				t.Run(parts[i], func(t *testing.T) { run(t, i) })
			}
		})
	}
	all.Wait()
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// repoRoot is the folder of go.mod.
func repoRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	testkit.Must(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the tests")
		}
		dir = filepath.Dir(dir)
	}
}
