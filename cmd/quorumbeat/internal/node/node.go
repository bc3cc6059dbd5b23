package node

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
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/alerting"
	"github.com/quorumbeat/quorumbeat/alerting/outbound"
	"github.com/quorumbeat/quorumbeat/api"
	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/timetables"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/zones"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// stopLimit bounds an orderly end.
const stopLimit = 20 * time.Second

// giveUpLimit bounds the end of a node that failed.
const giveUpLimit = 2 * time.Second

// Node is a running node with everything that belongs to it.
type Node struct {
	HTTP    string // HOST:PORT that it listens at
	Cluster *cluster.Node
	server  *api.Server
	mails   *alerting.Service
	store   *store.Store
	links   links
	Failed  chan error // why it cannot go on, though its cluster can
	public  net.Listener
	down    lifecycle.Teardown
}

// Start makes the parts of a node in the order in which each needs the ones
// before, and takes down what stands if one fails.
func Start(s *settings.Node, log *slog.Logger, terminal io.Writer) (*Node, error) {
	n := &Node{Failed: make(chan error, 1)}
	if err := n.start(s, log, terminal); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// Run runs a node until ctx ends, a signal ends it, or it cannot go on. again reads
// the settings anew; what the goroutines do goes to dump, and mails to terminal if that is
// where they are to be shown.
func Run(ctx context.Context, s *settings.Node, again func() (*settings.Node, error), signals *Signals, log *slog.Logger, dump, terminal io.Writer) error {
	r := &reloader{started: s, inForce: s, again: again, log: log, files: fileStates(s.Certificates())} // before they are read
	n, err := Start(s, log, terminal)
	if err != nil {
		return err
	}
	r.node = n
	why, err := signals.waitForEnd(ctx, n, r, dump)
	if err == nil {
		log.Info("this node ends in order", "why", why)
		return n.stopInOrder()
	}
	log.Error("this node ends, for it cannot go on", "why", err)
	n.abandon()
	return err // the failure is what to tell
}

func (n *Node) start(s *settings.Node, log *slog.Logger, terminal io.Writer) error {
	reg := prometheus.NewRegistry()
	store := store.New()
	n.store = store
	z := zones.New(injectFaults(s)...)

	cc := s.Cluster
	cc.Logger, cc.Registerer, cc.Settings = log, reg, &s.Alerting.Settings
	c, err := cluster.Open(cc, store)
	if err != nil {
		return err
	}
	n.Cluster = c
	n.down.PushClose("alerting", n.closeAlerting) // after the cluster, whose leader task it is
	n.down.Push("cluster", c.Shutdown)

	ln, err := listenHTTP(s.HTTPAddr, cc.DataDir)
	if err != nil {
		return err
	}
	n.public = ln
	n.down.PushClose("public listener", func() error { return ignoreClosed(ln.Close()) })
	n.HTTP = ln.Addr().String()
	clusterAddr, gossipAddr := c.Addrs()
	if err := writeBoundAddrs(filepath.Join(cc.DataDir, addrsFile), boundAddrs{n.HTTP, clusterAddr, gossipAddr}); err != nil {
		return err
	}

	ac := s.Alerting
	if err := n.links.setSecrets(cc.Secrets); err != nil {
		return err
	}
	ac.Logger, ac.Registerer, ac.Terminal, ac.SignLink, ac.Zone = log, reg, terminal, n.links.Sign, z.Location
	mails, err := alerting.New(ac, store, c)
	if err != nil {
		return err
	}
	n.mails = mails
	c.OnLeader(mails.Lead)
	keeper := &timetables.Keeper{Store: store, Zones: z, Refresh: z.Refresh, Log: log, Propose: c.ProposeOnce, Now: c.WallClock}
	c.OnLeader(keeper.Lead)

	other, err := outbound.New(s.Outbound, n.viewOfHealth, log, reg)
	if err != nil {
		return err
	}
	c.OnLeader(other.Lead)
	watch := n.newSelfWatch(s, log)
	c.OnLeader(watch.Lead)
	c.OnLeader(watch.LeadCanaries)

	hc := s.API
	hc.CheckChannel = mails.CheckChannel
	hc.Logger, hc.Registry, hc.Mail, hc.Channels, hc.Zones, hc.Now = log, reg, mailForAPI{mails}, channelsForAPI{mails}, z, c.WallClock
	hc.Links, hc.Outbound = &n.links, outboundForAPI(other)
	hc.LastBackup = readLastBackup(cc.DataDir)
	hc.BackedUp = func(at time.Time) error { return writeLastBackup(cc.DataDir, at) }
	server, err := api.New(hc, store, clusterForAPI{c})
	if err != nil {
		return err
	}
	if err := server.SetSecrets(cc.Secrets); err != nil {
		return err
	}
	n.serve(server, ln)
	n.down.Go("watch of the monitor itself", watch.Run)
	if err := c.Start(advertisedHTTP(n.HTTP, cc.Advertise, clusterAddr)); err != nil {
		return err
	}
	if hc.AdminKey == "" {
		log.Warn("no admin key is set: this node knows only the keys that the cluster holds; set --admin-key to make the first one")
	}
	log.Info("this node serves", "http", n.HTTP, "cluster", clusterAddr, "gossip", gossipAddr, "version", s.API.Version, "tz_data", z.Version())
	return nil
}

// serve answers HTTP until the node stops. A listener that ends before, or that does
// not answer for long, is the end of the node: it would lead on and hear nobody.
func (n *Node) serve(server *api.Server, ln net.Listener) {
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
		if err := server.ProveHearing(life, n.Cluster.SetHearing); err != nil {
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
func (n *Node) fail(err error) {
	select {
	case n.Failed <- err:
	default:
	}
}

func (n *Node) closeAlerting() error {
	if n.mails == nil {
		return nil // the set-up failed before
	}
	return n.mails.Close()
}

// stopInOrder stops a sound node that others can do without: clients get time to notice.
func (n *Node) stopInOrder() error {
	n.server.Leave(context.Background())
	return n.Stop()
}

// Stop takes the parts down, the last one first.
func (n *Node) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	return n.down.Run(ctx)
}

// abandon takes a node down that cannot go on, perhaps because its disk hangs: then
// some part will never end, and the others need this process to be gone.
func (n *Node) abandon() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = n.Stop()
	}()
	select {
	case <-done:
	case <-time.After(giveUpLimit):
	}
}
