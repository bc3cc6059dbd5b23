package api

import (
	"bufio"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// oddly are ways to write a request that are odd but legal, or that Node.js and nginx take
// all the same; %m is the method and %p the path.
var oddly = map[string]string{
	"plain":                    "%m %p HTTP/1.1\r\nHost: x\r\n\r\n",
	"bare line feeds":          "%m %p HTTP/1.1\nHost: x\n\n",
	"bare line feeds, a body":  "%m %p HTTP/1.1\nHost: x\nContent-Length: 2\n\nhi",
	"an empty line before":     "\r\n%m %p HTTP/1.1\r\nHost: x\r\n\r\n",
	"an empty Host":            "%m %p HTTP/1.1\r\nHost:\r\n\r\n",
	"a Host with a port":       "%m %p HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
	"HTTP/1.0":                 "%m %p HTTP/1.0\r\n\r\n",
	"HTTP/1.0 with Host":       "%m %p HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
	"a whole URL":              "%m http://qb.example:8080%p HTTP/1.1\r\nHost: qb.example:8080\r\n\r\n",
	"an empty query":           "%m %p? HTTP/1.1\r\nHost: x\r\n\r\n",
	"a query":                  "%m %p?utm_source=a&b HTTP/1.1\r\nHost: x\r\n\r\n",
	"asks before a body":       "%m %p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
	"an empty body":            "%m %p HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
	"a body in chunks":         "%m %p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;ext=1\r\nhi\r\n0\r\nX-Sum: y\r\n\r\n",
	"small names of headers":   "%m %p HTTP/1.1\r\nhost: x\r\nuser-agent: y\r\ncontent-length: 0\r\n\r\n",
	"no space after a colon":   "%m %p HTTP/1.1\r\nHost:x\r\nUser-Agent:y\r\n\r\n",
	"an odd content type":      "%m %p HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data\r\nContent-Length: 2\r\n\r\nhi",
	"an empty header":          "%m %p HTTP/1.1\r\nHost: x\r\nX-Empty:\r\n\r\n",
	"Connection: close":        "%m %p HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	"Upgrade":                  "%m %p HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
	"Latin-1 in a header":      "%m %p HTTP/1.1\r\nHost: x\r\nX-Name: M\xfcller\r\n\r\n",
	"no User-Agent, no Accept": "%m %p HTTP/1.1\r\nHost: x\r\n\r\n",
	"100 headers":              "%m %p HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-A: b\r\n", 100) + "\r\n",
	"a header of 8,000 bytes":  "%m %p HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("c", 8000) + "\r\n\r\n",
	"16 KiB of headers":        "%m %p HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("c", 16_000) + "\r\n\r\n",                         // what Node.js takes
	"32 KiB of headers":        "%m %p HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("Cookie: "+strings.Repeat("c", 7_900)+"\r\n", 4) + "\r\n", // what nginx takes
	"a long query":             "%m %p?x=" + strings.Repeat("q", 8000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
}

// TestOddButLegalRequestsArePings has every way of writing a request on every ping route:
// it is answered as a plain one, and heard once.
func TestOddButLegalRequestsArePings(t *testing.T) {
	t.Parallel()
	for name, request := range oddly {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newPingRig(t)
			fill := strings.NewReplacer("%t", r.job.Token, "%k", r.key)
			for _, route := range append([]string{"/v1/heartbeats/%t/ping/", "/v1/heartbeats/%t/ping/start/", "/api/push/%t/", "/ping/%k/job/", "/p/%k/job/"}, pingRoutes...) {
				if strings.Contains(route, "?") && strings.Contains(request, "%p?") {
					continue
				}
				for _, method := range []string{"GET", "POST", "HEAD"} {
					what := fmt.Sprintf("%s: %s %s", name, method, route)
					raw := strings.NewReplacer("%m", method, "%p", fill.Replace(route)).Replace(request)
					a := r.oddly(what, raw, method == "HEAD")
					if a.status != 200 && a.status != 201 {
						t.Errorf("%s: %d %s", what, a.status, a.body)
					}
					if told := r.listener.take(); len(told) != 1 {
						t.Errorf("%s: %d signals", what, len(told))
					}
				}
			}
		})
	}
}

// oddly sends a request on a new connection or, every other time, behind another one; in
// one piece or, every third time, in several. The connection serves another one then.
func (r *pingRig) oddly(what, raw string, head bool) answer {
	r.t.Helper()
	conn := r.connect()
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	from := bufio.NewReader(conn)
	const next = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	if r.turn++; r.turn%2 == 0 {
		fmt.Fprint(conn, next)
		r.read(from, false)
	}
	go func() {
		for pieces := 1 + r.turn%3*2; pieces > 1; pieces-- {
			n := len(raw) / pieces
			fmt.Fprint(conn, raw[:n])
			raw = raw[n:]
			time.Sleep(time.Millisecond) // so that it is read in pieces; nothing depends on it
		}
		fmt.Fprint(conn, raw)
	}()
	var res fasthttp.Response
	res.SkipBody = head
	if err := res.Read(from); err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
	if !res.ConnectionClose() && !strings.Contains(what, "HTTP/1.0") {
		fmt.Fprint(conn, next)
		if a := r.read(from, false); a.status != 200 || a.body != "ok\n" {
			r.t.Errorf("%s: the next request is answered %d %q", what, a.status, a.body)
		}
	}
	return answer{res.StatusCode(), string(res.Body()), &res.Header}
}

func TestHeadsThatAreTooLongAreRefused(t *testing.T) {
	r := newPingRig(t)
	send := func(n int) int {
		return r.raw("GET /ping/" + r.job.Token + " HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("c", n) + "\r\n\r\n").status
	}
	if a, b := send(30_000), send(40_000); a != 200 || b != 431 {
		t.Errorf("30,000 bytes: %d; 40,000 bytes: %d", a, b)
	}
	if a := r.raw("GET /ping/" + r.job.Token + "?" + strings.Repeat("q", 9_000) + " HTTP/1.1\r\nHost: x\r\n\r\n"); a.status != 431 {
		t.Errorf("a first line of 9,000 bytes: %d", a.status)
	}
}

// TestNothingIsLostBehindALongHead has a body and another request follow it at once.
func TestNothingIsLostBehindALongHead(t *testing.T) {
	r := newPingRig(t)
	for _, size := range []int{1, 3_000, 9_000, 50_000} {
		conn := r.connect()
		body := strings.Repeat("b", size)
		go fmt.Fprintf(conn, "POST /ping/%s HTTP/1.1\r\nHost: x\r\nCookie: %s\r\nContent-Length: %d\r\n\r\n%sGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", r.job.Token, strings.Repeat("c", 12_000), size, body)
		from := bufio.NewReader(conn)
		a, b := r.read(from, false), r.read(from, false)
		if told := r.listener.take(); a.status != 200 || b.body != "ok\n" || len(told) != 1 || string(told[0].Body) != body[:min(size, fsm.MaxBody)] {
			t.Errorf("%d bytes: %d, then %d %q; told %d", size, a.status, b.status, b.body, len(told))
		}
		conn.Close()
	}
}

// TestMethodsAreAsTheyAreWritten: a method in small letters is another method.
func TestMethodsAreAsTheyAreWritten(t *testing.T) {
	r := newPingRig(t)
	for _, path := range []string{"/ping/" + r.job.Token, "/v1/heartbeats/" + r.job.Token + "/ping", "/p/" + r.key + "/job"} {
		if a := r.raw("get " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"); a.status != 405 || len(r.listener.take()) > 0 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}
