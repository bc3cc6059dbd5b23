package outgoing

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const maxURL = 2000 // bytes

// ParseURL reads the URL of a request. It tells what is wrong without repeating the URL,
// which may be a secret.
func ParseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case len(raw) > maxURL:
		return nil, refusef("a URL of %d bytes; it may have %d", len(raw), maxURL)
	case err != nil:
		return nil, refusef("it is no URL; it must be like https://example.com/path")
	case u.Scheme != "https" && u.Scheme != "http", u.Opaque != "":
		return nil, refusef("it must begin with https:// or http://")
	case u.Hostname() == "" || strings.ContainsAny(u.Host, " \t\\\"<>^`{}|"):
		return nil, refusef("its host is missing or malformed")
	case u.User != nil:
		return nil, refusef("it holds a user name or password: leave them out, no service takes them from there")
	case u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return nil, refusef("it has a fragment (#…), which is never sent")
	case strings.ContainsFunc(u.Host, func(c rune) bool { return c > '~' || c < '!' }):
		return nil, refusef("its host is not ASCII: use the xn-- form")
	case !isPort(u):
		return nil, refusef("its port must be 1 to 65535")
	}
	return u, nil
}

// isPort reports whether a URL has a port that exists, or none.
func isPort(u *url.URL) bool {
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0 || u.Port() == "" && !strings.HasSuffix(u.Host, ":")
}

// judgeName judges a host as far as that can be done without looking it up, for a proxy
// looks names up by itself.
func (p Policy) judgeName(host string) error {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	switch {
	case name == "localhost" || strings.HasSuffix(name, ".localhost"):
		return p.Judge(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	case name == "metadata" || name == "metadata.google.internal" || name == "instance-data" || strings.HasPrefix(name, "instance-data."):
		return refusef("the metadata service of a cloud is never asked")
	case isOddNumber(name):
		return refusef("its host is a number in an odd notation; write it as usual, like 192.0.2.7")
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return p.Judge(a)
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
