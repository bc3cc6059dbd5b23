package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// slowRig is a rig whose cluster tells of a ping's outcome when the test says so.
type slowRig struct {
	*rig
	token    string
	resolves chan func(fsm.Code) // of each ping
}

func newSlowRig(t *testing.T) *slowRig { return newSlowRigWith(t, func(*Server) {}) }

func newSlowRigWith(t *testing.T, change func(*Server)) *slowRig {
	r := &slowRig{rig: newRigWith(t, func(*Config) {}, change), resolves: make(chan func(fsm.Code), 1000)}
	r.token = r.create(`{"name":"x"}`).Token
	r.cluster.answerPings(func(_ fsm.Ping, then func(fsm.Code)) error {
		r.resolves <- then
		return nil
	})
	return r
}

// requests are those for which a reply may be deferred.
func (r *slowRig) requests() map[string]string {
	all := map[string]string{}
	for _, method := range []string{"GET", "HEAD", "POST"} {
		all[method+" of ours"] = method + " /v1/heartbeats/" + r.token + "/ping HTTP/1.1\r\nHost: x\r\n\r\n"
		all[method+" of Healthchecks"] = method + " /ping/" + r.token + " HTTP/1.1\r\nHost: x\r\n\r\n"
	}
	return all
}

func (r *slowRig) ping() string { return r.requests()["GET of ours"] }

func (r *slowRig) send(conn net.Conn, request string) {
	r.t.Helper()
	if _, err := io.WriteString(conn, request); err != nil {
		r.t.Fatal(err)
	}
}

// silent fails if there is something to read.
func (r *slowRig) silent(conn net.Conn) {
	r.t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if b, err := io.ReadAll(conn); len(b) > 0 || err == nil {
		r.t.Errorf("before anything is known the client reads %q, %v", b, err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(testkit.Patience))
}

// picture is an answer without its date. The header is not printed by fasthttp, which
// would put the date of that moment in.
func picture(a answer) string {
	var lines []string
	for name, value := range a.header.All() {
		if string(name) != fasthttp.HeaderDate {
			lines = append(lines, fmt.Sprintf("%s: %s", name, value))
		}
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d %s\n%s", a.status, lines, a.body)
}

// TestADeferredReplyIsThatOfAWaitingHandler compares all outcomes with those on
// connections on which nothing can be deferred.
func TestADeferredReplyIsThatOfAWaitingHandler(t *testing.T) {
	r, waits := newSlowRig(t), newMemoryRig(t)
	token := waits.create(`{"name":"x"}`).Token
	outcome := fsm.CodeOK
	waits.server.useCluster(proposer{waits.cluster, func(context.Context, fsm.Command) (fsm.Result, error) {
		return fsm.Result{Code: outcome}, outcome.Err()
	}})
	for name, request := range r.requests() {
		conn := r.connect()
		from, head := bufio.NewReader(conn), strings.HasPrefix(request, "HEAD")
		for outcome = fsm.CodeOK; outcome <= fsm.CodeInternal; outcome++ {
			r.send(conn, request)
			resolve := <-r.resolves
			if outcome == fsm.CodeOK {
				r.silent(conn)
			}
			resolve(outcome)
			deferred, waited := picture(r.read(from, head)), picture(waits.raw(strings.ReplaceAll(request, r.token, token)))
			if deferred != waited {
				t.Errorf("%s, outcome %d: deferred and then given:\n%s\nwaited for:\n%s", name, outcome, deferred, waited)
			}
		}
		conn.Close()
	}
	if body := r.call("GET", "/metrics", "").body; !strings.Contains(body, `quorumbeat_ping_requests_total{code="404"} 6`) {
		t.Error("deferred answers are not counted")
	}
}

func TestAnOutcomeMayComeBeforeTheAnswerIsWritten(t *testing.T) {
	r := newSlowRig(t)
	conn := r.connect()
	defer conn.Close()
	from := bufio.NewReader(conn)
	for _, code := range []fsm.Code{fsm.CodeOK, fsm.CodeNoLeader, fsm.CodeNone, fsm.CodeOK} {
		r.cluster.answerPings(func(_ fsm.Ping, then func(fsm.Code)) error {
			then(code)
			return nil
		})
		r.send(conn, r.ping())
		if a := r.read(from, false); a.status == 200 != (code == fsm.CodeOK) {
			t.Errorf("outcome %d: answered %d %s", code, a.status, a.body)
		}
	}
}

// TestRequestsAtOnceAreAnsweredInTheirOrder sends another request together with a
// ping, or before its answer.
func TestRequestsAtOnceAreAnsweredInTheirOrder(t *testing.T) {
	r := newSlowRig(t)
	for name, pause := range map[string]bool{"together": false, "later": true} {
		conn := r.connect()
		from := bufio.NewReader(conn)
		if pause {
			r.send(conn, r.ping())
			r.silent(conn)
			r.send(conn, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
		} else {
			r.send(conn, r.ping()+"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
		}
		resolve := <-r.resolves
		r.silent(conn)
		resolve(fsm.CodeOK)
		if a, b := r.read(from, false), r.read(from, false); a.body != `{"status":"ok"}` || b.body == a.body || b.status != 200 {
			t.Errorf("%s: answered %q, then %d %q", name, a.body, b.status, b.body)
		} else if string(a.header.Peek("Cache-Control")) != "no-store" || string(b.header.Peek("Cache-Control")) != "no-store" {
			t.Errorf("%s: an answer may be cached", name)
		}
		conn.Close()
	}
}

// TestAFailedPingIsAnsweredInItsPlace among requests sent at once, though its answer
// was written together with theirs.
func TestAFailedPingIsAnsweredInItsPlace(t *testing.T) {
	r := newSlowRig(t)
	for next, status := range map[string]int{"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n": 200, "NONSENSE\r\n\r\n": 400} {
		conn := r.connect()
		r.send(conn, r.ping()+next)
		resolve := <-r.resolves
		r.silent(conn)
		resolve(fsm.CodeNoLeader)
		from := bufio.NewReader(conn)
		if a, b := r.read(from, false), r.read(from, false); a.status != 503 || b.status != status {
			t.Errorf("answered %d, then %d to %q", a.status, b.status, next)
		}
		conn.Close()
	}
}

// TestADeferredReplyComesBeforeTheEnd ends the connection on either side, or the
// server, while a reply is deferred.
func TestADeferredReplyComesBeforeTheEnd(t *testing.T) {
	var r *slowRig
	down := make(chan error, 1)
	for name, end := range map[string]func(conn net.Conn){
		"the client sends no more": func(conn net.Conn) { _ = conn.(*net.TCPConn).CloseWrite() },
		"the server stops": func(net.Conn) {
			ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
			defer cancel()
			down <- r.server.Shutdown(ctx)
		},
	} {
		for _, code := range []fsm.Code{fsm.CodeOK, fsm.CodeShutdown} {
			r = newSlowRig(t)
			conn := r.connect()
			r.send(conn, r.ping())
			resolve := <-r.resolves
			go end(conn)
			r.silent(conn)
			resolve(code)
			from := bufio.NewReader(conn)
			if a := r.read(from, false); a.status == 200 != (code == fsm.CodeOK) {
				t.Errorf("%s, outcome %d: answered %d %s", name, code, a.status, a.body)
			}
			if _, err := from.ReadByte(); err != io.EOF {
				t.Errorf("%s: afterwards %v, want the end", name, err)
			}
			conn.Close()
			if name == "the server stops" {
				if err := <-down; err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestAServerThatLeavesSaysSoWithAFailure, for its connections are closed then.
func TestAServerThatLeavesSaysSoWithAFailure(t *testing.T) {
	r := newSlowRig(t)
	conn := r.connect()
	defer conn.Close()
	r.send(conn, r.ping())
	resolve := <-r.resolves
	r.server.conns.Leave()
	r.silent(conn)
	resolve(fsm.CodeNoLeader)
	from := bufio.NewReader(conn)
	if a := r.read(from, false); a.status != 503 || !a.header.ConnectionClose() {
		t.Errorf("answered %d %s", a.status, a.header)
	}
	if _, err := from.ReadByte(); err != io.EOF {
		t.Errorf("afterwards %v, want the end", err)
	}
}

func TestAClientThatIsGoneDoesNoHarm(t *testing.T) {
	r := newSlowRig(t)
	conn := r.connect()
	r.send(conn, r.ping())
	resolve := <-r.resolves
	_ = conn.(*net.TCPConn).SetLinger(0) // reset
	conn.Close()
	resolve(fsm.CodeOK)
	if a := r.call("GET", "/readyz", ""); a.status != 200 {
		t.Errorf("then %d %s", a.status, a.body)
	}
}

// narrow gives each connection that it accepts little room for answers, so that a few
// thousand fill it.
type narrow struct{ net.Listener }

func (l narrow) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(16 << 10)
	}
	return conn, err
}

// TestAClientThatReadsSlowlyGetsEveryAnswer pings without reading until the sockets
// hold no more.
func TestAClientThatReadsSlowlyGetsEveryAnswer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	r := &slowRig{rig: serveOn(t, narrow{ln}, func(*Config) {}, func(*Server) {})}
	r.dial = func() (net.Conn, error) { return net.Dial("tcp", ln.Addr().String()) }
	r.token = r.create(`{"name":"x"}`).Token
	conn := r.connect()
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(16 << 10)
	_ = conn.(*net.TCPConn).SetWriteBuffer(16 << 10)
	n, full := 0, false
	for ; n < 100_000 && !full; n++ {
		_ = conn.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		_, err := io.WriteString(conn, r.ping())
		full = err != nil // the server reads no more: it waits for room
	}
	if !full {
		t.Fatalf("%d pings fit, and none is answered yet", n)
	}
	from := bufio.NewReader(conn)
	for i := range n - 1 {
		if a := r.read(from, false); a.status != 200 {
			t.Fatalf("answer %d of %d: %d %s", i, n, a.status, a.body)
		}
	}
	t.Logf("%d answers", n-1)
}

// TestNoOKBeforeThePingIsRecorded has many clients send pings, some of them several
// at once, whose outcomes are left to chance, and compares the answers with these.
func TestNoOKBeforeThePingIsRecorded(t *testing.T) {
	r := newSlowRig(t)
	codes := []fsm.Code{fsm.CodeOK, fsm.CodeOK, fsm.CodeOK, fsm.CodeNoLeader, fsm.CodeOverloaded, fsm.CodeUnknownOutcome}
	for round := range 300 {
		conn := r.connect()
		from := bufio.NewReader(conn)
		n := 1 + rand.IntN(3)
		outcomes := make(chan fsm.Code, n)
		r.cluster.answerPings(func(_ fsm.Ping, then func(fsm.Code)) error {
			code := codes[rand.IntN(len(codes))]
			outcomes <- code
			go func() {
				time.Sleep(rand.N(300 * time.Microsecond))
				then(code)
			}()
			return nil
		})
		r.send(conn, strings.Repeat(r.ping(), n))
		var answered []bool
		for range n {
			var res fasthttp.Response
			if err := res.Read(from); err != nil {
				break
			}
			answered = append(answered, res.StatusCode() == 200)
		}
		conn.Close()
		r.judge(round, n, <-outcomes, answered)
	}
}

// judge compares the answers to n pings with the outcome of the first, which alone
// was deferred: the others were waited for, and all were recorded.
func (r *slowRig) judge(round, n int, first fsm.Code, answered []bool) {
	r.t.Helper()
	want := slices.Repeat([]bool{true}, n)
	want[0] = first == fsm.CodeOK
	if !slices.Equal(answered, want) {
		r.t.Errorf("round %d: of %d pings, the first with outcome %d, the answers are %v", round, n, first, answered)
	}
}

// TestAPlainPingAllocatesNothing counts what the client and the server allocate.
func TestAPlainPingAllocatesNothing(t *testing.T) {
	r := newRig(t)
	token := r.create(`{"name":"x"}`).Token
	r.cluster.answerPings(func(_ fsm.Ping, then func(fsm.Code)) error { then(fsm.CodeOK); return nil })
	for name, request := range map[string]string{
		"POST": "POST %s HTTP/1.1\r\nHost: x\r\n\r\n", "of no length": "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"GET": "GET %s HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		conn, room := r.connect(), make([]byte, 1024)
		defer conn.Close()
		ping := fmt.Appendf(nil, request, "/v1/heartbeats/"+token+"/ping")
		n := testing.AllocsPerRun(300, func() {
			if _, err := conn.Write(ping); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(room); err != nil {
				t.Fatal(err)
			}
		})
		if n >= 1 {
			t.Errorf("%s: %v allocations a ping", name, n)
		}
	}
}
