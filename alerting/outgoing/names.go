package outgoing

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// ParseURL reads the URL of a request; see [kinds.ParseURL].
func ParseURL(raw string) (*url.URL, error) { return kinds.ParseURL(raw) }

// CheckHost checks a host as far as that can be done without looking it up: an address, or a name
// of this machine or of a cloud's metadata. What a name leads to is checked when it is dialled; a
// proxy looks names up by itself.
func (p Policy) CheckHost(host string) error {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	switch {
	case name == "localhost" || strings.HasSuffix(name, ".localhost"):
		return p.CheckAddr(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	case name == "metadata" || name == "metadata.google.internal" || name == "metadata.goog" || name == "instance-data" || strings.HasPrefix(name, "instance-data."):
		return refusef("the metadata service of a cloud is never asked")
	case isOddNumber(name):
		return refusef("its host is a number in an odd notation; write it as usual, like 192.0.2.7")
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return p.CheckAddr(a)
	}
	return nil
}

// isOddNumber reports whether some resolvers take a name for an IPv4 address, like 127.1,
// 0x7f000001 or 017700000001. The last part of a real name is never a number.
func isOddNumber(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return false
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}
