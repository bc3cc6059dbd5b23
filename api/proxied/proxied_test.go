package proxied

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const proxy = "10.0.0.1"

func testNetworks(t testing.TB) Networks {
	t.Helper()
	p, err := ParseNetworks([]string{"10.0.0.0/8", "2001:db8:f::/48", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func headerOf(lines ...string) *fasthttp.RequestHeader {
	var h fasthttp.RequestHeader
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return &h
}

// TestTheNearestUntrustedAddressCounts: who is farther away could have been made up.
func TestTheNearestUntrustedAddressCounts(t *testing.T) {
	const xff, fwd = "X-Forwarded-For: ", "Forwarded: "
	for name, c := range map[string]struct {
		from  string
		lines []string
		want  string
	}{
		"no header":                      {proxy, nil, proxy},
		"from nobody trusted":            {"192.0.2.9", []string{xff + "198.51.100.1"}, "192.0.2.9"},
		"one hop":                        {proxy, []string{xff + "198.51.100.1"}, "198.51.100.1"},
		"one that was made up":           {proxy, []string{xff + "203.0.113.66, 198.51.100.1"}, "198.51.100.1"},
		"two proxies":                    {proxy, []string{xff + "203.0.113.66, 198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		"all trusted":                    {proxy, []string{xff + "10.1.1.1, 10.2.2.2"}, "10.1.1.1"},
		"several lines":                  {proxy, []string{xff + "203.0.113.66", xff + "198.51.100.1, 10.2.2.2", xff + "10.3.3.3"}, "198.51.100.1"},
		"no space":                       {proxy, []string{xff + "203.0.113.66,198.51.100.1"}, "198.51.100.1"},
		"tabs and empty elements":        {proxy, []string{xff + "198.51.100.1,\t10.2.2.2 ,, ,"}, "198.51.100.1"},
		"an empty header":                {proxy, []string{xff}, proxy},
		"a port":                         {proxy, []string{xff + "198.51.100.1:4711"}, "198.51.100.1"},
		"IPv6":                           {proxy, []string{xff + "2001:db8::7"}, "2001:db8::7"},
		"IPv6 in brackets":               {proxy, []string{xff + "[2001:db8::7]"}, "2001:db8::7"},
		"IPv6 in brackets, with a port":  {proxy, []string{xff + "[2001:db8::7]:443"}, "2001:db8::7"},
		"IPv6 with a zone":               {proxy, []string{xff + "fe80::1%eth0"}, "fe80::1"},
		"IPv4 in IPv6":                   {proxy, []string{xff + "::ffff:198.51.100.1"}, "198.51.100.1"},
		"a proxy of IPv6":                {"2001:db8:f::1", []string{xff + "2001:db8::7, 2001:db8:f:1::2"}, "2001:db8::7"},
		"unknown":                        {proxy, []string{xff + "198.51.100.1, unknown"}, proxy},
		"unknown behind a second proxy":  {proxy, []string{xff + "unknown, 10.2.2.2"}, "10.2.2.2"},
		"half an address":                {proxy, []string{xff + "198.51.100.1, 198.51.100"}, proxy},
		"a number with zeros in front":   {proxy, []string{xff + "198.051.100.1"}, proxy},
		"a port that is none":            {proxy, []string{xff + "198.51.100.1:port"}, proxy},
		"IPv4 in brackets":               {proxy, []string{xff + "[198.51.100.1]"}, proxy},
		"a bracket that is open":         {proxy, []string{xff + "[2001:db8::7"}, proxy},
		"brackets in brackets":           {proxy, []string{xff + "[[2001:db8::7]]"}, proxy},
		"no address at all":              {proxy, []string{xff + "<script>"}, proxy},
		"everybody":                      {proxy, []string{xff + "0.0.0.0"}, proxy},
		"Forwarded":                      {proxy, []string{fwd + "for=198.51.100.1"}, "198.51.100.1"},
		"Forwarded, with more":           {proxy, []string{fwd + `by=10.0.0.1;For="198.51.100.1:80";proto=https;host="a,b;c"`}, "198.51.100.1"},
		"Forwarded, IPv6":                {proxy, []string{fwd + `for="[2001:db8::7]:4711"`}, "2001:db8::7"},
		"Forwarded, several":             {proxy, []string{fwd + "for=203.0.113.66, for=198.51.100.1;proto=http", fwd + "for=10.2.2.2"}, "198.51.100.1"},
		"Forwarded, unknown":             {proxy, []string{fwd + "for=198.51.100.1, for=unknown"}, proxy},
		"Forwarded, a made-up name":      {proxy, []string{fwd + "for=198.51.100.1, for=_hidden"}, proxy},
		"Forwarded, no for":              {proxy, []string{fwd + "for=198.51.100.1, proto=http"}, proxy},
		"Forwarded, for twice":           {proxy, []string{fwd + "for=198.51.100.1;for=198.51.100.2"}, proxy},
		"Forwarded, a quote left open":   {proxy, []string{fwd + `for="203.0.113.66, for=198.51.100.1`}, "198.51.100.1"},
		"Forwarded, a quote to swallow":  {proxy, []string{fwd + `for="`, fwd + "for=198.51.100.1"}, "198.51.100.1"},
		"Forwarded, escapes":             {proxy, []string{fwd + `for="198.51.100.\1"`}, proxy},
		"both, of which one was made up": {proxy, []string{fwd + "for=203.0.113.66", xff + "198.51.100.1"}, "198.51.100.1"},
	} {
		t.Run(name, func(t *testing.T) {
			got := testNetworks(t).Client(netip.MustParseAddr(c.from), headerOf(c.lines...))
			if got != netip.MustParseAddr(c.want) {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// FuzzForwarded: whatever a client sends, what its proxy appends is what counts, and
// nothing is ever named that a header does not.
func FuzzForwarded(f *testing.F) {
	for _, s := range []string{"", "198.51.100.1", `for="`, `"`, `\"`, "for=unknown", "[::1", ",,,", `for="[2001:db8::7]:4711";by=_x`, "::ffff:10.0.0.1", "10.1.1.1"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	client := netip.MustParseAddr("198.51.100.200")
	f.Fuzz(func(t *testing.T, sent string, xff bool) {
		name, appended := fasthttp.HeaderXForwardedFor, client.String()
		if !xff {
			name, appended = headerForwarded, "for="+appended
		}
		var h fasthttp.RequestHeader
		h.Set(name, sent+", "+appended)
		if got := testNetworks(t).Client(netip.MustParseAddr(proxy), &h); got != client {
			t.Errorf("%q on one line made %s of it", sent, got)
		}
		h.Set(name, sent)
		h.Add(name, appended)
		if got := testNetworks(t).Client(netip.MustParseAddr(proxy), &h); got != client {
			t.Errorf("%q on a line before made %s of it", sent, got)
		}
		h.Del(name)
		h.Set(name, sent)
		if got := testNetworks(t).Client(netip.MustParseAddr(proxy), &h); !got.IsValid() || got.IsUnspecified() || got.Zone() != "" {
			t.Errorf("%q alone made %s of it", sent, got)
		}
	})
}

func TestProxiesAreNetworks(t *testing.T) {
	for _, text := range []string{"", "10.0.0.0/33", "proxy.example", "10.0.0.1:80", "0.0.0.0/0", "::/0", "fe80::1%eth0", "::ffff:10.0.0.0/104", "10.0.0.0/8 "} {
		if _, err := ParseNetworks([]string{text}); !errors.Is(err, fsm.ErrConfig) || !strings.Contains(err.Error(), "--trusted-proxies") {
			t.Errorf("%q: %v", text, err)
		}
	}
	p, err := ParseNetworks([]string{"10.1.2.3/8", "::ffff:192.0.2.1"})
	if err != nil || !p.Trusts(netip.MustParseAddr("10.9.9.9")) || !p.Trusts(netip.MustParseAddr("192.0.2.1")) || p.Trusts(netip.MustParseAddr("192.0.2.2")) {
		t.Errorf("%v, %v", p, err)
	}
}

func TestPublicURLsAreURLs(t *testing.T) {
	for _, text := range []string{
		"example.com", "/beat", "ftp://example.com", "https://", "https://exa mple.com", "https://u:p@example.com", "https://example.com?x",
		"https://example.com/?", "https://example.com/#a", "https://example.com/a%2Fb", "https://example.com/../b", "https://example.com//b",
		"https://example.com:port", "https:example.com", "https://ex\u200bample.com",
	} {
		if _, err := ParsePublicURL(text); !errors.Is(err, fsm.ErrConfig) || !strings.Contains(err.Error(), "--public-url") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
