package outgoing

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Policy says which addresses may be dialled beside public ones.
type Policy struct {
	Allow []netip.Prefix // private and loopback addresses that may be dialled
}

// PrivateToo is the policy for a URL that the operator of the node set: private and loopback
// addresses may be dialled.
func PrivateToo() (p Policy) {
	for _, n := range notPublic {
		p.Allow = append(p.Allow, n.Prefix)
	}
	return p
}

// RefusedError says that an address or a URL may not be asked.
type RefusedError struct{ why string }

func (e *RefusedError) Error() string { return e.why }

func refusef(format string, args ...any) error {
	return &RefusedError{fmt.Sprintf(format, args...)}
}

// ParsePolicy reads networks like 10.0.0.0/8,192.168.7.9.
func ParsePolicy(list []string) (p Policy, err error) {
	for _, s := range list {
		network, err := parseNetwork(strings.TrimSpace(s))
		if err != nil {
			return p, fmt.Errorf("%q is not a network like 10.0.0.0/8 or an address", s)
		}
		if isNever(network) {
			return p, fmt.Errorf("%s cannot be allowed: link-local and metadata addresses are never asked", s)
		}
		p.Allow = append(p.Allow, network)
	}
	return p, nil
}

func parseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.WithZone("").Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	network, err := netip.ParsePrefix(s)
	if err == nil && network.Addr().Is4In6() {
		err = fmt.Errorf("an IPv4 network in an IPv6 one")
	}
	return network.Masked(), err
}

// isNever reports whether no address of a network may ever be dialled.
func isNever(network netip.Prefix) bool {
	return slices.ContainsFunc(neverDialled, func(n kindOfNetwork) bool {
		return n.Contains(network.Addr()) && n.Bits() <= network.Bits()
	})
}

// CheckAddr reports why an address may not be dialled; nil if it may.
func (p Policy) CheckAddr(a netip.Addr) error {
	a = withinOf(a.WithZone(""))
	if what, never := find(neverDialled, a); never {
		return refusef("%s is %s, which is never asked", a, what)
	}
	for _, network := range p.Allow {
		if network.Contains(a) {
			return nil
		}
	}
	if what, local := find(notPublic, a); local {
		return refusef("%s is %s: such addresses are asked only if --webhook-allow names them on every node", a, what)
	}
	return nil
}

// kindOfNetwork is a network and what people call its addresses.
type kindOfNetwork struct {
	netip.Prefix
	what string
}

// neverDialled are addresses that give their machine's secrets to whoever asks, and those
// that mean another machine on each link.
var neverDialled = networks(map[string]string{
	"a link-local address":             "169.254.0.0/16 fe80::/10 fec0::/10",
	"the metadata service of a cloud":  "100.100.100.200/32 168.63.129.16/32 192.0.0.192/32 fd00:ec2::254/128 fd20:ce::254/128",
	"an address of no single machine":  "0.0.0.0/8 ::/128 224.0.0.0/4 240.0.0.0/4 ff00::/8",
	"an address that hides another":    "2001::/32 64:ff9b:1::/48",
	"an address for documents":         "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
	"an address that leads to nothing": "100::/64 5f00::/16",
})

// notPublic are addresses of private networks.
var notPublic = networks(map[string]string{
	"an address of this machine": "127.0.0.0/8 ::1/128",
	"a private address":          "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 100.64.0.0/10 192.0.0.0/24 198.18.0.0/15 192.88.99.0/24",
})

func networks(m map[string]string) (list []kindOfNetwork) {
	for what, all := range m {
		for s := range strings.FieldsSeq(all) {
			list = append(list, kindOfNetwork{netip.MustParsePrefix(s), what})
		}
	}
	return list
}

// find returns what an address is, if it is in one of the networks. No address is in two.
func find(list []kindOfNetwork, a netip.Addr) (what string, found bool) {
	for _, n := range list {
		if n.Contains(a) {
			return n.what, true
		}
	}
	return "", false
}

var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	compatible = netip.MustParsePrefix("::/96")
	translated = netip.MustParsePrefix("::ffff:0:0:0/96") // RFC 2765
	sixToFour  = netip.MustParsePrefix("2002::/16")
	loopback6  = netip.MustParseAddr("::1")
)

// withinOf returns the IPv4 address inside an IPv6 one, or the address itself.
func withinOf(a netip.Addr) netip.Addr {
	a = a.Unmap()
	b := a.As16()
	switch {
	case a.Is4(), a == loopback6, a == netip.IPv6Unspecified():
		return a
	case nat64.Contains(a), compatible.Contains(a), translated.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:]))
	case sixToFour.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:]))
	case isISATAP(b):
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

// isISATAP reports whether the interface part names an IPv4 address (RFC 5214).
func isISATAP(b [16]byte) bool {
	mark := binary.BigEndian.Uint32(b[8:12])
	return mark == 0x00005efe || mark == 0x02005efe
}
