package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// cameFrom is a connection that has an address and tells whether it was closed.
type cameFrom struct {
	net.Conn
	addr   string
	closed bool
}

func (c *cameFrom) RemoteAddr() net.Addr { return nodeAddr(c.addr) }

func (c *cameFrom) Close() error { c.closed = true; return nil }

func TestAFullPortShowsTheOldestGuestOut(t *testing.T) {
	d := &Guests{limits: GuestLimits{Strangers: 3, PerAddress: 2, Peers: 2}, known: func(ip netip.Addr) bool { return ip == netip.MustParseAddr("10.0.0.9") }}
	var all []*cameFrom
	var leave []func()
	come := func(addr string) int {
		c := &cameFrom{addr: addr}
		all, leave = append(all, c), append(leave, d.Admit(c))
		return len(all) - 1
	}
	out := func(want ...int) {
		t.Helper()
		var got []int
		for i, c := range all {
			if c.closed {
				got = append(got, i)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("shown out: %v, want %v", got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("shown out: %v, want %v", got, want)
			}
		}
	}
	first, second := come("10.0.0.1:1"), come("10.0.0.1:2")
	out()
	third := come("10.0.0.1:3") // a third from one address
	out(first)
	come("10.0.0.2:1")
	out(first)
	come("10.0.0.3:1") // a fourth in all
	out(first, second)
	leave[third]() // it has proven itself
	fifth := come("10.0.0.4:1")
	out(first, second)
	peer1, peer2 := come("10.0.0.9:1"), come("[::ffff:10.0.0.9]:2")
	out(first, second)
	come("10.0.0.9:3")
	out(first, second, peer1)
	leave[peer2]()
	come("10.0.0.9:4")
	out(first, second, peer1)
	leave[fifth]()
	v6 := come("[2001:db8::1]:1")
	come("[2001:db8::2]:1")
	leave[3]()
	come("[2001:db8::3]:1") // all of one /64
	if !all[v6].closed {
		t.Error("a /64 has more than its share")
	}
}

func TestGuestsMaySendSoMuch(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	go func() {
		there.Write([]byte("guests may say"))
		there.Write([]byte(", and others more"))
		there.Close()
	}()
	g := &LimitedConn{Conn: here, left: 6}
	if b, err := io.ReadAll(g); string(b) != "guests" || !errors.Is(err, errTooMuch) {
		t.Errorf("%q, %v", b, err)
	}
	g.trusted = true
	if b, err := io.ReadAll(g); string(b) != " may say, and others more" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// noDescriptors is a listener in a process that has no descriptors left for a while.
type noDescriptors struct {
	net.Listener
	left int
}

func (l *noDescriptors) Accept() (net.Conn, error) {
	if l.left--; l.left >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

func TestTheClusterPortOutlivesAWantOfDescriptors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := Serve(&noDescriptors{l, 5}, Options{})
	defer m.Close()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	conn, err := m.Dial(ctx, l.Addr().String(), KindControl)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, err := m.Listener(KindControl).Accept(); err != nil {
		t.Errorf("%v", err)
	} else {
		got.Close()
	}
}

func TestPeersAreKnownByTheirAddresses(t *testing.T) {
	n := &KnownPeers{list: func() []string {
		return []string{"10.0.0.1:8082", "[::ffff:10.0.0.2]:1", "a.example.com:1", "nonsense"}
	}}
	for ip, want := range map[string]bool{"10.0.0.1": true, "10.0.0.2": true, "10.0.0.3": false} {
		if got := n.Has(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
}

func TestWhyAHandshakeIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		client [][]byte
		words  string
	}{"plain": {nil, "does not speak TLS"}, "another secret": {secrets("b"), "another cluster secret"}} {
		t.Run(name, func(t *testing.T) {
			pair, err := NewTLS(TLSOptions{Secrets: secrets("a")})
			if err != nil {
				t.Fatal(err)
			}
			refused := make(chan string, 1)
			server, err := Listen("127.0.0.1:0", Options{TLS: pair, Refused: func(_ netip.Addr, why string) { refused <- why }})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
			defer cancel()
			conn, err := openPort(t, c.client).Dial(ctx, server.Addr().String(), KindControl)
			if err == nil {
				defer conn.Close()
				conn.Write(make([]byte, 64)) // enough for the server to see that it is no TLS
			} else if !strings.Contains(err.Error(), OtherSecretAdvice) {
				t.Errorf("dial says %v", err)
			}
			select {
			case why := <-refused:
				if !strings.Contains(why, c.words) {
					t.Errorf("the server says %q, want %q", why, c.words)
				}
			case <-time.After(testkit.Patience):
				t.Errorf("the server says nothing of %q", c.words)
			}
		})
	}
}
