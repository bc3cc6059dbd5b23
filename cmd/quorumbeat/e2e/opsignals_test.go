package e2e

import (
	"context"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// loner starts one node whose log goes to stderr, if one is given.
func loner(t *testing.T, stderr *os.File, flags ...string) *localcluster.Node {
	t.Helper()
	c, err := localcluster.Start(localcluster.Options{
		Binary: plain.path(t), Dir: t.TempDir(), Nodes: 1, AdminKey: adminKey, Stderr: stderr,
		Flags: append([]string{"--smtp-url", "stdout:"}, flags...),
	})
	testkit.Must(t, err)
	t.Cleanup(c.Close)
	return c.Nodes[0]
}

func TestSignalsEndANodeInOrder(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]syscall.Signal{
		"SIGINT": syscall.SIGINT, "SIGTERM": syscall.SIGTERM, "SIGQUIT": syscall.SIGQUIT,
		"SIGUSR1": syscall.SIGUSR1, "SIGUSR2": syscall.SIGUSR2, "SIGALRM": syscall.SIGALRM,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := loner(t, nil)
			testkit.Must(t, n.Signal(sig))
			ended(t, n)
			if log := n.Log(); !strings.Contains(log, `why="it was sent `+name+`"`) {
				t.Errorf("the log does not say why the node ended:\n%s", tail(log, 10))
			} else if dump := strings.Contains(log, "goroutine "); dump != (sig == syscall.SIGQUIT) {
				t.Errorf("goroutines in the log: %v", dump)
			}
		})
	}
}

// ended waits for the orderly end of a node.
func ended(t *testing.T, n *localcluster.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	testkit.Must(t, n.Wait(ctx))
	if n.ExitCode() != 0 {
		t.Errorf("exit code %d:\n%s", n.ExitCode(), tail(n.Log(), 10))
	}
}

func TestANodeOutlivesItsLogsReader(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	testkit.Must(t, err)
	n := loner(t, w)
	testkit.Must(t, w.Close())
	testkit.Must(t, r.Close())
	for range 3 { // each writes a line
		testkit.Must(t, n.Signal(syscall.SIGHUP))
		time.Sleep(20 * time.Millisecond) // to be taken one by one
		alive(t, n)
	}
	testkit.Must(t, n.Signal(syscall.SIGPIPE))
	alive(t, n)
	testkit.Must(t, n.Signal(syscall.SIGTERM))
	ended(t, n)
}

func alive(t *testing.T, n *localcluster.Node) {
	t.Helper()
	if a := call(t, "", "GET", n.URL()+"/healthz", nil); a.status != 200 {
		t.Errorf("/healthz: %d", a.status)
	}
}

func TestALogThatIsNotReadHoldsUpNobody(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	testkit.Must(t, err)
	defer r.Close()
	// As full as a pipe gets before the node starts, so that it cannot write a line.
	fd := int(w.Fd())
	testkit.Must(t, syscall.SetNonblock(fd, true))
	for err = nil; err == nil; {
		_, err = syscall.Write(fd, make([]byte, 4096))
	}
	testkit.Must(t, syscall.SetNonblock(fd, false))
	n := loner(t, w, "--log-format", "json")
	testkit.Must(t, w.Close())
	for range 5 {
		testkit.Must(t, n.Signal(syscall.SIGHUP))
		alive(t, n)
	}
	testkit.Must(t, n.Signal(syscall.SIGTERM))
	ended(t, n)
	go func() { _, _ = io.Copy(io.Discard, r) }()
}
