package transport

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

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
	return raft.ServerAddress(id) + "@" + addr, nil
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
