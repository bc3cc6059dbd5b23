package cluster

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/hashicorp/raft"
)

// Raft sends a message to a node, and its transport to an address. In between the address
// carries the node's ID, ID@HOST:PORT, and the connection begins with it: whoever has
// taken the address of another node must not vote in its place, nor acknowledge.

// raftPeers tells Raft's transport where the nodes are.
type raftPeers struct{ n *Node }

// ServerAddr implements [raft.ServerAddressProvider].
func (p raftPeers) ServerAddr(id raft.ServerID) (raft.ServerAddress, error) {
	addr, err := p.n.ServerAddr(id)
	if err != nil {
		return "", err
	}
	return raft.ServerAddress(id) + "@" + addr, nil
}

// Dial implements [raft.StreamLayer].
func (s *streamLayer) Dial(peer raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	id, addr, ok := strings.Cut(string(peer), "@")
	if !ok {
		return nil, fmt.Errorf("it is not known which node is meant at %s: %w", peer, errUnknownNode)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	meant := fsmID(raft.ServerID(id))
	return s.m.dialWith(ctx, addr, append([]byte{byte(connRaft)}, meant[:]...))
}
