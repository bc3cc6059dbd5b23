package deferred

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// rig is a server with a pool. It defers the reply to /ping, and has a large one for all
// else.
type rig struct {
	t        *testing.T
	pool     *Pool
	http     *fasthttp.Server
	ln       net.Listener
	outcomes chan func(fsm.Code) // of each ping
}

func newRig(t *testing.T) *rig {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, ln: ln, outcomes: make(chan func(fsm.Code), 10)}
	r.http = &fasthttp.Server{Handler: r.handle, StreamRequestBody: true, MaxRequestBodySize: 1, CloseOnShutdown: true}
	r.pool = NewPool(r.http, Options{
		Failed:    func(ctx *fasthttp.RequestCtx, _ Reply, _ fsm.Code) { ctx.SetStatusCode(503) },
		Body:      func(Reply) []byte { return []byte("OK") },
		Answered:  func(int, time.Duration) {},
		OwnCookie: func([]byte) []byte { return nil },
	})
	done := make(chan error, 1)
	go func() { done <- r.http.Serve(poolListener{ln, r.pool}) }()
	t.Cleanup(func() {
		_ = r.http.Shutdown()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := r.pool.End(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

type poolListener struct {
	net.Listener
	pool *Pool
}

func (l poolListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.pool.Open(conn), nil
}

func (r *rig) handle(ctx *fasthttp.RequestCtx) {
	BeginRequest(ctx.Conn(), ctx.Time())
	switch string(ctx.Path()) {
	case "/ping":
		c := ConnFor(ctx)
		if c == nil {
			r.wait(ctx)
			return
		}
		c.Expect(Reply{}, ctx.Time())
		r.outcomes <- c.Resolve()
		c.Defer()
		ctx.SetBodyString("OK")
	case "/small":
		ctx.SetBodyString("small")
	case "/refuse":
		Linger(ctx.Conn())
		ctx.SetConnectionClose()
	default:
		ctx.SetBodyString(strings.Repeat("x", 100_000))
	}
}

// wait has a handler wait for the outcome.
func (r *rig) wait(ctx *fasthttp.RequestCtx) {
	outcome := make(chan fsm.Code)
	r.outcomes <- func(code fsm.Code) { outcome <- code }
	ctx.SetBodyString("OK")
	if code := <-outcome; code != fsm.CodeOK {
		r.pool.opts.Failed(ctx, Reply{}, code)
	}
}

func (r *rig) connect() *net.TCPConn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.ln.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

func (r *rig) send(conn net.Conn, request string) {
	r.t.Helper()
	if _, err := io.WriteString(conn, request); err != nil {
		r.t.Fatal(err)
	}
}

// TestEndWaitsForADeferredReply on a connection that fasthttp is done with, and has not
// come to close.
func TestEndWaitsForADeferredReply(t *testing.T) {
	r := newRig(t)
	conn := r.connect()
	r.send(conn, "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
	resolve := <-r.outcomes
	c := r.pool.which(func(*replyConn) bool { return true })[0]
	testkit.Eventually(t, "the reply is held back", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.held) > 0
	})
	c.mu.Lock() // so Close does not get far
	letClose := sync.OnceFunc(c.mu.Unlock)
	defer letClose()
	_ = conn.CloseWrite()
	testkit.Eventually(t, "fasthttp is done", func() bool { return r.http.GetOpenConnectionsCount() == 0 })
	ended := make(chan error, 1)
	go func() { ended <- r.pool.End(t.Context()) }()
	select {
	case err := <-ended:
		t.Errorf("End returned %v with a deferred reply", err)
		ended <- err
	case <-time.After(200 * time.Millisecond):
	}
	letClose()
	resolve(fsm.CodeOK)
	var res fasthttp.Response
	if err := res.Read(bufio.NewReader(conn)); err != nil || res.StatusCode() != 200 {
		t.Errorf("the reply is %d, %v", res.StatusCode(), err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestWhoDoesNotReadMakesRoom has clients send requests for more than a socket holds, and
// read nothing; then such as send what nobody asked for.
func TestWhoDoesNotReadMakesRoom(t *testing.T) {
	const most = 4
	for name, request := range map[string]string{
		"reads nothing": strings.Repeat("GET /large HTTP/1.1\r\nHost: x\r\n\r\n", 2000),
		"sends more":    "POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n" + strings.Repeat("x", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			for range most {
				conn := r.connect()
				go func() { _, _ = conn.Write([]byte(request)) }()
			}
			old := time.Now().Add(2 * r.pool.StallAfter)
			stuck := func(c *replyConn) bool { return c.lingers.Load() || c.stalled(old) }
			testkit.Eventually(t, "all are stuck", func() bool { return len(r.pool.which(stuck)) == most })
			for _, c := range r.pool.which(func(c *replyConn) bool { return c.sending.Load() != 0 }) {
				c.sending.Add(-int64(2 * r.pool.StallAfter)) // time passes
			}
			if n := r.pool.Shed(1); n != 1 {
				t.Errorf("%d connections made room, want 1", n)
			}
			testkit.Eventually(t, "it is closed", func() bool { return r.pool.Len() < most })
			_ = r.pool.Shed(most)
		})
	}
}
