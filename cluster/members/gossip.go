package members

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// errForeign says that somebody's data folder belongs to another cluster.
var errForeign = errors.New("another cluster")

// Gossip finds the other nodes and tells where they are. It decides nothing.
type Gossip struct {
	list           *memberlist.Memberlist
	keys           *memberlist.Keyring // nil: plain
	id             *identity.Identity
	join           []string
	local          string // HOST:PORT that others reach this gossip at
	log            *slog.Logger
	troubles       *Troubles
	changed        lifecycle.Wakeup // has a value when the members changed
	hearingChanged lifecycle.Wakeup // the same, for who asks which of them hear

	mu    sync.Mutex
	meta  Meta
	told  bool // the others were sent meta, as far as memberlist knows
	alive map[fsm.NodeID]Member

	stop      context.CancelFunc
	joining   sync.WaitGroup
	onForeign func(error) // told when the nodes of --join belong to another cluster
}

// tellLimit is within what time a change is sent as often as memberlist wants: to one other
// node that is four times, 200 ms apart.
const tellLimit = 900 * time.Millisecond

// GossipOptions are what the gossip needs of its node.
type GossipOptions struct {
	Identity  *identity.Identity
	NodeName  string
	Version   string
	Addr      string   // HOST:PORT to listen at
	Advertise string   // the host that others reach this node at; "": the bound one
	Join      []string // gossip addresses of other nodes
	Secrets   [][]byte // none: the gossip is plain

	Known     func(netip.Addr) bool // whether a peer is known to have an address
	Troubles  *Troubles
	Log       *slog.Logger
	LogWriter io.Writer // takes memberlist's own lines
}

// OpenGossip binds the gossip port. It joins nobody yet.
func OpenGossip(o GossipOptions) (*Gossip, error) {
	g := &Gossip{
		id: o.Identity, join: o.Join, log: o.Log,
		changed: lifecycle.NewWakeup(), hearingChanged: lifecycle.NewWakeup(), troubles: o.Troubles, alive: map[fsm.NodeID]Member{},
		meta: Meta{ClusterID: o.Identity.Cluster(), Name: o.NodeName, Version: o.Version},
		stop: func() {}, onForeign: func(error) {},
	}
	c, err := g.config(o)
	if err != nil {
		return nil, err
	}
	trans, err := listenGossip(c, o.Known)
	if err != nil {
		return nil, transport.ListenError("--gossip-addr", o.Addr, err)
	}
	c.Transport = trans
	if g.list, err = memberlist.Create(c); err != nil {
		return nil, errors.Join(fmt.Errorf("the gossip cannot be started: %w; if --gossip-addr listens on all addresses, set --advertise to the one that the others reach", err), trans.Shutdown())
	}
	g.local = g.list.LocalNode().Address()
	return g, nil
}

func (g *Gossip) config(o GossipOptions) (*memberlist.Config, error) {
	host, port, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return nil, gossipError("--gossip-addr is %q: use HOST:PORT", o.Addr)
	}
	c := memberlist.DefaultLANConfig()
	c.Name = g.id.ID.String()
	if c.BindAddr, err = g.awaitHost("--gossip-addr", host); err != nil {
		return nil, gossipError("--gossip-addr %s: %v", o.Addr, err)
	}
	if c.BindPort, err = strconv.Atoi(port); err != nil {
		return nil, gossipError("--gossip-addr is %q: the port must be a number", o.Addr)
	}
	if o.Advertise != "" {
		if c.AdvertiseAddr, err = g.awaitHost("--advertise", o.Advertise); err != nil {
			return nil, gossipError("--advertise %s: %v", o.Advertise, err)
		}
	}
	c.Delegate, c.Events, c.Merge, c.Alive, c.Conflict = g, g, g, g, g
	c.ProbeInterval, c.ProbeTimeout = 500*time.Millisecond, 300*time.Millisecond
	c.PushPullInterval = 5 * time.Second
	c.DeadNodeReclaimTime = time.Second
	c.EnableCompression = false // of probes of a few dozen bytes; it costs more than they do
	c.TCPTimeout = gossipLimit
	c.LogOutput = nil
	c.Logger = log.New(io.MultiWriter(o.LogWriter, otherSecretDetector{g.troubles}), "", 0)
	if keys := transport.GossipKeys(o.Secrets); len(keys) > 0 {
		if g.keys, err = memberlist.NewKeyring(keys, keys[0]); err != nil {
			return nil, fmt.Errorf("gossip keys: %w", err)
		}
		c.Keyring = g.keys
	}
	return c, nil
}

// gossipError is an error that a setting mends.
func gossipError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", fsm.ErrConfig, fmt.Sprintf(format, args...))
}

func resolveHost(host string) (string, error) {
	if host == "" {
		return "0.0.0.0", nil
	}
	ip, err := net.ResolveIPAddr("ip", host)
	if err != nil {
		return "", err
	}
	return ip.String(), nil
}

// Start tells the others where this node is, and looks for them until close.
func (g *Gossip) Start(meta Meta, foreign func(error)) {
	g.onForeign = foreign
	g.SetMeta(meta)
	ctx, cancel := context.WithCancel(context.Background())
	g.stop = cancel
	g.joining.Go(func() { g.keepJoined(ctx) })
}

// SetMeta changes what this node tells of itself, and tells it again if the last
// change was lost. memberlist drops one when it refutes a suspicion at that moment; and its
// queue (v0.7.0) may number two messages of one length alike when nodes change at the same
// moment, and then keeps one of them. So what was not sent within tellLimit is queued anew.
func (g *Gossip) SetMeta(meta Meta) {
	g.mu.Lock()
	g.meta = meta
	told := g.told && bytes.Equal(g.alive[g.id.ID].encode(), meta.encode())
	g.mu.Unlock()
	for tries := 0; !told && tries < 2; tries++ {
		err := g.list.UpdateNode(tellLimit)
		if told = err == nil; !told {
			g.log.Debug("the other nodes were not told of a change", "error", err)
		}
	}
	g.mu.Lock()
	g.told = told
	g.mu.Unlock()
}

// ChangeUntold changes what this node tells of itself without telling it, as if memberlist
// had lost the change. It is for tests.
func (g *Gossip) ChangeUntold(change func(*Meta)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change(&g.meta)
}

// missing lists the known gossip addresses that no living member has.
func (g *Gossip) missing() (out []string) {
	var have []string
	for _, m := range g.Members() {
		have = append(have, m.Gossip)
	}
	for _, a := range append(slices.Clone(g.join), g.id.Peers()...) {
		if !slices.Contains(have, a) && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// Members lists the living nodes, this one included.
func (g *Gossip) Members() []Member {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Values(g.alive))
}

// AddressOf returns a node's cluster address, false if gossip does not know it.
func (g *Gossip) AddressOf(id raft.ServerID) (string, bool) {
	node, err := fsm.ParseNodeID(string(id))
	if err != nil {
		return "", false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.alive[node]
	return m.Cluster, m.Cluster != ""
}

func (g *Gossip) Addr() string             { return g.local }
func (g *Gossip) Changed() <-chan struct{} { return g.changed }

func (g *Gossip) HearingChanged() <-chan struct{} { return g.hearingChanged }

// Leave tells the others that this node goes, so that they need not find out.
func (g *Gossip) Leave(limit time.Duration) {
	g.stop()
	g.joining.Wait()
	if err := g.list.Leave(limit); err != nil {
		g.log.Debug("the other nodes were not told that this one leaves", "error", err)
	}
}

func (g *Gossip) Close() error {
	g.stop()
	g.joining.Wait()
	return g.list.Shutdown()
}
