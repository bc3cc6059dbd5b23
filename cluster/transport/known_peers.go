package transport

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// KnownPeers knows the IP addresses of this node's peers. Peers that are known by a
// host's name only are not among them.
type KnownPeers struct {
	list func() []string // HOST:PORT

	mu   sync.Mutex
	asOf time.Time
	ips  map[netip.Addr]bool
}

// NewKnownPeers takes the addresses from list, HOST:PORT each. It asks again when what it
// knows is a second old.
func NewKnownPeers(list func() []string) *KnownPeers { return &KnownPeers{list: list} }

const knownFor = time.Second // until the list is looked at again

// Has reports whether a peer has this IP address.
func (k *KnownPeers) Has(ip netip.Addr) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); k.ips == nil || now.Sub(k.asOf) > knownFor {
		k.asOf, k.ips = now, map[netip.Addr]bool{}
		for _, addr := range k.list() {
			host, _, _ := net.SplitHostPort(addr)
			if ip, err := netip.ParseAddr(host); err == nil {
				k.ips[ip.Unmap().WithZone("")] = true
			}
		}
	}
	return k.ips[ip]
}
