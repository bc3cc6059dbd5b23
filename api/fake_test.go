package api

import (
	"bufio"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const testKey = "an-admin-key-for-tests"

// fakeCluster is a cluster of one that commits at once, or fails as it is told.
type fakeCluster struct {
	store *fsm.Store

	mu       sync.Mutex
	err      error // of every command and barrier
	barriers int
	delta    uint32
	onRead   func()
}

func (f *fakeCluster) Propose(_ context.Context, cmd fsm.Command) (fsm.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return fsm.Result{Code: fsm.CodeOf(f.err)}, f.err
	}
	b := fsm.Batch{Term: 1, Wall: time.Now().UnixMilli(), Delta: f.delta}
	b.Items = []fsm.Item{{Origin: fsm.NoOrigin, Cmd: fsm.AppendCommand(nil, cmd)}}
	res, err := f.store.Apply(fsm.AppendBatch(nil, &b), 1)
	if err != nil {
		return fsm.Result{}, err
	}
	return res[0], res[0].Code.Err()
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

func (f *fakeCluster) Ready() error { return f.err }

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
	return f.err
}

func (f *fakeCluster) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// pass lets serving time pass.
func (f *fakeCluster) pass(d time.Duration) {
	for ; d > 0; d -= time.Second {
		f.delta = 1000
		f.Propose(context.Background(), fsm.RecordGap{})
		f.delta = 0
	}
}

// rig is a server over sockets in memory.
type rig struct {
	t       testing.TB
	cluster *fakeCluster
	server  *Server
	ln      *fasthttputil.InmemoryListener
}

func newRig(t testing.TB) *rig {
	t.Helper()
	store := fsm.NewStore()
	r := &rig{t: t, cluster: &fakeCluster{store: store}, ln: fasthttputil.NewInmemoryListener()}
	cfg := DefaultConfig()
	cfg.AdminKey, cfg.Version = testKey, "v1.2.3"
	var err error
	if r.server, err = New(cfg, store, r.cluster); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(r.ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := r.server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		<-served
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
	req, res := fasthttp.AcquireRequest(), &fasthttp.Response{}
	defer fasthttp.ReleaseRequest(req)
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
	client := fasthttp.Client{Dial: func(string) (net.Conn, error) { return r.ln.Dial() }}
	defer client.CloseIdleConnections()
	if err := client.DoTimeout(req, res, 20*time.Second); err != nil {
		r.t.Fatalf("%s %s: %v", method, target, err)
	}
	return answer{res.StatusCode(), string(res.Body()), &res.Header}
}

// raw sends bytes as they are and reads one response.
func (r *rig) raw(request string) answer {
	r.t.Helper()
	conn, err := r.ln.Dial()
	if err != nil {
		r.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(request)); err != nil {
		r.t.Fatal(err)
	}
	var res fasthttp.Response
	res.SkipBody = strings.HasPrefix(request, "HEAD ")
	if err := res.Read(bufio.NewReader(conn)); err != nil {
		r.t.Fatalf("no answer to %.60q: %v", request, err)
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
