package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/quorumbeat/quorumbeat/cluster/disk"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog"
	"github.com/quorumbeat/quorumbeat/cluster/statemachine"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/forward"
	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/cluster/leader"
	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/cluster/members"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/cluster/survey"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// Node is one member of a cluster. Its methods may be called from any goroutine,
// those that need a running cluster also before Start: they wait or refuse.
type Node struct {
	cfg   Config
	log   *slog.Logger
	id    *identity.Identity
	store *store.Store

	fsm         *statemachine.Adapter
	stores      *raftlog.Stores
	disk        *disk.Guard
	port        *transport.Port
	gossip      members.Finder
	raft        atomic.Pointer[raft.Raft] // nil before Start
	transport   *transport.RaftTransport  // nil before Start
	pending     *proposals.Table
	bytesHeld   func() int   // of the commands in it
	excess      func() int64 // see raftlog.BoundedLog
	batcher     *commit.Batcher
	router      *forward.Router
	compaction  lifecycle.Wakeup // woken when the log is large
	roleChanged lifecycle.Wakeup // woken when this node begins or ceases to lead
	reads       *forward.SharedBarrier
	lookups     *forward.SharedBarrier // paced
	lead        *leader.Leadership
	rec         *members.Reconciler
	boot        *members.Bootstrapper
	troubles    *members.Troubles
	met         *metrics
	survey      *survey.Survey
	hearing     *leader.Hearing

	fatal       chan error
	tasks       sync.WaitGroup // short work that no part waits for
	stopping    atomic.Bool
	toldRemoved atomic.Int64 // when this node was last told that it was removed, in ns; 0: never
	caughtUp    atomic.Bool  // since its start
	closed      atomic.Bool  // no node of the cluster takes any
	full        atomic.Bool  // it takes no writes, for want of room on the disks
	stopOnce    sync.Once
	stopErr     error
	down        lifecycle.Teardown
}

// Open prepares a node on cfg.DataDir: it takes the folder for itself, opens log
// and snapshots, and binds the cluster and the gossip port. It restores nothing
// and forms nothing yet. The store must be new; the node fills it.
//
// Errors say what to do; those that a setting mends wrap [fsm.ErrConfig].
func Open(cfg Config, store *store.Store) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	n := &Node{
		cfg: cfg, log: cfg.logger(), store: store,
		fatal: make(chan error, 1), pending: proposals.NewTable(cfg.Faults.Held), hearing: leader.NewHearing(), troubles: members.NewTroubles(cfg.logger()),
	}
	if err := n.open(); err != nil {
		return nil, errors.Join(err, n.down.Run(context.Background()))
	}
	return n, nil
}

func (n *Node) open() (err error) {
	n.fsm = statemachine.New(n.store, n.fail)
	if step := n.cfg.Faults.Step; step != nil {
		n.fsm.Applied = func() { step(PointApplied) }
	}
	if n.met, err = newMetrics(n.cfg.Registerer); err != nil {
		return err
	}
	if err := raftlog.MakePrivate(n.cfg.DataDir, n.log); err != nil {
		return err
	}
	if n.id, err = openIdentity(n.cfg.DataDir, raftlog.Inspect); err != nil {
		return err
	}
	n.down.PushClose("data folder", n.id.Close)
	if n.stores, err = raftlog.Open(n.cfg.DataDir, n.cfg.Faults.logOptions(n.log, n.fail)); err != nil {
		return err
	}
	n.disk = disk.NewGuard(disk.Options{Dir: n.cfg.DataDir, Reserve: n.cfg.reserve, Log: n.log})
	n.stores.KeepRoom(n.disk)
	n.excess = n.stores.Bounded.Excess
	n.down.PushClose("log", n.stores.Close)
	if err := n.stores.ClaimFor(n.id); err != nil {
		return err
	}
	if err := n.openPorts(); err != nil {
		return err
	}
	n.assemble()
	return nil
}

// openPorts binds the cluster and the gossip port, none for a node that is alone.
func (n *Node) openPorts() error {
	if n.cfg.alone() {
		n.log.Info("this node takes no peers and opens no port for any, because it has no cluster secret: --cluster-addr and --gossip-addr are not used")
		n.port, n.gossip = transport.Serve(transport.NoListener(), transport.Options{Self: n.id.ID}), members.NewLoner(n.id.ID)
		n.down.PushClose("no cluster port", n.port.Close)
		return nil
	}
	if n.cfg.Insecure {
		n.log.Warn("--insecure-cluster: any user of this machine may become a voter and read and change everything; " + secretAdvice)
	}
	clusterPort, gossipPort := n.id.Ports()
	n.cfg.ClusterAddr = lastPort(n.cfg.ClusterAddr, clusterPort)
	n.cfg.GossipAddr = lastPort(n.cfg.GossipAddr, gossipPort)
	tls, err := transport.NewTLS(n.cfg.tls())
	if err != nil {
		return err
	}
	known := transport.NewKnownPeers(n.peerAddrs).Has
	if n.port, err = transport.Listen(n.cfg.ClusterAddr, transport.Options{Self: n.id.ID, TLS: tls, Known: known, Refused: n.refused}); err != nil {
		return err
	}
	n.down.PushClose("cluster port", n.port.Close)
	g, err := members.OpenGossip(members.GossipOptions{
		Identity: n.id, NodeName: n.cfg.NodeName, Version: n.cfg.Version,
		Addr: n.cfg.GossipAddr, Advertise: n.cfg.Advertise, Join: n.cfg.Join, Secrets: n.cfg.Secrets,
		Known: known, Troubles: n.troubles, Log: n.log, LogWriter: newHCLogger(n.log, "gossip").StandardWriter(nil),
	})
	if err != nil {
		return err
	}
	n.gossip = g
	if n.cfg.Advertise == "" && (listensEverywhere(n.cfg.ClusterAddr) || listensEverywhere(n.cfg.GossipAddr)) {
		n.log.Warn("this node listens on all addresses, and --advertise does not say which one the others reach: they are told this one; if that is wrong, set --advertise",
			"cluster", n.advertised(n.port.Addr()), "gossip", g.Addr())
	}
	n.down.PushClose("gossip", g.Close)
	return nil
}

// refused tells the operator of a peer that could not prove itself.
func (n *Node) refused(from netip.Addr, why string) {
	n.troubles.Note("refused "+from.String(), 0, fmt.Sprintf("a connection from %s to the cluster port was refused: %s", from, why))
}

// listensEverywhere reports whether an address to listen at is all of this machine's.
func listensEverywhere(addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// assemble makes the parts that need nothing from the operating system.
func (n *Node) assemble() {
	origin := logentry.Origin{Node: n.id.ID, Boot: n.id.Boot}
	n.bytesHeld = n.pending.BytesHeld
	options := commit.Options{
		Own: n.pending, Origin: origin,
		FailureTold: n.store.FailureTold, Shortage: n.shortOf,
		TellReaders: func(c transport.Commit, readers []raft.ServerID) { n.transport.TellReaders(c, readers) },
		TellSoon:    func(c transport.Commit) { n.transport.TellSoon(c) },
		OnShed:      n.met.shedOne, OnStall: func() { n.lead.RecheckClock() },
		OnPoint: n.cfg.Faults.Step, WallOffset: n.cfg.Faults.Wall,
	}
	if n.met != nil {
		options.BatchTook, options.BatchSize = n.met.apply.Observe, n.met.batchSize.Observe
	}
	n.batcher = commit.NewBatcher(options)
	n.router = forward.NewRouter(forward.RouterOptions{
		Table: n.pending, Batcher: n.batcher, Origin: origin,
		Leader: n.leaderView, Dial: n.dialLeader, Applies: n.applying,
		OnResults: n.met.answeredForward, Log: n.log,
	})
	n.survey = survey.New(survey.Options{Peers: n.peers, Ask: n.askState})
	n.compaction, n.roleChanged = lifecycle.NewWakeup(), lifecycle.NewWakeup()
	n.reads = forward.NewSharedBarrier(n.barrier, 0)
	n.lookups = forward.NewSharedBarrier(n.reads.Wait, lookupEvery)
	n.boot = &members.Bootstrapper{
		Identity: n.id, Expect: n.cfg.BootstrapExpect, Log: n.log, Troubles: n.troubles, Fresh: n.fresh, Members: n.gossip.Members, Ask: n.port.Ask,
		Form: func(c raft.Configuration) error { return n.raft.Load().BootstrapCluster(c).Error() },
	}
	n.lead = leader.New(leader.Options{
		Batcher: n.batcher, Store: n.store, LastApply: n.fsm.LastApply,
		Propose: func(ctx context.Context, term uint64, cmd fsm.Command) error {
			_, err := n.ProposeOnce(ctx, term, cmd)
			return err
		},
		LookBack: n.lookBack, Hears: n.hears, ClusterID: n.clusterName, Settings: n.cfg.Settings,
		OnChange:   func() { n.router.Wake(); n.roleChanged.Wake() },
		WallOffset: n.cfg.Faults.wall, Log: n.log,
	})
	n.hearing.OnChange = n.lead.RecheckClock
	n.down.PushFunc("hearing", n.hearing.Close)
}

// ID returns the identity of the node's data folder.
func (n *Node) ID() fsm.NodeID { return n.id.ID }

// Addrs returns the addresses that others reach this node at, with real ports; both
// are empty for a node that takes no peers.
func (n *Node) Addrs() (cluster, gossip string) {
	if n.cfg.alone() {
		return "", ""
	}
	return n.advertised(n.port.Addr()), n.gossip.Addr()
}

// raftAddr is this node's address in Raft's configuration.
func (n *Node) raftAddr() string {
	if n.cfg.alone() {
		return members.NoAddress(n.id.ID)
	}
	return n.advertised(n.port.Addr())
}

// advertised is where others reach a listener. One that listens on all addresses and has
// no --advertise is taken to be where the gossip is.
func (n *Node) advertised(a net.Addr) string {
	host, port, _ := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); n.cfg.Advertise == "" && ip != nil && ip.IsUnspecified() {
		host, _, _ = net.SplitHostPort(n.gossip.Addr())
	}
	return net.JoinHostPort(cmp.Or(n.cfg.Advertise, host), port)
}

// peerAddrs lists where peers are, or were: as --join says, as gossip last found them,
// and as Raft's configuration has them.
func (n *Node) peerAddrs() []string {
	addrs := append(n.id.Peers(), n.cfg.Join...)
	if r := n.raft.Load(); r != nil {
		for _, s := range r.GetConfiguration().Configuration().Servers {
			addrs = append(addrs, string(s.Address))
		}
	}
	return addrs
}

// Fatal tells of what the node cannot survive: the process should print the error
// and end with a failure. It gets at most one.
func (n *Node) Fatal() <-chan error { return n.fatal }

func (n *Node) fail(err error) {
	select {
	case n.fatal <- err:
	default:
	}
}

// OnLeader has fn run on a goroutine each time this node leads, once it may be
// sure of it: past the barrier and the settle time, with the serving clock
// running. ctx ends with the leadership, and fn must then return: it is not run
// again before. Call it before Start.
func (n *Node) OnLeader(fn func(ctx context.Context, term uint64)) {
	n.lead.AddTask(fn)
}

// Start restores the store, runs Raft and finds the other nodes. httpAddr is
// where this node serves people, told to the others. It returns before a leader
// is known; see [Node.Ready].
func (n *Node) Start(httpAddr string) error {
	if err := n.start(httpAddr); err != nil {
		return errors.Join(err, n.Shutdown(context.Background()))
	}
	return nil
}
