package deferred

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

const (
	pingRequest  = "POST /ping HTTP/1.1\r\nHost: x\r\n\r\n"
	otherRequest = "GET /small HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\n\r\n"
	readyReply   = "HTTP/1.1 200 OK\r\nX-Ready: yes\r\nContent-Length: 2\r\n\r\nOK"
)

// newDirectRig is a rig whose server takes plain pings directly. taken gets each.
func newDirectRig(t *testing.T) (r *rig, taken chan Request) {
	r, taken = newRig(t), make(chan Request, 10)
	r.pool.opts.Take = func(c *Conn, req Request, start time.Time) bool {
		if string(req.Path) != "/ping" {
			return false
		}
		resolve := c.DeferReady([]byte(readyReply), Reply{Head: req.Head}, start)
		taken <- req
		r.outcomes <- resolve
		return true
	}
	return r, taken
}

// kept opens a connection on which a request was answered.
func (r *rig) kept() (*net.TCPConn, *bufio.Reader) {
	r.t.Helper()
	conn := r.connect()
	in := bufio.NewReader(conn)
	r.send(conn, pingRequest)
	(<-r.outcomes)(fsm.CodeOK)
	r.wantReply(in, 200, false)
	return conn, in
}

// wantReply reads one reply, and whether it is the ready one.
func (r *rig) wantReply(in *bufio.Reader, status int, ready bool) {
	r.t.Helper()
	var res fasthttp.Response
	if err := res.Read(in); err != nil || res.StatusCode() != status || (len(res.Header.Peek("X-Ready")) > 0) != ready {
		r.t.Fatalf("the reply is %d, %v, of its own: %v; want %d and %v", res.StatusCode(), err, !ready, status, ready)
	}
}

func TestPlainPingsAreTakenDirectly(t *testing.T) {
	r, taken := newDirectRig(t)
	conn, in := r.kept()
	for range 3 {
		r.send(conn, pingRequest)
		if req := <-taken; !req.Post || req.Head {
			t.Errorf("taken: %+v", req)
		}
		resolve := <-r.outcomes
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := in.Peek(1); err == nil {
			t.Fatal("a reply came before the outcome")
		}
		_ = conn.SetReadDeadline(time.Time{})
		resolve(fsm.CodeOK)
		r.wantReply(in, 200, true)
	}
	r.send(conn, otherRequest)
	r.wantReply(in, 200, false)
	r.send(conn, pingRequest)
	<-taken
	(<-r.outcomes)(fsm.CodeNoLeader)
	r.wantReply(in, 503, false)
	r.send(conn, pingRequest)
	(<-r.outcomes)(fsm.CodeOK)
	r.wantReply(in, 200, true)
}

// TestWhatFollowsADirectPing is sent before its outcome is known, in one write with it, and in
// pieces.
func TestWhatFollowsADirectPing(t *testing.T) {
	for name, parts := range map[string][]string{
		"before the outcome": {pingRequest, pingRequest, otherRequest},
		"in one write":       {pingRequest + pingRequest + otherRequest},
		"in pieces":          {pingRequest, pingRequest[:20], pingRequest[20:] + otherRequest[:9], otherRequest[9:]},
		"a long one":         {pingRequest, pingRequest, strings.Replace(otherRequest, "a=b", strings.Repeat("a", 3*directRoom), 1)},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := newDirectRig(t)
			conn, in := r.kept()
			c := r.pool.which(func(*replyConn) bool { return true })[0]
			for i, part := range parts {
				r.send(conn, part)
				if i < len(parts)-1 { // then a handler waits
					testkit.Eventually(t, "it is read", func() bool { return !hasUnread(c.fd) })
				}
			}
			answered := make(chan int, 3)
			go func() {
				for range 3 {
					var res fasthttp.Response
					if err := res.Read(in); err != nil {
						t.Error(err)
					}
					answered <- res.StatusCode()
				}
			}()
			(<-r.outcomes)(fsm.CodeOK)
			(<-r.outcomes)(fsm.CodeNoLeader)
			got := fmt.Sprint(<-answered, <-answered, <-answered)
			if got != "200 503 200" {
				t.Errorf("the replies are %s", got)
			}
		})
	}
}

// TestADirectPingIsAnsweredBeforeTheEnd has clients that send no more, or that go away.
func TestADirectPingIsAnsweredBeforeTheEnd(t *testing.T) {
	r, taken := newDirectRig(t)
	r.pool.IdleTimeout = 300 * time.Millisecond // an end that comes with a request is seen only then
	conn, in := r.kept()
	r.send(conn, pingRequest)
	_ = conn.CloseWrite()
	<-taken
	(<-r.outcomes)(fsm.CodeOK)
	r.wantReply(in, 200, true)
	if _, err := in.ReadByte(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
	conn, _ = r.kept()
	r.send(conn, pingRequest)
	<-taken
	_ = conn.SetLinger(0)
	_ = conn.Close()
	(<-r.outcomes)(fsm.CodeOK)
	testkit.Eventually(t, "no connection is left", func() bool { return r.pool.Len() == 0 })
}

// TestAConnectionRestsAfterADirectPing: the idle time counts from the ping that came last.
func TestAConnectionRestsAfterADirectPing(t *testing.T) {
	r, taken := newDirectRig(t)
	r.pool.IdleTimeout = time.Second
	conn, in := r.kept()
	begun := time.Now()
	for time.Since(begun) < 1500*time.Millisecond {
		time.Sleep(10 * time.Millisecond) // rests, each far below that time
		r.send(conn, pingRequest)
		<-taken
		(<-r.outcomes)(fsm.CodeOK)
		r.wantReply(in, 200, true)
		if n := r.http.GetOpenConnectionsCount(); n != 1 {
			t.Fatalf("fasthttp has %d connections", n)
		}
	}
	testkit.Eventually(t, "it rests", func() bool { return r.http.GetOpenConnectionsCount() == 0 })
	r.send(conn, pingRequest)
	(<-r.outcomes)(fsm.CodeOK)
	r.wantReply(in, 200, false)
}

// TestNoPingIsTakenDirectlyByWhoLeaves: its reply must say that the connection ends.
func TestNoPingIsTakenDirectlyByWhoLeaves(t *testing.T) {
	r, taken := newDirectRig(t)
	conn, in := r.kept()
	r.pool.Leave()
	r.send(conn, pingRequest)
	(<-r.outcomes)(fsm.CodeOK)
	r.wantReply(in, 200, false)
	if len(taken) > 0 {
		t.Error("it was taken")
	}
}

// TestEndWaitsForADirectPing whose connection fasthttp closes for being idle.
func TestEndWaitsForADirectPing(t *testing.T) {
	r, taken := newDirectRig(t)
	conn, in := r.kept()
	r.send(conn, pingRequest)
	<-taken
	ended := make(chan error, 1)
	go func() {
		_ = r.http.Shutdown()
		ended <- r.pool.End(t.Context())
	}()
	select {
	case err := <-ended:
		t.Fatalf("it ended with %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	(<-r.outcomes)(fsm.CodeOK)
	r.wantReply(in, 200, true)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	_ = conn.Close()
}
