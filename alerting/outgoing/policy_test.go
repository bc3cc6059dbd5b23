package outgoing

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestAddressesAreChecked(t *testing.T) {
	allow, err := ParsePolicy([]string{"10.0.0.0/8", "127.0.0.1", "fc00::/7", "0.0.0.0/0", "::/0"})
	testkit.Must(t, err)
	for _, x := range []struct {
		addr           string
		public, allows bool // by nobody's leave; by that of --webhook-allow
	}{
		{"93.184.216.34", true, true},
		{"2606:4700::1111", true, true},
		{"::ffff:93.184.216.34", true, true},
		{"64:ff9b::5db8:d822", true, true}, // 93.184.216.34 by NAT64
		{"127.0.0.1", false, true},
		{"127.8.9.10", false, true},
		{"::1", false, true},
		{"::ffff:127.0.0.1", false, true},
		{"::127.0.0.1", false, true},
		{"64:ff9b::7f00:1", false, true},
		{"2002:7f00:1::", false, true},
		{"::ffff:0:7f00:1", false, true},
		{"::ffff:0:a9fe:a9fe", false, false},
		{"fe00::5efe:7f00:1", false, true},
		{"10.1.2.3", false, true},
		{"172.16.0.1", false, true},
		{"172.31.255.255", false, true},
		{"172.32.0.1", true, true},
		{"192.168.1.1", false, true},
		{"100.64.0.1", false, true},
		{"198.18.0.1", false, true},
		{"fd12::1", false, true},
		{"::ffff:10.0.0.1", false, true},
		{"169.254.169.254", false, false},
		{"169.254.1.1", false, false},
		{"::ffff:169.254.169.254", false, false},
		{"::169.254.169.254", false, false},
		{"64:ff9b::a9fe:a9fe", false, false},
		{"2002:a9fe:a9fe::1", false, false},
		{"2606:4700::5efe:a9fe:a9fe", false, false},
		{"2001:0:1::1", false, false}, // Teredo
		{"fe80::1", false, false},
		{"fe80::1%eth0", false, false},
		{"fd00:ec2::254", false, false},
		{"100.100.100.200", false, false},
		{"168.63.129.16", false, false},
		{"0.0.0.0", false, false},
		{"0.1.2.3", false, false},
		{"::", false, false},
		{"224.0.0.1", false, false},
		{"255.255.255.255", false, false},
		{"ff02::1", false, false},
		{"192.0.2.1", false, false},
	} {
		a := netip.MustParseAddr(x.addr)
		if err := (Policy{}).CheckAddr(a); (err == nil) != x.public {
			t.Errorf("%s: %v; public: %t", x.addr, err, x.public)
		}
		if err := allow.CheckAddr(a); (err == nil) != x.allows {
			t.Errorf("%s, with leave: %v; allowed: %t", x.addr, err, x.allows)
		}
	}
}

func TestNetworksThatMayNotBeAllowed(t *testing.T) {
	for _, s := range []string{"", "ten", "10.0.0.0/33", "169.254.0.0/16", "169.254.169.254", "fe80::/10", "fd00:ec2::254", "::ffff:10.0.0.0/104", "example.com"} {
		if _, err := ParsePolicy([]string{s}); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	for _, s := range []string{
		"", "example.com", "ftp://example.com/", "https:///x", "https://", "https:example.com", "https://user:secret@example.com/",
		"https://example.com/#frag", "https://example.com/x#", "https://exämple.com/", "https://exa mple.com", "https://example.com:0/",
		"https://example.com:", "https://example.com:99999999/", "https://[::1", "https://a\r\nb/", "https://example.com/" + strings.Repeat("x", 2000),
		"http://%31%32%37.0.0.1:%38/", "gopher://x", "//example.com/x", "https://exa%00mple.com/",
	} {
		if u, err := ParseURL(s); err == nil {
			t.Errorf("%q was taken as %v", s, u)
		} else if s != "" && len(s) > 12 && strings.Contains(err.Error(), s) {
			t.Errorf("the error repeats the URL: %v", err)
		}
	}
}

func TestHostsAreJudgedWithoutLooking(t *testing.T) {
	for host, allowed := range map[string]bool{
		"example.com": true, "93.184.216.34": true, "a.1.example": true, "1e100.net": true, "xn--4ca.de": true, "dead.beef": true,
		"localhost": false, "LOCALHOST.": false, "x.localhost": false, "metadata.google.internal": false, "Metadata.Google.Internal.": false,
		"127.1": false, "2130706433": false, "0x7f000001": false, "0x7f.0.0.0x1": false, "017700000001": false, "127.0.0.01": false,
		"127.0.0.1": false, "::1": false, "169.254.169.254": false, "::ffff:a9fe:a9fe": false, "fe80::1%eth0": false, "1.2.3.0x": false,
	} {
		if err := (Policy{}).CheckHost(host); (err == nil) != allowed {
			t.Errorf("%s: %v; allowed: %t", host, err, allowed)
		}
	}
}

// TestANameThatTurnsIntoAnotherAddress has a DNS server give a public address first, and
// one of a cloud's metadata, of this machine or of both families at each later question.
func TestANameThatTurnsIntoAnotherAddress(t *testing.T) {
	answers := [][4]byte{{169, 254, 169, 254}, {127, 0, 0, 1}, {10, 0, 0, 1}}
	for _, a := range answers {
		c := New(Policy{})
		c.Proxy = nil
		c.resolver = serveDNS(t, a)
		_, err := c.Open(t.Context(), must(url.Parse("http://rebind.example:80/")))
		var refused *RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("%v: %v", a, err)
		}
	}
}

func must(u *url.URL, err error) *url.URL {
	if err != nil {
		panic(err)
	}
	return u
}

// serveDNS answers each question with some IPv4 addresses, for a moment; it knows no names of .invalid.
func serveDNS(t *testing.T, list ...[4]byte) *net.Resolver {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	testkit.Must(t, err)
	t.Cleanup(func() { pc.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; strings.HasSuffix(q.Name.String(), ".invalid.") {
				m.RCode = dnsmessage.RCodeNameError
			} else if q.Type == dnsmessage.TypeA {
				m.Answers = addressesOf(q.Name, list)
			}
			if b, err := m.Pack(); err == nil {
				_, _ = pc.WriteTo(b, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"https://example.com/x?y=z", "http://[::1]:80/", "http://0x7f.1/", "https://a@b/", "http://127.0.0.1%2f/", "http://[fe80::1%25eth0]/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := ParseURL(raw)
		if err != nil {
			return
		}
		if u.Host == "" || u.User != nil || strings.ContainsAny(u.Host, "\r\n ") {
			t.Fatalf("%q was taken as %v", raw, u)
		}
		again, err := ParseURL(u.String())
		if err != nil || again.Host != u.Host {
			t.Fatalf("%q became %v, which is read as %v, %v", raw, u, again, err)
		}
		a, err := netip.ParseAddr(u.Hostname())
		if err == nil && (Policy{}).CheckAddr(a) != nil && (Policy{}).CheckHost(u.Hostname()) == nil {
			t.Fatalf("%q leads to %v", raw, a)
		}
	})
}
