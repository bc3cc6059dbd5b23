package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
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

	"github.com/quorumbeat/quorumbeat/cluster/disk"

	"github.com/hashicorp/memberlist"
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// errForeign says that somebody's data folder belongs to another cluster.
var errForeign = errors.New("another cluster")

// nodeMeta is what a node tells the others of itself, in at most 512 bytes.
type nodeMeta struct {
	ClusterID fsm.NodeID // zero while fresh
	Name      string
	HTTP      string
	Cluster   string
	Version   string
	Deaf      bool // its public listener does not answer
	Disk      disk.Level
}

// member is a node that gossip holds for alive, this one included.
type member struct {
	nodeMeta
	ID     fsm.NodeID
	Gossip string
}

func (m nodeMeta) encode() []byte {
	b := append([]byte{1}, m.ClusterID[:]...)
	for _, s := range []string{m.Name, m.HTTP, m.Cluster, m.Version[:min(len(m.Version), 40)]} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	flags := byte(m.Disk) << 1
	if m.Deaf {
		flags |= 1
	}
	if flags != 0 {
		b = append(b, flags)
	}
	return b
}

func decodeMeta(b []byte) (m nodeMeta, ok bool) {
	if len(b) < 17 || b[0] != 1 {
		return m, false
	}
	copy(m.ClusterID[:], b[1:17])
	b = b[17:]
	for _, s := range []*string{&m.Name, &m.HTTP, &m.Cluster, &m.Version} {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return m, false
		}
		*s = string(b[size : size+int(n)])
		b = b[size+int(n):]
	}
	if len(b) > 0 {
		m.Deaf, m.Disk = b[0]&1 == 1, min(disk.Level(b[0]>>1), disk.Empty)
	}
	return m, true
}

// gossip finds the other nodes and tells where they are. It decides nothing.
type gossip struct {
	list    *memberlist.Memberlist
	keys    *memberlist.Keyring // nil: plain
	id      *identity.Identity
	join    []string
	local   string // HOST:PORT that others reach this gossip at
	log     *slog.Logger
	trouble *troubles
	woke    lifecycle.Wakeup // has a value when the members changed
	heard   lifecycle.Wakeup // the same, for who asks which of them hear

	mu    sync.Mutex
	meta  nodeMeta
	alive map[fsm.NodeID]member

	stop    context.CancelFunc
	joining sync.WaitGroup
	foreign func(error) // told when the nodes of --join belong to another cluster
}

// openGossip binds the gossip port. It joins nobody yet.
func openGossip(cfg Config, id *identity.Identity, known func(netip.Addr) bool, trouble *troubles) (*gossip, error) {
	g := &gossip{
		id: id, join: cfg.Join, log: cfg.logger(),
		woke: lifecycle.NewWakeup(), heard: lifecycle.NewWakeup(), trouble: trouble, alive: map[fsm.NodeID]member{},
		meta: nodeMeta{ClusterID: id.Cluster(), Name: cfg.NodeName, Version: cfg.Version},
		stop: func() {}, foreign: func(error) {},
	}
	c, err := g.config(cfg)
	if err != nil {
		return nil, err
	}
	trans, err := listenGossip(c, known)
	if err != nil {
		return nil, transport.ListenError("--gossip-addr", cfg.GossipAddr, err)
	}
	c.Transport = trans
	if g.list, err = memberlist.Create(c); err != nil {
		return nil, errors.Join(fmt.Errorf("the gossip cannot be started: %w; if --gossip-addr listens on all addresses, set --advertise to the one that the others reach", err), trans.Shutdown())
	}
	g.local = g.list.LocalNode().Address()
	return g, nil
}

func (g *gossip) config(cfg Config) (*memberlist.Config, error) {
	host, port, err := net.SplitHostPort(cfg.GossipAddr)
	if err != nil {
		return nil, configError("--gossip-addr is %q: use HOST:PORT", cfg.GossipAddr)
	}
	c := memberlist.DefaultLANConfig()
	c.Name = g.id.ID.String()
	if c.BindAddr, err = g.awaitHost("--gossip-addr", host); err != nil {
		return nil, configError("--gossip-addr %s: %v", cfg.GossipAddr, err)
	}
	if c.BindPort, err = strconv.Atoi(port); err != nil {
		return nil, configError("--gossip-addr is %q: the port must be a number", cfg.GossipAddr)
	}
	if cfg.Advertise != "" {
		if c.AdvertiseAddr, err = g.awaitHost("--advertise", cfg.Advertise); err != nil {
			return nil, configError("--advertise %s: %v", cfg.Advertise, err)
		}
	}
	c.Delegate, c.Events, c.Merge, c.Alive, c.Conflict = g, g, g, g, g
	c.ProbeInterval, c.ProbeTimeout = 500*time.Millisecond, 300*time.Millisecond
	c.PushPullInterval = 5 * time.Second
	c.DeadNodeReclaimTime = time.Second
	c.EnableCompression = false // of probes of a few dozen bytes; it costs more than they do
	c.TCPTimeout = gossipLimit
	c.LogOutput = nil
	c.Logger = log.New(io.MultiWriter(newHCLogger(g.log, "gossip").StandardWriter(nil), secretWatch{g.trouble}), "", 0)
	if keys := transport.GossipKeys(cfg.Secrets); len(keys) > 0 {
		if g.keys, err = memberlist.NewKeyring(keys, keys[0]); err != nil {
			return nil, fmt.Errorf("gossip keys: %w", err)
		}
		c.Keyring = g.keys
	}
	return c, nil
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

// start tells the others where this node is, and looks for them until close.
func (g *gossip) start(meta nodeMeta, foreign func(error)) {
	g.foreign = foreign
	g.setMeta(meta)
	ctx, cancel := context.WithCancel(context.Background())
	g.stop = cancel
	g.joining.Go(func() { g.keepJoined(ctx) })
}

// setMeta changes what this node tells of itself, and tells it again if the last
// change was lost: memberlist drops one when it refutes a suspicion at that moment.
func (g *gossip) setMeta(meta nodeMeta) {
	g.mu.Lock()
	g.meta = meta
	known := bytes.Equal(g.alive[g.id.ID].encode(), meta.encode())
	g.mu.Unlock()
	if !known {
		if err := g.list.UpdateNode(time.Second); err != nil {
			g.log.Debug("the other nodes were not told of a change", "error", err)
		}
	}
}

// missing lists the known gossip addresses that no living member has.
func (g *gossip) missing() (out []string) {
	var have []string
	for _, m := range g.members() {
		have = append(have, m.Gossip)
	}
	for _, a := range append(slices.Clone(g.join), g.id.Peers()...) {
		if !slices.Contains(have, a) && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// members lists the living nodes, this one included.
func (g *gossip) members() []member {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Values(g.alive))
}

// addressOf returns a node's cluster address, false if gossip does not know it.
func (g *gossip) addressOf(id raft.ServerID) (string, bool) {
	node, err := fsm.ParseNodeID(string(id))
	if err != nil {
		return "", false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.alive[node]
	return m.Cluster, m.Cluster != ""
}

func (g *gossip) addr() string          { return g.local }
func (g *gossip) wake() <-chan struct{} { return g.woke }

func (g *gossip) changes() <-chan struct{} { return g.heard }

// leave tells the others that this node goes, so that they need not find out.
func (g *gossip) leave(limit time.Duration) {
	g.stop()
	g.joining.Wait()
	if err := g.list.Leave(limit); err != nil {
		g.log.Debug("the other nodes were not told that this one leaves", "error", err)
	}
}

func (g *gossip) close() error {
	g.stop()
	g.joining.Wait()
	return g.list.Shutdown()
}
