package cluster

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// neighbours knows the IP addresses of this node's peers. Peers that are known by a
// host's name only are not among them.
type neighbours struct {
	list func() []string // HOST:PORT

	mu   sync.Mutex
	asOf time.Time
	ips  map[netip.Addr]bool
}

const neighboursFor = time.Second // until the list is looked at again

func (n *neighbours) has(ip netip.Addr) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := time.Now(); n.ips == nil || now.Sub(n.asOf) > neighboursFor {
		n.asOf, n.ips = now, map[netip.Addr]bool{}
		for _, addr := range n.list() {
			host, _, _ := net.SplitHostPort(addr)
			if ip, err := netip.ParseAddr(host); err == nil {
				n.ips[ip.Unmap().WithZone("")] = true
			}
		}
	}
	return n.ips[ip]
}

// peerAddrs lists where peers are, or were: as --join says, as gossip last found them,
// and as Raft's configuration has them.
func (n *Node) peerAddrs() []string {
	addrs := append(n.id.peers(), n.cfg.Join...)
	if r := n.raft.Load(); r != nil {
		for _, s := range r.GetConfiguration().Configuration().Servers {
			addrs = append(addrs, string(s.Address))
		}
	}
	return addrs
}
