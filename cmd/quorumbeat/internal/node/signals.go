package node

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"

	"github.com/quorumbeat/quorumbeat/internal/tick"
)

// What signals do to a node:
//
//   - SIGHUP has it read its certificates and secrets again.
//   - SIGQUIT has it write what all its goroutines do into its log, and end in order.
//   - SIGPIPE means nothing: the log's reader is gone, but the node has work to do.
//   - The others that people send end it in order.
var EndSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM}

// Signals are those that come while a node runs.
type Signals struct{ hup, end chan os.Signal }

func CatchSignals() *Signals {
	s := &Signals{make(chan os.Signal, 1), make(chan os.Signal, 1)}
	signal.Ignore(syscall.SIGPIPE)
	signal.Notify(s.hup, syscall.SIGHUP)
	signal.Notify(s.end, EndSignals...)
	return s
}

func (s *Signals) Stop() {
	signal.Stop(s.hup)
	signal.Stop(s.end)
}

// waitForEnd returns why a node has to end: a signal, the end of ctx, or an error of its own.
// Until then it has certificates and secrets read again.
func (s *Signals) waitForEnd(ctx context.Context, n *Node, r *reloader, log io.Writer) (why string, err error) {
	for {
		select {
		case <-s.hup:
			r.reload()
		case <-tick.Next(certificatesEvery):
			r.lookAtCertificates()
		case sig := <-s.end:
			if sig == syscall.SIGQUIT {
				_ = pprof.Lookup("goroutine").WriteTo(log, 2)
			}
			return signalName(sig), nil
		case <-ctx.Done():
			return context.Cause(ctx).Error(), nil
		case err := <-n.Cluster.Fatal():
			return "", err
		case err := <-n.Failed:
			return "", err
		}
	}
}

var signalNames = map[os.Signal]string{
	os.Interrupt: "SIGINT", syscall.SIGTERM: "SIGTERM", syscall.SIGQUIT: "SIGQUIT",
	syscall.SIGUSR1: "SIGUSR1", syscall.SIGUSR2: "SIGUSR2", syscall.SIGALRM: "SIGALRM",
}

func signalName(sig os.Signal) string { return "it was sent " + signalNames[sig] }
