package api

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// pingRoutes are all paths that take a ping, that carry a body; %t
// is the token, and %k a ping key.
var pingRoutes = []string{
	"/v1/heartbeats/%t/ping", "/v1/heartbeats/%t/ping/start", "/v1/heartbeats/%t/ping/fail", "/v1/heartbeats/%t/ping/log", "/v1/heartbeats/%t/ping/3",
	"/ping/%t", "/ping/%t/", "/ping/%t/start", "/ping/%t/fail", "/ping/%t/log", "/ping/%t/0",
	"/ping/%k/job", "/ping/%k/job/fail", "/ping/%k/new?create=1",
	"/api/push/%t", "/api/push/%t?status=down",
	"/p/%k/job", "/p/%k/job/run", "/start/%t", "/finish/%t", "/fail/%t",
}

// writeRequest writes a request with a body of so many bytes with a length or in
// chunks. The server may answer before all of it is written.
func writeRequest(conn net.Conn, head string, size int, chunked bool) {
	w := bufio.NewWriter(conn)
	if !chunked {
		fmt.Fprintf(w, "%sContent-Length: %d\r\n\r\n", head, size)
	} else {
		fmt.Fprintf(w, "%sTransfer-Encoding: chunked\r\n\r\n", head)
	}
	piece := strings.Repeat("x", 1<<16)
	for left := size; left > 0; left -= min(left, len(piece)) {
		part := piece[:min(left, len(piece))]
		if chunked {
			fmt.Fprintf(w, "%x\r\n%s\r\n", len(part), part)
		} else {
			w.WriteString(part)
		}
	}
	if chunked {
		w.WriteString("0\r\n\r\n")
	}
	_ = w.Flush()
}

// TestNoPingIsRefusedForItsBody tries every route with every kind and size of body.
// The connection serves another ping afterwards.
func TestNoPingIsRefusedForItsBody(t *testing.T) {
	t.Parallel()
	r := newPingRigWith(t, patient)
	for i, route := range pingRoutes {
		path := strings.NewReplacer("%t", r.job.Token, "%k", r.key).Replace(route)
		for _, chunked := range []bool{false, true} {
			for _, size := range []int{0, 1, fsm.MaxBody - 1, fsm.MaxBody, fsm.MaxBody + 1, 1<<20 + 1, 17 << 20} {
				if size > 1<<21 && i%5 != 0 {
					continue // it takes its time: one of each kind of path
				}
				what := fmt.Sprintf("%s, %d bytes, chunked %v", route, size, chunked)
				conn := r.connect()
				go writeRequest(conn, "POST "+path+" HTTP/1.1\r\nHost: x\r\n", size, chunked)
				from := bufio.NewReader(conn)
				if a := r.read(from, false); a.status != 200 && a.status != 201 || a.header.ConnectionClose() {
					t.Fatalf("%s: %d %s", what, a.status, a.body)
				}
				kept := min(size, fsm.MaxBody)
				if strings.HasPrefix(route, "/api/push") {
					kept = 0
				}
				r.keeps(what, kept)
				fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
				if a := r.read(from, false); a.status != 200 {
					t.Errorf("%s: the next request is answered %d", what, a.status)
				}
				conn.Close()
			}
		}
	}
}

// keeps checks that one ping was told, with so many bytes of a body.
func (r *pingRig) keeps(what string, bytes int) {
	r.t.Helper()
	if told := r.listener.take(); len(told) != 1 || len(told[0].Body) != bytes {
		r.t.Errorf("%s: told %d signals, want one with %d bytes", what, len(told), bytes)
	}
}

// TestABodyThatStallsIsNoLostPing stops in the middle of a body: what comes before is
// kept once there is enough of it, and waited for otherwise.
func TestABodyThatStallsIsNoLostPing(t *testing.T) {
	t.Parallel()
	r := newPingRigWith(t, func(s *Server) { s.conns.ReadTimeout = 3 * time.Second })
	type stalled struct {
		what   string
		status int
		conn   net.Conn
	}
	var all []stalled // they stall side by side
	for _, c := range []struct{ sent, status int }{{fsm.MaxBody + 1, 200}, {50000, 200}, {fsm.MaxBody - 1, 408}, {1, 408}} {
		for _, path := range []string{"/ping/" + r.job.Token, "/v1/heartbeats/" + r.job.Token + "/ping", "/api/push/" + r.job.Token} {
			conn := r.connect()
			defer conn.Close()
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n%s", path, strings.Repeat("x", c.sent))
			all = append(all, stalled{fmt.Sprintf("%s, %d bytes", path, c.sent), c.status, conn})
		}
	}
	for _, s := range all {
		if a := r.read(bufio.NewReader(s.conn), false); a.status != s.status || !a.header.ConnectionClose() {
			t.Errorf("%s: %d %s", s.what, a.status, a.body)
		}
	}
	if told := r.listener.take(); len(told) != 6 {
		t.Errorf("%d pings, want those of the 6 answered 200", len(told))
	}
}

// TestWhoMayNotSendABodyIsToldBeforeIt sends the header alone.
func TestWhoMayNotSendABodyIsToldBeforeIt(t *testing.T) {
	r := newRig(t)
	ping := r.makeKey(fsm.ScopePing).Key
	for name, c := range map[string]struct {
		line, headers string
		status        int
	}{
		"no key":             {"POST /v1/heartbeats", "", 401},
		"an unknown key":     {"POST /v1/heartbeats", "Authorization: Bearer nobody-knows-this\r\n", 401},
		"a key for pings":    {"POST /v1/heartbeats", "Authorization: Bearer " + ping + "\r\n", 403},
		"no such path":       {"POST /v1/nowhere", "", 404},
		"the wrong method":   {"PUT /v1/heartbeats", "", 405},
		"too long":           {"POST /v1/heartbeats", "Authorization: Bearer " + testKey + "\r\n", 413},
		"too long, and asks": {"POST /v1/heartbeats", "Expect: 100-continue\r\nAuthorization: Bearer " + testKey + "\r\n", 413},
		"no key, and asks":   {"POST /v1/heartbeats", "Expect: 100-continue\r\n", 401},
		"a public path":      {"POST /metrics", "", 405},
	} {
		t.Run(name, func(t *testing.T) {
			a := r.raw(c.line + " HTTP/1.1\r\nHost: x\r\n" + c.headers + "Content-Length: 1048576\r\n\r\n")
			if a.status != c.status || !a.header.ConnectionClose() {
				t.Errorf("%d %s, want %d", a.status, a.body, c.status)
			}
			if c.status == 405 && len(a.header.Peek("Allow")) == 0 {
				t.Error("no Allow")
			}
			if c.status == 413 && !strings.Contains(a.body, "65536") {
				t.Errorf("the limit is not in %s", a.body)
			}
		})
	}
}

// TestTheLimitOfJSON holds at the byte, with a length and in chunks.
func TestTheLimitOfJSON(t *testing.T) {
	r := newRig(t)
	for _, chunked := range []bool{false, true} {
		for size, status := range map[int]int{maxBody: 400, maxBody + 1: 413, 20 << 20: 413} { // 400: it is no JSON
			conn := r.connect()
			go writeRequest(conn, "POST /v1/heartbeats HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+testKey+"\r\n", size, chunked)
			if a := r.read(bufio.NewReader(conn), false); a.status != status {
				t.Errorf("%d bytes, chunked %v: %d %s, want %d", size, chunked, a.status, a.body, status)
			}
			conn.Close()
		}
	}
}

// TestABrokenBodyIsNoPing cuts requests off.
func TestABrokenBodyIsNoPing(t *testing.T) {
	r := newPingRig(t)
	for _, rest := range []string{
		"Content-Length: 20\r\n\r\nhalf", "Content-Length: 20000\r\n\r\n" + strings.Repeat("x", 15000),
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhal", "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
	} {
		conn := r.connect()
		fmt.Fprintf(conn, "POST /ping/%s HTTP/1.1\r\nHost: x\r\n%s", r.job.Token, rest)
		_ = conn.(*net.TCPConn).CloseWrite()
		answer, err := io.ReadAll(conn)
		if err != nil && !errors.Is(err, io.EOF) || strings.Contains(string(answer), " 200 ") {
			t.Errorf("%.40q: %v %s", rest, err, answer)
		}
		if told := r.listener.take(); len(told) > 0 {
			t.Errorf("%.40q is a ping", rest)
		}
		conn.Close()
	}
}

// TestDribblesEnd sends a byte now and then: that does not prolong the time that a
// request has.
func TestDribblesEnd(t *testing.T) {
	r := newPingRigWith(t, func(s *Server) { s.conns.ReadTimeout = 300 * time.Millisecond })
	for name, begin := range map[string]string{
		"a header":         "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ",
		"JSON":             "POST /v1/heartbeats HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + testKey + "\r\nContent-Length: 1000\r\n\r\n",
		"a ping":           "POST /ping/" + r.job.Token + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
		"a ping in chunks": "POST /v1/heartbeats/" + r.job.Token + "/ping HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, start := r.connect(), time.Now()
			defer conn.Close()
			go func() {
				for _, err := conn.Write([]byte(begin)); err == nil; _, err = conn.Write([]byte("x")) {
					time.Sleep(20 * time.Millisecond)
				}
			}()
			a := r.read(bufio.NewReader(conn), false)
			if took := time.Since(start); a.status != 408 || took > 15*time.Second { // all the bytes would take 20 s
				t.Errorf("%d %s after %v", a.status, a.body, took)
			}
			if told := r.listener.take(); len(told) > 0 {
				t.Error("it is a ping")
			}
		})
	}
}

// TestEachRequestHasItsTime sends some on one connection: a slow one may take longer
// than the time between two, but not longer than a request may.
func TestEachRequestHasItsTime(t *testing.T) {
	r := newRigWith(t, func(*Config) {}, func(s *Server) { s.conns.IdleTimeout, s.conns.ReadTimeout = 500*time.Millisecond, 3*time.Second })
	conn := r.connect()
	defer conn.Close()
	from, start := bufio.NewReader(conn), time.Now()
	for range 2 {
		fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHo")
		time.Sleep(800 * time.Millisecond)
		fmt.Fprint(conn, "st: x\r\n\r\n")
		if a := r.read(from, false); a.status != 200 {
			t.Fatalf("%d %s after %v", a.status, a.body, time.Since(start))
		}
	}
	fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\n")
	start = time.Now()
	if a := r.read(from, false); a.status != 408 || time.Since(start) < 2500*time.Millisecond {
		t.Errorf("%d %s after %v", a.status, a.body, time.Since(start))
	}
}
