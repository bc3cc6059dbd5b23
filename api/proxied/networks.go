package proxied

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Networks are those whose word about a client's address is taken.
type Networks []netip.Prefix

// ParseNetworks reads networks in CIDR form, and single addresses.
func ParseNetworks(list []string) (Networks, error) {
	var out Networks
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if addr, e := netip.ParseAddr(text); e == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			p, err = addr.Prefix(addr.BitLen())
		}
		switch {
		case err != nil || p.Addr().Is4In6():
			return nil, fmt.Errorf("%w: --trusted-proxies has %q; it must be networks like 10.0.0.0/8 or 2001:db8::/32, or single addresses", fsm.ErrConfig, text)
		case p.Bits() == 0:
			return nil, fmt.Errorf("%w: --trusted-proxies has %s, which is everybody: then any client could claim any address; name your proxies", fsm.ErrConfig, text)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// Trusts reports whether an address is a trusted proxy's.
func (p Networks) Trusts(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// Client returns the nearest address on a request's way that is no trusted proxy's.
// from is the connection's other end. Where nobody trusted names the next address, it is
// the last proxy's.
func (p Networks) Client(from netip.Addr, h *fasthttp.RequestHeader) netip.Addr {
	hops := hopsOf(h)
	for p.Trusts(from) {
		hop, more := hops.next()
		if !more || !hop.IsValid() {
			break
		}
		from = hop
	}
	return from
}

// readNode reads the address of a hop: with or without a port, IPv6 with or without
// brackets. It is not valid for "unknown", a made-up name and anything else.
func readNode(text string) netip.Addr {
	host := strings.Trim(text, " \t")
	if strings.HasPrefix(host, "[") {
		return readBracketed(host[1:])
	}
	if v4, port, found := strings.Cut(host, ":"); found && !strings.Contains(port, ":") {
		if !isPort(port) {
			return netip.Addr{}
		}
		host = v4
	}
	a, _ := netip.ParseAddr(host)
	return plainAddr(a)
}

// readBracketed reads what follows the bracket of an IPv6 address.
func readBracketed(text string) netip.Addr {
	host, port, closed := strings.Cut(text, "]")
	a, _ := netip.ParseAddr(host)
	if !closed || !a.Is6() || port != "" && (port[0] != ':' || !isPort(port[1:])) {
		return netip.Addr{}
	}
	return plainAddr(a)
}

func plainAddr(a netip.Addr) netip.Addr {
	if a = a.Unmap().WithZone(""); a.IsUnspecified() || a.IsMulticast() {
		return netip.Addr{}
	}
	return a
}
