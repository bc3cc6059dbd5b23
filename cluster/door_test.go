package cluster

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// cameFrom is a connection that has an address and tells whether it was closed.
type cameFrom struct {
	net.Conn
	addr   string
	closed bool
}

func (c *cameFrom) RemoteAddr() net.Addr { return nodeAddr(c.addr) }
func (c *cameFrom) Close() error         { c.closed = true; return nil }

func TestAFullDoorShowsTheOldestOut(t *testing.T) {
	d := &door{rooms: rooms{strangers: 3, eachAlien: 2, known: 2}, known: func(ip netip.Addr) bool { return ip == netip.MustParseAddr("10.0.0.9") }}
	var all []*cameFrom
	var leave []func()
	come := func(addr string) int {
		c := &cameFrom{addr: addr}
		all, leave = append(all, c), append(leave, d.enter(c))
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

// A stranger at each port is cut off after what a peer could have sent.
func TestStrangersMaySendLittle(t *testing.T) {
	c := newTrio(t, 1)
	cluster, gossip := c.nodes[0].Addrs()
	hello := append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff}, make([]byte, 1<<14-4)...)
	state := append([]byte{10, 1, 0x3f, 0xff, 0xff}, make([]byte, 1<<14)...)
	for name, tt := range map[string]struct {
		addr string
		talk []byte
	}{"cluster": {cluster, hello}, "gossip": {gossip, state}} {
		conn, err := net.Dial("tcp", tt.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		began := time.Now()
		for err == nil {
			_, err = conn.Write(tt.talk)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) > gossipLimit {
			t.Errorf("%s: a stranger was cut off after %s: %v", name, time.Since(began), err)
		}
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
	g := &guestConn{Conn: here, left: 6}
	if b, err := io.ReadAll(g); string(b) != "guests" || !errors.Is(err, errGuestTalk) {
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
	m := newMux(&noDescriptors{l, 5}, fsm.NodeID{}, nil, nil, newTroubles(slog.New(slog.DiscardHandler)))
	defer m.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := m.dial(ctx, l.Addr().String(), connControl)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, err := m.accept(connControl).Accept(); err != nil {
		t.Errorf("%v", err)
	} else {
		got.Close()
	}
}

func TestPeersAreKnownByTheirAddresses(t *testing.T) {
	n := &neighbours{list: func() []string {
		return []string{"10.0.0.1:8082", "[::ffff:10.0.0.2]:1", "a.example.com:1", "nonsense"}
	}}
	for ip, want := range map[string]bool{"10.0.0.1": true, "10.0.0.2": true, "10.0.0.3": false} {
		if got := n.has(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
}

// Two nodes with secrets that differ both say so, and what to do, once.
func TestBothSidesTellOfAnotherSecret(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"another secret": func(c *Config) { c.Secrets = secrets("x") },
		"no secret":      func(c *Config) { c.Secrets, c.Insecure = nil, true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // a node without a leader stops slowly
			here, there := new(safeBuffer), new(safeBuffer)
			c := &trio{t: t, nodes: make([]*testNode, 2)}
			cfg := lonerConfig(t)
			cfg.ClusterAddr, cfg.GossipAddr, cfg.Secrets = "127.0.0.1:0", "127.0.0.1:0", secrets("s")
			cfg.Logger = slog.New(slog.NewTextHandler(here, nil))
			c.open(0, cfg)
			_, gossip := c.nodes[0].Addrs()
			cfg.DataDir, cfg.Join, cfg.BootstrapExpect, cfg.Logger = t.TempDir(), []string{gossip}, 0, slog.New(slog.NewTextHandler(there, nil))
			change(&cfg)
			c.open(1, cfg)
			t.Cleanup(c.stop)
			for _, n := range c.nodes {
				if err := n.Start("127.0.0.1:1"); err != nil {
					t.Fatal(err)
				}
			}
			for side, log := range map[string]*safeBuffer{"the cluster": here, "the newcomer": there} {
				eventually(t, 10*time.Second, func() bool { return strings.Contains(log.String(), otherSecretAdvice) }, "%s says nothing", side)
				if n := strings.Count(log.String(), "another cluster secret"); n > 2 {
					t.Errorf("%s says it %d times", side, n)
				}
			}
		})
	}
}

func TestWhyAHandshakeIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		client [][]byte
		words  string
	}{"plain": {nil, "does not speak TLS"}, "another secret": {secrets("b"), "another cluster secret"}} {
		t.Run(name, func(t *testing.T) {
			said := new(safeBuffer)
			pair, err := newTLS(Config{Secrets: secrets("a")})
			if err != nil {
				t.Fatal(err)
			}
			server, err := listenMux("127.0.0.1:0", fsm.NodeID{}, pair, nil, newTroubles(slog.New(slog.NewTextHandler(said, nil))))
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			conn, err := openMux(t, c.client).dial(ctx, server.Addr().String(), connControl)
			if err == nil {
				defer conn.Close()
				conn.Write(make([]byte, 64)) // enough for the server to see that it is no TLS
			} else if !strings.Contains(err.Error(), otherSecretAdvice) {
				t.Errorf("dial says %v", err)
			}
			eventually(t, 5*time.Second, func() bool { return strings.Contains(said.String(), c.words) }, "the server says nothing of %q", c.words)
		})
	}
}

// safeBuffer is written by loggers while a test reads it.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
