package transport

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// RaftTransport carries Raft's messages over the cluster port. It caps the commit index
// that followers are told at what is on the leader's own disk: the log of a leader may
// write behind (see raftlog), and Raft counts the leader to the majority that has an entry
// before the entry is on its disk.
type RaftTransport struct {
	*raft.NetworkTransport
	durable func() uint64 // the cap
	self    raft.ServerID
	name    []byte // of this node, in every message

	mu        sync.Mutex
	pipelines map[*pipeline]struct{}
	toTell    Commit // what a timer will tell of, see TellSoon; zero: there is none
	newest    Commit // that TellSoon was given
}

// RaftOptions say how Raft's messages go out.
type RaftOptions struct {
	Advertised string                                          // HOST:PORT that others reach this node at
	Find       func(raft.ServerID) (raft.ServerAddress, error) // where a node is now, or was last
	Durable    func() uint64                                   // index up to which all is on this node's own disk
	Timeout    time.Duration                                   // of a message
	Logger     hclog.Logger
}

// NewRaftTransport carries Raft's messages over a cluster port. Close it before the port.
func NewRaftTransport(p *Port, o RaftOptions) *RaftTransport {
	self := raft.ServerID(p.self.String())
	return &RaftTransport{durable: o.Durable, self: self, name: []byte(peerAddress(self, raft.ServerAddress(o.Advertised))), NetworkTransport: raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		ServerAddressProvider:   peerAddresses(o.Find),
		Logger:                  o.Logger,
		Stream:                  p.streamLayer(o.Advertised),
		MaxPool:                 3,
		MaxRPCsInFlight:         maxInFlight,
		Timeout:                 o.Timeout,
		MsgpackUseNewTimeFormat: true,
	})}
}

func (t *RaftTransport) AppendEntries(id raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	return t.NetworkTransport.AppendEntries(id, target, t.capCommit(args), resp)
}

func (t *RaftTransport) AppendEntriesPipeline(id raft.ServerID, target raft.ServerAddress) (raft.AppendPipeline, error) {
	p, err := t.NetworkTransport.AppendEntriesPipeline(id, target)
	if err != nil {
		return nil, err
	}
	return t.attach(id, p), nil
}

// attach wraps a pipeline to a follower, for TellReaders to find.
func (t *RaftTransport) attach(id raft.ServerID, inner raft.AppendPipeline) *pipeline {
	p := newPipeline(id, inner, t.capCommit)
	p.closed = func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.pipelines, p)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pipelines == nil {
		t.pipelines = map[*pipeline]struct{}{}
	}
	t.pipelines[p] = struct{}{}
	return p
}

// Raft addresses a message to a node, but its transport only knows network addresses. So
// the address carries the node's ID as well, ID@HOST:PORT, and the connection begins with
// that ID: a node that has got the address of another must not vote or acknowledge in its
// place.

// peerAddresses tells Raft's transport where a node is, or was last.
type peerAddresses func(raft.ServerID) (raft.ServerAddress, error)

// ServerAddr implements [raft.ServerAddressProvider].
func (p peerAddresses) ServerAddr(id raft.ServerID) (raft.ServerAddress, error) {
	addr, err := p(id)
	if err != nil {
		return "", err
	}
	return peerAddress(id, addr), nil
}

func peerAddress(id raft.ServerID, addr raft.ServerAddress) raft.ServerAddress {
	return raft.ServerAddress(id) + "@" + addr
}

// streamLayer is the port as Raft's transport wants it.
func (p *Port) streamLayer(advertised string) raft.StreamLayer {
	return &streamLayer{Listener: p.Listener(KindRaft), port: p, addr: nodeAddr(advertised)}
}

type streamLayer struct {
	net.Listener
	port *Port
	addr nodeAddr
}

func (s *streamLayer) Addr() net.Addr { return s.addr }

// nodeAddr is the HOST:PORT that others reach a node at.
type nodeAddr string

func (nodeAddr) Network() string  { return "tcp" }
func (a nodeAddr) String() string { return string(a) }

// Dial implements [raft.StreamLayer].
func (s *streamLayer) Dial(peer raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	id, addr, _ := strings.Cut(string(peer), "@")
	meant, err := fsm.ParseNodeID(id)
	if err != nil {
		return nil, fmt.Errorf("it is not known which node is meant at %s: %w", peer, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return s.port.dialWith(ctx, addr, append([]byte{byte(KindRaft)}, meant[:]...))
}
