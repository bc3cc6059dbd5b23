package api

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// failing is a listener whose accept fails as often as it is told.
type failing struct {
	net.Listener
	errs atomic.Int64
	err  error
}

func (f *failing) Accept() (net.Conn, error) {
	if f.errs.Add(-1) >= 0 {
		return nil, f.err
	}
	return f.Listener.Accept()
}

// TestNoErrorOfAcceptEndsTheListener has accept fail in every way that passes.
func TestNoErrorOfAcceptEndsTheListener(t *testing.T) {
	t.Parallel()
	for _, number := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EPROTO, syscall.EPERM, syscall.ENETDOWN, syscall.EINTR,
	} {
		t.Run(number.Error(), func(t *testing.T) {
			ln, err := Listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			f := &failing{Listener: ln, err: &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", number)}}
			f.errs.Store(3)
			r := serveOn(t, f, func(*Config) {}, func(*Server) {})
			r.dial = func() (net.Conn, error) { return net.Dial("tcp", ln.Addr().String()) }
			body := r.call("GET", "/metrics", "").body
			if !strings.Contains(body, "quorumbeat_http_accept_errors_total 3") {
				t.Errorf("the errors are not counted:\n%s", lines(body, "accept_errors"))
			}
		})
	}
}

// deafened is a listener that closes what it accepts while it is deaf.
type deafened struct {
	net.Listener
	deaf atomic.Bool
}

func (d *deafened) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil || !d.deaf.Load() {
			return conn, err
		}
		_ = conn.Close()
	}
}

// TestADeafNodeIsNotReady, and says why to who is connected still.
func TestADeafNodeIsNotReady(t *testing.T) {
	t.Parallel()
	ln, err := Listen("127.0.0.1:0")
	testkit.Must(t, err)
	d := &deafened{Listener: ln}
	r := serveOn(t, d, func(*Config) {}, func(*Server) {})
	r.dial = func() (net.Conn, error) { return net.Dial("tcp", ln.Addr().String()) }
	conn := r.connect()
	defer conn.Close()
	from := bufio.NewReader(conn)
	ask := func(path string) answer {
		testkit.Must(t, conn.SetDeadline(time.Now().Add(testkit.Patience)))
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
		return r.read(from, false)
	}
	if a := ask("/readyz"); a.status != 200 {
		t.Fatalf("a node that hears: %d %s", a.status, a.body)
	}
	life, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.server.ProveHearing(life, func(bool) {}) }()
	d.deaf.Store(true)
	testkit.Eventually(t, "it is not ready", func() bool { return ask("/readyz").status == 503 })
	if a := ask("/readyz"); !strings.Contains(a.body, "public listener does not answer") || !strings.Contains(ask("/metrics").body, "quorumbeat_listener_up 0") {
		t.Errorf("it says %s", a.body)
	}
	d.deaf.Store(false)
	testkit.Eventually(t, "it is ready again", func() bool { return ask("/readyz").status == 200 })
	if !strings.Contains(ask("/metrics").body, "quorumbeat_listener_up 1") {
		t.Error("the metric does not tell")
	}
	stop()
	testkit.Must(t, <-ended)
}

func lines(text, with string) (found string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, with) {
			found += line
		}
	}
	return found
}

// newCrowdedRig lets in so many connections.
func newCrowdedRig(t *testing.T, most int) (*rig, *testkit.Buffer) {
	var log testkit.Buffer
	r := newRigWith(t, func(c *Config) {
		c.MaxConnections = most
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	}, func(*Server) {})
	return r, &log
}

// isOpen reports whether the server has not closed a connection.
func isOpen(conn net.Conn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	_, err := conn.Read(make([]byte, 1))
	return request.IsTimeout(err)
}

// TestTheLongestIdleMakeRoom opens more connections than there may be: silent ones,
// one that served a request, one in the middle of a header.
func TestTheLongestIdleMakeRoom(t *testing.T) {
	const most = 10
	r, log := newCrowdedRig(t, most)
	var conns []net.Conn
	for i := range most {
		conn := r.connect()
		defer conn.Close()
		conns = append(conns, conn)
		testkit.Eventually(t, "it is accepted", func() bool { return r.server.conns.Len() == i+1 })
	}
	fmt.Fprint(conns[1], "GET /heal") // never ends
	fmt.Fprint(conns[0], "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	r.read(bufio.NewReader(conns[0]), false)
	for i := range 4 { // each takes the place of the one that is oldest then: 1, 2, 3, 4
		if a := r.call("GET", "/healthz", ""); a.status != 200 {
			t.Fatalf("request %d: %d", i, a.status)
		}
		testkit.Eventually(t, "its connection is gone", func() bool { return r.server.conns.Len() == most-1 })
		conn := r.connect()
		defer conn.Close()
		testkit.Eventually(t, "it is accepted", func() bool { return r.server.conns.Len() == most })
	}
	for i, conn := range conns {
		if open, want := isOpen(conn), i == 0 || i > 4; open != want && i != 5 {
			t.Errorf("connection %d: open %v, want %v", i, open, want)
		}
	}
	if got := log.String(); strings.Count(got, "too many connections") != 1 || !strings.Contains(got, "ulimit -n") {
		t.Errorf("logged: %s", got)
	}
	if body := r.call("GET", "/metrics", "").body; !strings.Contains(body, `quorumbeat_http_connections_closed_total{reason="idle"}`) ||
		!strings.Contains(body, "quorumbeat_http_connections_limit 10") || !strings.Contains(body, `quorumbeat_http_connections{state="active"} 1`) {
		t.Errorf("metrics:\n%s", lines(body, "http_"))
	}
}

// TestADeferredReplyIsNeverClosedForRoom fills the server with pings that wait.
func TestADeferredReplyIsNeverClosedForRoom(t *testing.T) {
	const most = 4
	r, _ := newCrowdedRig(t, most)
	token := r.create(`{"name":"x"}`).Token
	testkit.Eventually(t, "nobody is there", func() bool { return r.server.conns.Len() == 0 })
	resolves := make(chan func(fsm.Code), most)
	r.cluster.answerPings(func(_ fsm.Ping, then func(fsm.Code)) error { resolves <- then; return nil })
	var conns []net.Conn
	for range most {
		conn := r.connect()
		defer conn.Close()
		fmt.Fprintf(conn, "POST /v1/heartbeats/%s/ping HTTP/1.1\r\nHost: x\r\n\r\n", token)
		conns = append(conns, conn)
	}
	var then []func(fsm.Code)
	for range most {
		then = append(then, <-resolves)
	}
	if a := r.raw(""); a.status != 503 || !strings.Contains(a.body, "too many connections") {
		t.Errorf("one too many: %d %s", a.status, a.body)
	}
	for _, resolve := range then { // in the order in which they came
		resolve(fsm.CodeOK)
	}
	for i := range conns {
		if a := r.read(bufio.NewReader(conns[i]), false); a.status != 200 {
			t.Errorf("ping %d: %d", i, a.status)
		}
	}
	if a := r.call("GET", "/healthz", ""); a.status != 200 {
		t.Errorf("afterwards: %d", a.status)
	}
}

// TestAConnectionRestsAndWakes leaves kept connections idle for longer than they hold
// buffers, on plain sockets and on TLS, with a reply is deferred and without.
func TestAConnectionRestsAndWakes(t *testing.T) {
	cert, key := certificate(t)
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRigWith(t, func(c *Config) {
				if secure {
					c.TLSCert, c.TLSKey = cert, key
				}
			}, func(s *Server) { s.conns.IdleTimeout = 30 * time.Millisecond })
			if secure {
				r.overTLS()
			}
			token := r.create(`{"name":"x"}`).Token
			conn := r.connect()
			defer conn.Close()
			from := bufio.NewReader(conn)
			for range 3 {
				fmt.Fprintf(conn, "POST /v1/heartbeats/%s/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n%s", token, strings.Repeat("x", 5000))
				if a := r.read(from, false); a.status != 200 {
					t.Fatalf("%d %s", a.status, a.body)
				}
				testkit.Eventually(t, "fasthttp let go of it", func() bool { return r.server.http.GetOpenConnectionsCount() == 0 })
				if r.server.conns.Len() != 1 {
					t.Fatalf("%d connections", r.server.conns.Len())
				}
			}
		})
	}
}

// TestALargeRecordEndsItsConnection holds that TLS keeps no large buffer for long.
func TestALargeRecordEndsItsConnection(t *testing.T) {
	cert, key := certificate(t)
	r := newRigWith(t, func(c *Config) { c.TLSCert, c.TLSKey = cert, key }, func(*Server) {})
	r.overTLS()
	token := r.create(`{"name":"x"}`).Token
	for size, ends := range map[int]bool{0: false, 4000: false, 1 << 20: true} {
		conn := r.connect()
		defer conn.Close()
		fmt.Fprintf(conn, "POST /ping/%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", token, size, strings.Repeat("x", size))
		if a := r.read(bufio.NewReader(conn), false); a.status != 200 || a.header.ConnectionClose() != ends {
			t.Errorf("%d bytes: %d %s", size, a.status, a.header)
		}
	}
}

func TestARestingConnectionKeepsItsDeferredReply(t *testing.T) {
	r := newRigWith(t, func(*Config) {}, func(s *Server) { s.conns.IdleTimeout = 20 * time.Millisecond })
	token := r.create(`{"name":"x"}`).Token
	resolves := make(chan func(fsm.Code), 1)
	r.cluster.answerPings(func(_ fsm.Ping, then func(fsm.Code)) error { resolves <- then; return nil })
	conn := r.connect()
	defer conn.Close()
	from := bufio.NewReader(conn)
	for _, code := range []fsm.Code{fsm.CodeOK, fsm.CodeNoLeader, fsm.CodeOK} {
		fmt.Fprintf(conn, "POST /v1/heartbeats/%s/ping HTTP/1.1\r\nHost: x\r\n\r\n", token)
		resolve := <-resolves
		testkit.Eventually(t, "it rests", func() bool { return r.server.http.GetOpenConnectionsCount() == 0 })
		resolve(code)
		if a := r.read(from, false); a.status == 200 != (code == fsm.CodeOK) || a.header.ConnectionClose() {
			t.Errorf("outcome %d: %d %s", code, a.status, a.header)
		}
	}
}

func TestARestingConnectionIsClosedInTheEnd(t *testing.T) {
	r := newRigWith(t, func(*Config) {}, func(s *Server) {
		s.conns.IdleTimeout = 20 * time.Millisecond
		s.conns.IdleLimit = 50 * time.Millisecond
	})
	conn := r.connect()
	defer conn.Close()
	fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	r.read(bufio.NewReader(conn), false)
	testkit.Eventually(t, "it is closed", func() bool { return r.server.conns.Len() == 0 })
}
