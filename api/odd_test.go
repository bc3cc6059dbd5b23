package api

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// oddity is what follows the first lines of a request, and the answers that a ping gets:
// to itself and, if the connection goes on, to the request behind it.
type oddity struct {
	name, rest string
	answers    string
}

// oddities hide the request hidden where only a server that reads lengths in another way than
// a proxy in front would find it.
func oddities(hidden string) []oddity {
	const chunked = "Transfer-Encoding: chunked\r\n"
	size := len(hidden)
	return []oddity{
		{"a request as a body", fmt.Sprintf("Content-Length: %d\r\n\r\n%s", size, hidden), "200 200"},
		{"a request as a chunk", fmt.Sprintf("%s\r\n%x\r\n%s\r\n0\r\n\r\n", chunked, size, hidden), "200 200"},
		{"chunks and a short length", chunked + "Content-Length: 4\r\n\r\n0\r\n\r\n" + hidden, "200"},
		{"a long length and chunks", fmt.Sprintf("Content-Length: %d\r\n%s\r\n0\r\n\r\n%s", size+5, chunked, hidden), "200"},
		{"two lengths", fmt.Sprintf("Content-Length: 0\r\nContent-Length: %d\r\n\r\n%s", size, hidden), "400"},
		{"a length twice", "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + hidden, "400"},
		{"a list of lengths", "Content-Length: 2, 2\r\n\r\n{}" + hidden, "400"},
		{"a length with a sign", "Content-Length: +2\r\n\r\n{}" + hidden, "400"},
		{"a length below zero", "Content-Length: -1\r\n\r\n" + hidden, "400"},
		{"a length over 64 bits", "Content-Length: 99999999999999999999\r\n\r\n" + hidden, "400"},
		{"a hexadecimal length", "Content-Length: 0x2\r\n\r\n{}" + hidden, "400"},
		{"no length", "Content-Length: \r\n\r\n" + hidden, "400"},
		{"a space behind a name", "Content-Length : 2\r\n\r\n{}" + hidden, "400"},
		{"chunks, in capitals", "tRANSFER-encoding: CHUNKED\r\n\r\n0\r\n\r\n", "200 200"},
		{"chunks of a kind", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden, "400"},
		{"chunks of something", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + hidden, "400"},
		{"chunks behind a vertical tab", "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + hidden, "400"},
		{"chunks twice", chunked + "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden, "400"},
		{"chunks with a space before the colon", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden, "400"},
		{"a folded line", "X: a\r\n Transfer-Encoding: chunked\r\n\r\n", "200 200"},
		{"a NUL in a value", "X: a\x00b\r\n\r\n" + hidden, "400"},
		{"a NUL in a name", "X\x00: a\r\n\r\n" + hidden, "400"},
		{"a lone CR", "X: a\rContent-Length: 2\r\n\r\n" + hidden, "400"},
		{"a line without a colon", "hello\r\n\r\n" + hidden, "400"},
		{"two hosts", "Host: y\r\n\r\n" + hidden, "400"},
		{"10,000 lines", strings.Repeat("X: a\r\n", 10000) + "\r\n" + hidden, "431"},
		{"a line of 1 MB", "X: " + strings.Repeat("a", 1<<20) + "\r\n\r\n" + hidden, "431"},
		{"a chunk below zero", chunked + "\r\n-1\r\n\r\n" + hidden, "400"},
		{"a chunk over 64 bits", chunked + "\r\nffffffffffffffffffff\r\n\r\n" + hidden, "400"},
		{"a chunk of 2^63-1", chunked + "\r\n7fffffffffffffff\r\n\r\n" + hidden, "400"},
		{"a chunk of 0x2", chunked + "\r\n0x2\r\n{}\r\n0\r\n\r\n" + hidden, "400"},
		{"a chunk that ends late", chunked + "\r\n2\r\n{}0\r\n\r\n" + hidden, "400"},
		{"chunks with line feeds", chunked + "\r\n2\n{}\n0\n\n" + hidden, "400"},
		{"a chunk with 1,000 zeros", chunked + "\r\n" + strings.Repeat("0", 1000) + "2\r\n{}\r\n0\r\n\r\n" + hidden, "400"},
		{"a chunk with 2 MB of extensions", chunked + "\r\n2;" + strings.Repeat("a", 2<<20) + "\r\n{}\r\n0\r\n\r\n", "200 200"},
		{"500 kB of chunks with a byte each", chunked + "\r\n" + strings.Repeat("1\r\nx\r\n", 500_000/6) + "0\r\n\r\n", "200 200"},
		{"a trailer", chunked + "\r\n2\r\n{}\r\n0\r\nX: a\r\n\r\n", "200 200"},
		{"a trailer of 1 MB", chunked + "\r\n2\r\n{}\r\n0\r\nX: " + strings.Repeat("a", 1<<20) + "\r\n\r\n" + hidden, "400"},
		{"a trailer with a length", chunked + "\r\n2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n" + hidden, "400"},
		{"an unknown expectation", "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}", "200 200"},
		{"an upgrade to HTTP/2", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", "200 200"},
		{"HTTP/2", "\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden, "200 400"},
	}
}

// TestOddRequests sends each oddity to each kind of route: the answer is the right one, comes
// soon and is read whole; a ping counts if it was answered 200, and what hides in it never.
func TestOddRequests(t *testing.T) {
	r := newRigWith(t, func(*Config) {}, func(s *Server) { s.conns.ReadTimeout = 20 * time.Second })
	h, never := r.create(`{"name":"pinged"}`), r.create(`{"name":"hidden"}`)
	paths := map[string]string{
		"/v1": "/v1/heartbeats/" + h.Token + "/ping", "/ping": "/ping/" + h.Token, "/api/push": "/api/push/" + h.Token,
		"JSON": "/v1/heartbeats", "public": "/healthz", "nowhere": "/nowhere",
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, o := range oddities("POST /v1/heartbeats/" + never.Token + "/ping HTTP/1.1\r\nHost: x\r\n\r\n") {
		for route, path := range paths {
			for _, method := range []string{"POST", "GET"} {
				pings := r.counted(h)
				got := r.exchange(method + " " + path + " HTTP/1.1\r\nHost: x\r\n" + o.rest + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				counted := r.counted(h) - pings
				switch isPing := strings.HasPrefix(route, "/"); {
				case isPing && (got != o.answers || counted != strings.Count(o.answers[:3], "200")):
					t.Errorf("%s to %s %s: answered %s, want %s; %d pings counted", o.name, method, route, got, o.answers, counted)
				case counted < 0 || counted > 1 || got == "":
					t.Errorf("%s to %s %s: answered %q, %d pings counted", o.name, method, route, got, counted)
				}
			}
		}
	}
	if n := r.counted(never); n != 0 {
		t.Errorf("%d requests that were hidden in others were carried out", n)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("the heap grew by %d kB", grown>>10)
	}
}

func (r *rig) counted(h heartbeatJSON) int {
	id, _ := fsm.ParseHeartbeatID(h.ID)
	got, _ := r.cluster.store.Heartbeat(id)
	return int(got.Pings)
}

// exchange sends bytes and returns the status of each answer until the server closes.
func (r *rig) exchange(all string) string {
	r.t.Helper()
	conn := r.connect()
	defer conn.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(conn, all)
	}()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	var statuses []string
	for from := bufio.NewReader(conn); ; {
		_, err := from.Peek(1)
		if err == io.EOF {
			break
		}
		var res fasthttp.Response
		if err == nil {
			err = res.Read(from)
		}
		if err != nil {
			r.t.Errorf("%.60q: after %v: %v", all, statuses, err)
			break
		}
		statuses = append(statuses, fmt.Sprint(res.StatusCode()))
	}
	conn.Close()
	<-sent
	return strings.Join(statuses, " ")
}

// TestAThousandPingsAtOnce writes a thousand pings with bodies of all kinds, closes its side,
// and is answered each.
func TestAThousandPingsAtOnce(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	head := "POST /v1/heartbeats/" + h.Token + "/ping HTTP/1.1\r\nHost: x\r\n"
	kinds := []string{"\r\n", "Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n", "Content-Length: 12000\r\n\r\n" + strings.Repeat("x", 12000)}
	r.cluster.answerPings(func(_ fsm.Ping, then func(fsm.Code)) error { // not at once
		go then(fsm.CodeOK)
		return nil
	})
	conn := r.connect()
	defer conn.Close()
	go func() {
		w := bufio.NewWriter(conn)
		for i := range 1000 {
			_, _ = w.WriteString(head + kinds[i%len(kinds)])
		}
		_ = w.Flush()
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	from := bufio.NewReader(conn)
	for i := range 1000 {
		if a := r.read(from, false); a.status != 200 || a.body != `{"status":"ok"}` {
			t.Fatalf("ping %d: %d %s", i, a.status, a.body)
		}
	}
	if rest, err := io.ReadAll(from); err != nil || len(rest) > 0 {
		t.Errorf("behind the answers came %q, %v", rest, err)
	}
}

// TestWhatIsNoTLS sends the TLS port what is no handshake, or half of one. It ends, and others
// are served.
func TestWhatIsNoTLS(t *testing.T) {
	cert, key := certificate(t)
	r := newRigWith(t, func(c *Config) { c.TLSCert, c.TLSKey = cert, key }, func(s *Server) { s.conns.ReadTimeout = 200 * time.Millisecond })
	plain := r.dial
	hello := "\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03" // announces 16 kB
	for name, sent := range map[string]string{
		"nothing": "", "plain HTTP": "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"garbage": strings.Repeat("\xff\x00\x16", 1<<16), "half a greeting": hello, "a byte": "\x16",
	} {
		conn, err := plain()
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.WriteString(conn, sent) }()
		_ = conn.SetReadDeadline(time.Now().Add(testkit.Patience))
		_, err = io.Copy(io.Discard, conn)
		if request.IsTimeout(err) {
			t.Errorf("%s: %v", name, err)
		}
		conn.Close()
	}
	r.dial = func() (net.Conn, error) {
		conn, err := plain()
		return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}), err
	}
	if a := r.call("GET", "/healthz", ""); a.status != 200 {
		t.Errorf("then another client is answered %d", a.status)
	}
}
