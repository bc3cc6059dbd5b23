package api

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/pings"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// proposer is a cluster whose commands go to a function.
type proposer struct {
	*fakeCluster
	propose func(context.Context, fsm.Command) (fsm.Result, error)
}

func (p proposer) Propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error) {
	return p.propose(ctx, cmd)
}

func (p proposer) Ping(deadline time.Time, ping fsm.Ping) (fsm.Code, error) {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	res, err := p.propose(ctx, ping)
	return res.Code, err
}

func (p proposer) PingThen(deadline time.Time, ping fsm.Ping, then func(fsm.Code)) error {
	return atOnce(p.Ping, deadline, ping, then)
}

func TestAPingCarriesItsDeadlineAndItsCaller(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	var left time.Duration
	r.server.useCluster(proposer{r.cluster, func(ctx context.Context, cmd fsm.Command) (fsm.Result, error) {
		deadline, _ := ctx.Deadline()
		left = time.Until(deadline)
		return r.cluster.Propose(ctx, cmd)
	}})
	overlong := fmt.Sprintf("POST /ping/%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", h.Token, 1<<20, strings.Repeat("x", 1<<20))
	for _, request := range []string{"POST /v1/heartbeats/" + h.Token + "/ping HTTP/1.1\r\nHost: x\r\n\r\n", overlong} {
		if a := r.raw(request); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if left <= pings.Limit-5*time.Second || left > pings.Limit {
			t.Errorf("the ping may take %v, want %v, by %q", left, pings.Limit, request[:60])
		}
	}
	id, _ := fsm.ParseHeartbeatID(h.ID)
	if got, err := r.cluster.store.Heartbeat(id); err != nil || got.LastFrom != "127.0.0.1" {
		t.Errorf("the ping came from %q, %v", got.LastFrom, err)
	}
}

// paced tells how long a request may wait for a paced barrier.
type paced struct {
	*fakeCluster
	left chan time.Duration
}

func (p *paced) PacedReadBarrier(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	p.left <- time.Until(deadline)
	return nil
}

// TestAPingWaitsForItsBarrierAsLongAsForItsCommit has a token that this node does
// not know yet when the leader is lost.
func TestAPingWaitsForItsBarrierAsLongAsForItsCommit(t *testing.T) {
	r := newRig(t)
	waits := &paced{fakeCluster: r.cluster, left: make(chan time.Duration, 1)}
	r.server.useCluster(waits)
	r.call("POST", "/v1/heartbeats/00000000-0000-4000-8000-000000000000/ping", "")
	if got := <-waits.left; got <= pings.Limit-5*time.Second {
		t.Errorf("the barrier is given up after %v, the ping after %v", got, pings.Limit)
	}
}

func TestAPanicIsAnsweredLoggedAndCounted(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	var log bytes.Buffer
	r.server.log = slog.New(slog.NewTextHandler(&log, nil))
	r.server.useCluster(proposer{r.cluster, func(context.Context, fsm.Command) (fsm.Result, error) { panic("a fault for the test") }})
	for _, target := range []string{"/v1/heartbeats/" + h.Token + "/ping", "/v1/heartbeats/" + h.ID + "/pause"} {
		log.Reset()
		a := r.call("POST", target, "")
		if a.status != 500 || !strings.Contains(a.body, `"code":"internal"`) {
			t.Errorf("%d %s", a.status, a.body)
		}
		if !strings.Contains(log.String(), "a fault for the test") || strings.Contains(log.String(), h.Token) || strings.Contains(log.String(), testKey) {
			t.Errorf("logged: %s", log.String())
		}
	}
	if body := r.call("GET", "/metrics", "").body; !strings.Contains(body, `quorumbeat_ping_requests_total{code="500"} 1`) {
		t.Error("the ping that met a fault is not counted")
	}
}

// BenchmarkPing is a ping's way through the handler, with a cluster that answers
// at once.
func BenchmarkPing(b *testing.B) {
	r := newMemoryRig(b)
	h := r.create(`{"name":"x"}`)
	benchmarkHandler(b, r, "/v1/heartbeats/"+h.Token+"/ping")
}

func benchmarkHandler(b *testing.B, r *rig, target string) {
	r.server.useCluster(proposer{r.cluster, func(context.Context, fsm.Command) (fsm.Result, error) {
		return fsm.Result{Code: fsm.CodeOK}, nil
	}})
	var req fasthttp.Request
	req.Header.SetMethod("POST")
	req.Header.SetHost("qb.example")
	req.SetRequestURI(target)
	var ctx fasthttp.RequestCtx
	ctx.Init(&req, nil, nil)
	b.ReportAllocs()
	for b.Loop() {
		r.server.handle(&ctx)
	}
	if ctx.Response.StatusCode() != 200 {
		b.Fatalf("%d %s", ctx.Response.StatusCode(), ctx.Response.Body())
	}
}

// BenchmarkPingOverASocket adds fasthttp and a store.
func BenchmarkPingOverASocket(b *testing.B) {
	r := newMemoryRig(b)
	h := r.create(`{"name":"x"}`)
	conn, err := r.dial()
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	req := []byte("POST /v1/heartbeats/" + h.Token + "/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	buf := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Write(req); err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
}
