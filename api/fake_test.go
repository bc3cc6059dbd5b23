package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

const testKey = "an-admin-key-for-tests"

// fakeCluster is a cluster of one that commits at once, or fails as it is told.
type fakeCluster struct {
	store *store.Store

	mu       sync.Mutex
	err      error // of every command and barrier
	barriers int
	paced    int // of the barriers
	delta    uint32
	behind   time.Duration // by how much the wall clock is
	onRead   func()
	bodiless bool                                        // it has no room for bodies
	hold     func(p fsm.Ping, then func(fsm.Code)) error // nil: PingThen tells at once
}

func (f *fakeCluster) Propose(_ context.Context, cmd fsm.Command) (fsm.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return fsm.Result{Code: fsm.CodeOf(f.err)}, f.err
	}
	if s, ok := cmd.(fsm.Signal); ok && f.bodiless {
		cmd = s.WithoutBody()
	}
	b := logentry.Batch{Term: 1, Wall: time.Now().Add(-f.behind).UnixMilli(), Delta: f.delta}
	b.Items = []logentry.Item{{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, cmd)}}
	at := f.store.Position()
	at.Index, at.Term = at.Index+1, 1
	res, err := f.store.ApplyAt(at, logentry.Append(nil, &b))
	if err != nil {
		return fsm.Result{}, err
	}
	return res[0], res[0].Code.Err()
}

func (f *fakeCluster) Ping(_ time.Time, p fsm.Ping) (fsm.Code, error) {
	res, err := f.Propose(context.Background(), p)
	return res.Code, err
}

// PingThen tells of the outcome when the test lets it, or at once.
func (f *fakeCluster) PingThen(deadline time.Time, p fsm.Ping, then func(fsm.Code)) error {
	f.mu.Lock()
	hold := f.hold
	f.mu.Unlock()
	if hold != nil {
		return hold(p, then)
	}
	return atOnce(f.Ping, deadline, p, then)
}

// answerPings has PingThen do what hold does.
func (f *fakeCluster) answerPings(hold func(p fsm.Ping, then func(fsm.Code)) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hold = hold
}

func atOnce(ping func(time.Time, fsm.Ping) (fsm.Code, error), deadline time.Time, p fsm.Ping, then func(fsm.Code)) error {
	code, _ := ping(deadline, p)
	then(code)
	return nil
}

func (f *fakeCluster) PacedReadBarrier(ctx context.Context) error {
	f.mu.Lock()
	f.paced++
	f.mu.Unlock()
	return f.ReadBarrier(ctx)
}

func (f *fakeCluster) ReadBarrier(context.Context) error {
	f.mu.Lock()
	f.barriers++
	err, onRead := f.err, f.onRead
	f.mu.Unlock()
	if onRead != nil {
		onRead()
	}
	return err
}

func (f *fakeCluster) Ready() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *fakeCluster) Status() ClusterStatus {
	return ClusterStatus{
		ClusterID: fsm.NodeID{1}, Term: 3, Leader: "alpha",
		Nodes: []NodeStatus{{NodeInfo: fsm.NodeInfo{ID: fsm.NodeID{2}, Name: "alpha"}, Voter: true, Alive: true, Leader: true, AppliedIndex: 7}},
	}
}

func (f *fakeCluster) Remove(_ context.Context, name string) error {
	if name != "alpha" {
		return fsm.ErrNotFound
	}
	return f.Ready()
}

func (f *fakeCluster) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// dropBodies has it record signals without their bodies.
func (f *fakeCluster) dropBodies() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bodiless = true
}

// pass lets serving time pass.
func (f *fakeCluster) pass(d time.Duration) {
	for ; d > 0; d -= time.Second {
		f.delta = 1000
		f.Propose(context.Background(), fsm.RecordGap{})
		f.delta = 0
	}
}

// picture is all that clients may change, for comparisons.
func (f *fakeCluster) picture() string {
	heartbeats, _ := f.store.Heartbeats(fsm.HeartbeatFilter{})
	alerts, _ := f.store.Alerts(fsm.AlertFilter{})
	return fmt.Sprintf("%+v\n%+v\n%+v\n%+v", heartbeats, alerts, f.store.Keys(), f.store.Settings())
}

// useCluster has the server, and the pings that come to it, use another cluster.
func (s *Server) useCluster(c Cluster) { s.cluster, s.pings.Cluster = c, c }

// rig is a server and the way to it.
type rig struct {
	t       testing.TB
	cluster *fakeCluster
	server  *Server
	dial    func() (net.Conn, error)
}

// newRig serves over TCP.
func newRig(t testing.TB) *rig {
	t.Helper()
	return newRigWith(t, func(*Config) {}, func(*Server) {})
}

// newRigWith serves over TCP what the two functions have changed.
func newRigWith(t testing.TB, configure func(*Config), change func(*Server)) *rig {
	t.Helper()
	ln, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := serveOn(t, ln, configure, change)
	r.dial = func() (net.Conn, error) { return net.Dial("tcp", ln.Addr().String()) }
	return r
}

// newMemoryRig serves over sockets in memory, of which there are enough for any
// number of requests.
func newMemoryRig(t testing.TB) *rig {
	t.Helper()
	ln := fasthttputil.NewInmemoryListener()
	r := serveOn(t, ln, func(*Config) {}, func(*Server) {})
	r.dial = ln.Dial
	return r
}

// patient is for large bodies, which take their time on a machine that is busy.
func patient(s *Server) { s.conns.ReadTimeout = testkit.Patience }

func serveOn(t testing.TB, ln net.Listener, configure func(*Config), change func(*Server)) *rig {
	t.Helper()
	store := store.New()
	r := &rig{t: t, cluster: &fakeCluster{store: store}}
	cfg := DefaultConfig()
	cfg.AdminKey, cfg.Version = testKey, "v1.2.3"
	configure(&cfg)
	var err error
	if r.server, err = New(cfg, store, r.cluster); err != nil {
		t.Fatal(err)
	}
	change(r.server)
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
		defer cancel()
		_ = ln.Close() // else Shutdown finds that it is served, and looks again after 100 ms only
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := r.server.Shutdown(ctx); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, fasthttputil.ErrInmemoryListenerClosed) {
			t.Error(err)
		}
	})
	return r
}

// answer is a response, read whole.
type answer struct {
	status int
	body   string
	header *fasthttp.ResponseHeader
}

// call sends a request with the admin key.
func (r *rig) call(method, target, body string, headers ...string) answer {
	r.t.Helper()
	var req fasthttp.Request
	req.Header.SetMethod(method)
	req.SetRequestURI("http://qb.example:8080" + target)
	req.Header.Set("Authorization", "Bearer "+testKey)
	req.SetBodyString(body)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	if method == "GET" && strings.HasPrefix(target, "/v1/events") {
		return r.head(req.String())
	}
	return r.raw(req.String())
}

// head is raw of a request whose good answer does not end: only its head is read.
func (r *rig) head(request string) answer {
	r.t.Helper()
	conn := r.connect()
	defer conn.Close()
	if _, err := conn.Write([]byte(request)); err != nil {
		r.t.Fatal(err)
	}
	var h fasthttp.ResponseHeader
	from := bufio.NewReader(conn)
	if err := h.Read(from); err != nil {
		r.t.Fatalf("no answer: %v", err)
	}
	body := make([]byte, max(h.ContentLength(), 0))
	if _, err := io.ReadFull(from, body); err != nil {
		r.t.Fatal(err)
	}
	return answer{h.StatusCode(), string(body), &h}
}

// raw sends bytes as they are on a connection of their own and reads one response.
func (r *rig) raw(request string) answer {
	r.t.Helper()
	conn := r.connect()
	defer conn.Close()
	return r.over(conn, request)
}

// over is raw on a connection that is there.
func (r *rig) over(conn net.Conn, request string) answer {
	r.t.Helper()
	if _, err := conn.Write([]byte(request)); err != nil {
		r.t.Fatal(err)
	}
	return r.read(bufio.NewReader(conn), strings.HasPrefix(request, "HEAD "))
}

func (r *rig) connect() net.Conn {
	r.t.Helper()
	conn, err := r.dial()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(testkit.Patience)); err != nil {
		r.t.Fatal(err)
	}
	return conn
}

func (r *rig) read(from *bufio.Reader, head bool) answer {
	r.t.Helper()
	var res fasthttp.Response
	res.SkipBody = head
	if err := res.Read(from); err != nil {
		r.t.Fatalf("no answer: %v", err)
	}
	return answer{res.StatusCode(), string(res.Body()), &res.Header}
}

// create makes a heartbeat.
func (r *rig) create(body string) heartbeatJSON {
	r.t.Helper()
	a := r.call("POST", "/v1/heartbeats", body)
	if a.status != 201 {
		r.t.Fatalf("create: %d %s", a.status, a.body)
	}
	return decodeAs[heartbeatJSON](r.t, a.body)
}
