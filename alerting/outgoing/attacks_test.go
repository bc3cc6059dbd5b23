package outgoing

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// The sentence of what requests may do, and the test of each part:
//
//	no redirects                       TestARedirectIsNotFollowed
//	addresses checked at dial          TestAddressesAreChecked, TestANameThatTurnsIntoAnotherAddress, TestEachAddressOfANameIsChecked
//	--webhook-allow for private ones   TestThisMachineIsNotAskedWithoutLeave
//	link-local and metadata never      TestNetworksThatMayNotBeAllowed, TestNoProxyIsAWayRound
//	time limits                        TestAServerThatHangs, TestNothingTakesLongerThanItsLimit
//	proxy from the environment         TestByWayOfAProxy, TestOddProxies
//	at most 4 at once a channel        TestAStormIntoChannels of package alerting

// play takes connections, reads a request on each, and does with it what it is told to.
func play(t *testing.T, do func(conn net.Conn)) (addr string) {
	return testkit.Listen(t, func(conn net.Conn) {
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		do(conn)
	})
}

// drip writes a text again and again, a byte at a time, until nobody reads.
func drip(conn net.Conn, first, text string) {
	_, err := io.WriteString(conn, first)
	for i := 0; err == nil; i++ {
		time.Sleep(5 * time.Millisecond) // an end that is slow on purpose
		_, err = conn.Write([]byte{text[i%len(text)]})
	}
}

// endless writes a text again and again, as fast as it can.
func endless(conn net.Conn, first, text string) {
	_, err := io.WriteString(conn, first)
	for err == nil {
		_, err = io.WriteString(conn, text)
	}
}

// bomb is a body of some KB that unpacks to 10 MB.
func bomb() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(make([]byte, 10<<20))
	z.Close()
	return b.String()
}

// TestNothingTakesLongerThanItsLimit, nor more memory: ends that drip, that never stop, or that send what grows.
func TestNothingTakesLongerThanItsLimit(t *testing.T) {
	const limit = 300 * time.Millisecond
	packed := bomb()
	for name, x := range map[string]struct {
		do     func(conn net.Conn)
		status int // 0: in doubt
	}{
		"a head that drips":             {func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\n", "X-A: b\r\n") }, 0},
		"a status line that drips":      {func(c net.Conn) { drip(c, "", "HTTP/1.1 200 O") }, 0},
		"a body that drips":             {func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\n\r\n", "x") }, 200},
		"chunks that drip":              {func(c net.Conn) { drip(c, "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n") }, 503},
		"headers without end":           {func(c net.Conn) { endless(c, "HTTP/1.1 200 OK\r\n", "X: y\r\n") }, 0},
		"one header without end":        {func(c net.Conn) { endless(c, "HTTP/1.1 200 OK\r\nX: ", "yyyyyyyyyy") }, 0},
		"informational answers, no end": {func(c net.Conn) { endless(c, "", "HTTP/1.1 103 Early Hints\r\n\r\n") }, 0},
		"a body without end":            {func(c net.Conn) { endless(c, "HTTP/1.1 200 OK\r\n\r\n", "zzzzzzzz") }, 200},
		"a chunk extension without end": {func(c net.Conn) { endless(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "eeeeee") }, 200},
		"a length of exabytes":          {func(c net.Conn) { endless(c, "HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n", "z") }, 200},
		"a body that unpacks to 10 MB":  {func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"+packed) }, 200},
		"two lengths that differ": {func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
		}, 0},
		"a redirect that says no address": {func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 307 Go\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
		}, 307},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := loopback()
			c.Limits = Limits{Connect: 10 * time.Second, Answer: limit}
			began := time.Now()
			a, err := ask(t, c, "http://"+play(t, x.do)+"/", Request{Method: "POST", Body: []byte("x")})
			if took := time.Since(began); took > testkit.Patience {
				t.Errorf("it took %v", took)
			}
			if x.status == 0 && !errors.Is(err, ErrNoAnswer) || x.status != 0 && (err != nil || a.Status != x.status) {
				t.Errorf("%d, %v, want %d", a.Status, err, x.status)
			}
			if len(a.Body) > maxBody {
				t.Errorf("%d bytes were kept", len(a.Body))
			}
		})
	}
}

// TestEachAddressOfANameIsChecked: a name that leads to an address that may be asked, where nobody is, and to one that may not.
func TestEachAddressOfANameIsChecked(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer ln.Close()
	var arrived atomic.Bool
	go func() {
		if conn, err := ln.Accept(); err == nil {
			arrived.Store(true)
			conn.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	for _, order := range [][][4]byte{{{127, 0, 0, 2}, {127, 0, 0, 1}}, {{127, 0, 0, 1}, {127, 0, 0, 2}}} {
		c := New(Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}})
		c.Proxy, c.resolver = nil, serveDNS(t, order...)
		if _, err := c.Open(t.Context(), must(url.Parse("http://two.example:"+port+"/"))); err == nil {
			t.Error("it was asked")
		}
	}
	if arrived.Load() {
		t.Error("a connection arrived where none may go")
	}
}

// TestANameServerThatHangs costs the limit of connecting, and no more.
func TestANameServerThatHangs(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer pc.Close()
	c := New(Policy{})
	c.Proxy, c.Limits.Connect = nil, 200*time.Millisecond
	c.resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
	_, err = c.Open(t.Context(), must(url.Parse("http://slow.example/")))
	if want := "slow.example could not be connected to within 200ms: the name slow.example could not be looked up in time: see to this machine's DNS"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestNoProxyIsAWayRound: what may not be asked may not be by way of one, however it is written. The proxy looks names up.
func TestNoProxyIsAWayRound(t *testing.T) {
	var seen atomic.Int64
	proxy := play(t, func(conn net.Conn) {
		seen.Add(1)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	c := New(Policy{}) // the proxy itself is in a private network, which is the operator's choice
	c.Proxy = func(*url.URL) (*url.URL, error) { return url.Parse("http://" + proxy) }
	for _, host := range []string{
		"10.0.0.1", "127.0.0.1", "[::1]", "169.254.169.254", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[::ffff:0:a9fe:a9fe]", "[fe80::1%25lo]",
		"2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "metadata.google.internal", "METADATA.goog.", "localhost", "x.localhost.", "100.100.100.200", "[fd00:ec2::254]",
	} {
		for _, scheme := range []string{"http", "https"} {
			if a, err := ask(t, c, scheme+"://"+host+"/", Request{Method: "POST"}); err == nil {
				t.Errorf("%s by %s: %d", host, scheme, a.Status)
			}
		}
	}
	if seen.Load() > 0 {
		t.Errorf("the proxy was asked %d times", seen.Load())
	}
	if a, err := ask(t, c, "http://intranet.example/", Request{Method: "POST"}); err != nil || a.Status != 200 {
		t.Errorf("a name: %v, %v", a.Status, err)
	}
}

// TestOddProxies do not get a request that is for another, and cost no more than the limit of connecting.
func TestOddProxies(t *testing.T) {
	for name, do := range map[string]func(conn net.Conn){
		"it redirects":             func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1/\r\n\r\n") },
		"it wants to know who":     func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n") },
		"its head has no end":      func(c net.Conn) { endless(c, "HTTP/1.1 200 OK\r\n", "X: y\r\n") },
		"its head drips":           func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\n", "X: y\r\n") },
		"it says nothing":          func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		"it answers in plain text": func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := New(Policy{})
			c.Limits = Limits{Connect: 300 * time.Millisecond, Answer: time.Second}
			at := "http://" + play(t, do)
			c.Proxy = func(*url.URL) (*url.URL, error) { return url.Parse(at) }
			began := time.Now()
			_, err := ask(t, c, "https://hooks.example/secret", Request{Method: "POST"})
			if err == nil || errors.Is(err, ErrNoAnswer) || strings.Contains(err.Error(), "secret") || time.Since(began) > testkit.Patience {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
	}
}

// addressesOf are the records of some addresses.
func addressesOf(name dnsmessage.Name, list [][4]byte) (records []dnsmessage.Resource) {
	for _, a := range list {
		records = append(records, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 0}, Body: &dnsmessage.AResource{A: a}})
	}
	return records
}
