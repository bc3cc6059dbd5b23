package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/alerting"
	"github.com/quorumbeat/quorumbeat/api"
	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// stopLimit bounds an orderly end.
const stopLimit = 20 * time.Second

// giveUpLimit bounds the end of a node that failed.
const giveUpLimit = 2 * time.Second

// node is a running node with everything that belongs to it.
type node struct {
	http    string // HOST:PORT that it listens at
	cluster *cluster.Node
	server  *api.Server
	mails   *alerting.Service
	failed  chan error // why it cannot go on, though its cluster can
	public  net.Listener
	down    lifecycle.Teardown
}

// startNode makes the parts of a node in the order in which each needs the ones
// before, and takes down what stands if one fails.
func startNode(s *serveSettings, log *slog.Logger, terminal io.Writer) (*node, error) {
	n := &node{failed: make(chan error, 1)}
	if err := n.start(s, log, terminal); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

func (n *node) start(s *serveSettings, log *slog.Logger, terminal io.Writer) error {
	reg := prometheus.NewRegistry()
	store := store.New()
	breakOn(s)

	cc := s.cluster
	cc.Logger, cc.Registerer, cc.Settings = log, reg, &s.alerting.Settings
	c, err := cluster.Open(cc, store)
	if err != nil {
		return err
	}
	n.cluster = c
	n.down.PushClose("alerting", n.closeAlerting) // after the cluster, whose leader task it is
	n.down.Push("cluster", c.Shutdown)

	ln, err := listenHTTP(s.httpAddr, cc.DataDir)
	if err != nil {
		return err
	}
	n.public = ln
	n.down.PushClose("public listener", func() error { return ignoreClosed(ln.Close()) })
	n.http = ln.Addr().String()
	clusterAddr, gossipAddr := c.Addrs()
	if err := writeAddrs(filepath.Join(cc.DataDir, addrsFile), addrs{n.http, clusterAddr, gossipAddr}); err != nil {
		return err
	}

	ac := s.alerting
	ac.Logger, ac.Registerer, ac.Terminal = log, reg, terminal
	mails, err := alerting.New(ac, store, c)
	if err != nil {
		return err
	}
	n.mails = mails
	c.OnLeader(mails.Lead)

	hc := s.api
	hc.Logger, hc.Registry, hc.Mail = log, reg, mailForAPI{mails}
	server, err := api.New(hc, store, clusterForAPI{c})
	if err != nil {
		return err
	}
	n.serve(server, ln)
	if err := c.Start(advertisedHTTP(n.http, cc.Advertise, clusterAddr)); err != nil {
		return err
	}
	if hc.AdminKey == "" {
		log.Warn("no admin key is set: this node knows only the keys that the cluster holds; set --admin-key to make the first one")
	}
	log.Info("this node serves", "http", n.http, "cluster", clusterAddr, "gossip", gossipAddr, "version", version)
	return nil
}

// serve answers HTTP until the node stops. A listener that ends before, or that does
// not answer for long, is the end of the node: it would lead on and hear nobody.
func (n *node) serve(server *api.Server, ln net.Listener) {
	n.server = server
	life, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := server.Serve(ln)
		if life.Err() == nil {
			n.fail(fmt.Errorf("the public listener ended, so this node hears no client and ends as well: start it again: %w", cmp.Or(err, net.ErrClosed)))
		}
		done <- err
	}()
	var watching sync.WaitGroup
	watching.Go(func() {
		if err := server.ProveHearing(life, n.cluster.SetHearing); err != nil {
			n.fail(err)
		}
	})
	n.down.Push("HTTP server", func(ctx context.Context) error {
		stop()
		watching.Wait()
		return errors.Join(server.Shutdown(ctx), ignoreClosed(<-done))
	})
}

// fail notes the first reason why this node cannot go on.
func (n *node) fail(err error) {
	select {
	case n.failed <- err:
	default:
	}
}

func (n *node) closeAlerting() error {
	if n.mails == nil {
		return nil // the set-up failed before
	}
	return n.mails.Close()
}

// leave stops a sound node that others can do without: clients get time to notice.
func (n *node) leave() error {
	n.server.Leave(context.Background())
	return n.stop()
}

// stop takes the parts down, the last one first.
func (n *node) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	return n.down.Run(ctx)
}

// giveUp takes a node down that cannot go on, perhaps because its disk hangs: then
// some part will never end, and the others need this process to be gone.
func (n *node) giveUp() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = n.stop()
	}()
	select {
	case <-done:
	case <-time.After(giveUpLimit):
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// listenHTTP binds the public address; port 0 is the last start's port again, if
// it is free.
func listenHTTP(addr, dataDir string) (net.Listener, error) {
	if host, port, err := net.SplitHostPort(addr); err == nil && port == "0" {
		if last := lastPort(filepath.Join(dataDir, addrsFile)); last != "" {
			if ln, err := api.Listen(net.JoinHostPort(host, last)); err == nil {
				return ln, nil
			}
		}
	}
	ln, err := api.Listen(addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("--http-addr %s is in use: stop the process that listens there, or choose another address", addr)
	case err != nil:
		return nil, fmt.Errorf("--http-addr %s cannot be bound: %w", addr, err)
	}
	return ln, nil
}

// advertisedHTTP is where others find this node's HTTP, when it listens everywhere.
func advertisedHTTP(http, advertise, clusterAddr string) string {
	host, port, err := net.SplitHostPort(http)
	if err != nil {
		return http
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
		return http
	}
	if advertise == "" {
		advertise, _, _ = net.SplitHostPort(cmp.Or(clusterAddr, "127.0.0.1:0")) // nobody else asks a node without a cluster port
	}
	return net.JoinHostPort(advertise, port)
}

// clusterForAPI shows the cluster to the API, which must not know its package.
type clusterForAPI struct{ *cluster.Node }

func (c clusterForAPI) Status() api.ClusterStatus {
	s := c.Node.Status()
	out := api.ClusterStatus{ClusterID: s.ClusterID, Term: s.Term, Leader: s.Leader, Troubles: c.Troubles()}
	for _, n := range s.Nodes {
		out.Nodes = append(out.Nodes, api.NodeStatus(n))
	}
	return out
}
