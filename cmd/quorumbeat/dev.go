package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/node"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

const (
	devKey   = "quorumbeat-dev-key"
	devNodes = 3
)

// devPorts are the HTTP ports of the nodes, if they are free.
var devPorts = [devNodes]string{"8080", "8180", "8280"}

func (p *program) devCommand() *cobra.Command {
	s := settings.New(thisBuild())
	s.Alerting.SMTPURL, s.Alerting.Settings.MailTo = "stdout:", []string{"you@example.com"}
	s.LogLevel = "error"
	examples := false
	c := &cobra.Command{
		Use:   "dev",
		Short: "Run three nodes on this machine, to try things; mails are shown",
		Long: "Run three nodes in one process on loopback, with their data in a temporary folder that is deleted at the end.\n" +
			"Mails are shown on the terminal. Ctrl-C ends it.",
		Args: usage.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.Resolve(c.Flags()); err != nil {
				return err
			}
			p.Warn(c)
			ctx, stop := signal.NotifyContext(c.Context(), append(node.EndSignals, syscall.SIGHUP)...)
			defer stop()
			return p.dev(ctx, s, examples)
		},
	}
	f := c.Flags()
	f.Var((*flags.Addresses)(&s.Alerting.Settings.MailTo), "mail-to", "`addresses` that get the alerts")
	f.StringVar(&s.Alerting.SMTPURL, "smtp-url", s.Alerting.SMTPURL, "mail server; stdout: shows mails on the terminal")
	f.Var((*flags.Addresses)(&s.Alerting.WebhookAllow), "webhook-allow", "private `networks` that channels may reach beside public addresses, like 127.0.0.1")
	f.BoolVar(&examples, "examples", false, "make a few heartbeats, and play their jobs")
	f.StringVar(&s.LogLevel, "log-level", s.LogLevel, "debug, info, warn or error")
	return c
}

// dev runs three nodes until ctx ends.
func (p *program) dev(ctx context.Context, s *settings.Node, examples bool) (err error) {
	dir, err := os.MkdirTemp("", "quorumbeat-dev-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	terminal := &lockedWriter{w: p.Stdout}
	var nodes []*node.Node
	defer func() { err = errors.Join(err, stopAll(nodes)) }()
	s.Cluster.Secrets = [][]byte{[]byte(transport.GenerateSecret())}
	for i := range devNodes {
		n, err := p.devNode(*s, dir, i, nodes, terminal)
		if err != nil {
			return err
		}
		nodes = append(nodes, n)
	}
	if err := waitReady(ctx, nodes); err != nil {
		return err
	}
	urls := p.devHint(nodes, terminal)
	if examples {
		if err := playExamples(ctx, urls); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(terminal, "\nending the three nodes and deleting their data")
		return nil
	case err = <-nodes[0].Cluster.Fatal():
	case err = <-nodes[1].Cluster.Fatal():
	case err = <-nodes[2].Cluster.Fatal():
	case err = <-nodes[0].Failed:
	case err = <-nodes[1].Failed:
	case err = <-nodes[2].Failed:
	}
	return err
}

// devNode starts the i-th node; it finds the others by the first one's gossip.
func (p *program) devNode(s settings.Node, dir string, i int, before []*node.Node, terminal *lockedWriter) (*node.Node, error) {
	s.Cluster.NodeName = fmt.Sprintf("node%d", i+1)
	s.Cluster.DataDir = filepath.Join(dir, s.Cluster.NodeName)
	s.Cluster.ClusterAddr, s.Cluster.GossipAddr = "127.0.0.1:0", "127.0.0.1:0"
	s.API.AdminKey = devKey
	s.HTTPAddr = devAddr(devPorts[i])
	if s.HTTPAddr != anyPort {
		s.Alerting.PublicURL = "http://" + s.HTTPAddr // of links in mails; ping URLs are as clients ask for them
	}
	if len(before) > 0 {
		_, gossip := before[0].Cluster.Addrs()
		s.Cluster.Join = []string{gossip}
	}
	s.Cluster.BootstrapExpect = devNodes
	s.Alerting.NodeName = s.Cluster.NodeName
	return node.Start(&s, s.Logger(p.Stderr), terminal)
}

const anyPort = "127.0.0.1:0"

// devAddr is a port on loopback, or any if that one is taken.
func devAddr(port string) string {
	addr := net.JoinHostPort("127.0.0.1", port)
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return anyPort
	}
	ln.Close()
	return addr
}

// waitReady waits until every node can take pings.
func waitReady(ctx context.Context, nodes []*node.Node) error {
	limit := time.After(time.Minute)
	for {
		var err error
		for _, n := range nodes {
			if e := n.Cluster.Ready(); e != nil {
				err = e
			}
		}
		if err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil
		case <-limit:
			return fmt.Errorf("the three nodes did not form a cluster within a minute: %w", err)
		}
	}
}

func (p *program) devHint(nodes []*node.Node, w *lockedWriter) (urls []string) {
	fmt.Fprintf(w, "quorumbeat %s: three nodes are ready\n\n", version)
	for i, n := range nodes {
		fmt.Fprintf(w, "  http://%s%s\n", n.HTTP, insteadOf(devPorts[i], n.HTTP))
		urls = append(urls, "http://"+n.HTTP)
	}
	fmt.Fprintf(w, `
API key:   %s
Dashboard: %s/ui/ (sign in with the key)

In another terminal, make a heartbeat that is due every 10 seconds, and ping it:
  export QUORUMBEAT_URL=%s
  export QUORUMBEAT_API_KEY=%s
  %s create first --interval 10s --grace 2s
  %s ping first

Or by curl, with the token from the answer:
  curl -X POST %s/v1/heartbeats/TOKEN/ping

Mails are shown below. Ctrl-C ends the nodes and deletes their data.
`, devKey, urls[0], urls[0], devKey, os.Args[0], os.Args[0], urls[1])
	return urls
}

// insteadOf says that a node is not at the port that README names, if it is not.
func insteadOf(port, http string) string {
	if _, got, err := net.SplitHostPort(http); err != nil || got == port {
		return ""
	}
	return "  (port " + port + " is taken by another program)"
}

// stopAll stops the nodes side by side: one alone may wait for the others.
func stopAll(nodes []*node.Node) error {
	errs := make([]error, len(nodes))
	var stopping sync.WaitGroup
	for i, n := range nodes {
		stopping.Go(func() { errs[i] = n.Stop() })
	}
	stopping.Wait()
	return errors.Join(errs...)
}

// lockedWriter keeps what several nodes write apart.
type lockedWriter struct {
	mu sync.Mutex
	w  interface{ Write([]byte) (int, error) }
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
