package e2e

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

const (
	watched        = 4 // heartbeats in a round
	clientsOfEach  = 3
	linearRound    = 8 * time.Second // long histories take the checker long
	linearPatience = time.Minute
)

// historian records what the clients of one heartbeat do and are told.
type historian struct {
	h     heartbeat
	urls  *[3]atomic.Pointer[string]
	began time.Time
	over  <-chan struct{}
	mu    sync.Mutex
	ops   []porcupine.Operation
}

// TestTheAPIIsLinearizable has clients ping, read, pause and resume through any node
// while nodes are killed, stopped and restarted, and looks for an order in which one
// honest heartbeat would have given the same answers.
func TestTheAPIIsLinearizable(t *testing.T) {
	t.Parallel()
	rounds := soakNumber(t, "QUORUMBEAT_SOAK_LINEAR", 2)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	e := start(t, 3)
	e.waitServing(t)
	operations, unknown := 0, 0
	for range rounds {
		n, u := e.linearRound(t, r)
		operations, unknown = operations+n, unknown+u
	}
	t.Logf("%d operations in %d rounds are linearizable; the answers to %d of them were lost", operations, rounds, unknown)
}

func (e *env) linearRound(t *testing.T, r *rand.Rand) (operations, unknown int) {
	t.Helper()
	var urls [3]atomic.Pointer[string]
	publish := func(i int) { url := e.Nodes[i].URL(); urls[i].Store(&url) }
	for i := range urls {
		publish(i)
	}
	over, began := make(chan struct{}), time.Now()
	var clients sync.WaitGroup
	defer clients.Wait()
	var all []*historian
	for range watched {
		h := create(t, e.Nodes[0], fields{"name": "watched", "interval_secs": 3600})
		w := &historian{h: h, urls: &urls, began: began, over: over}
		all = append(all, w)
		for range clientsOfEach {
			own := rand.New(rand.NewPCG(r.Uint64(), 0))
			clients.Go(func() { w.run(own) })
		}
	}
	for time.Since(began) < linearRound {
		i := r.IntN(3)
		if r.IntN(2) == 0 {
			i = e.indexOf(e.leader())
		}
		e.strike(t, r, i)
		publish(i)
		e.waitReady()
	}
	close(over)
	clients.Wait()
	for _, w := range all {
		w.check(t)
		ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+w.h.ID, nil, nil)
		operations += len(w.ops)
		for _, op := range w.ops {
			if op.Output.(told).unknown {
				unknown++
			}
		}
	}
	return operations, unknown
}

// strike kills, stops or restarts a node for a moment.
func (e *env) strike(t *testing.T, r *rand.Rand, i int) {
	t.Helper()
	n, d := e.Nodes[i], time.Duration(r.IntN(1500))*time.Millisecond
	switch r.IntN(3) {
	case 0:
		testkit.Must(t, n.Kill())
		time.Sleep(d)
		testkit.Must(t, n.Start())
	case 1:
		testkit.Must(t, n.Freeze())
		time.Sleep(d)
		testkit.Must(t, n.Thaw())
	case 2:
		testkit.Must(t, n.Stop())
		testkit.Must(t, n.Start())
	}
}

func (e *env) indexOf(n *localcluster.Node) int {
	for i, x := range e.Nodes {
		if x == n {
			return i
		}
	}
	return 0
}

// run is one client.
func (w *historian) run(r *rand.Rand) {
	for {
		select {
		case <-w.over:
			return
		case <-time.After(time.Duration(10+r.IntN(60)) * time.Millisecond):
		}
		v := []verb{doPing, doPing, doPing, doPing, doRead, doRead, doRead, doRead, doPause, doResume}[r.IntN(10)]
		call := time.Since(w.began).Nanoseconds()
		out, happened := w.do(v, *w.urls[r.IntN(3)].Load())
		end := time.Since(w.began).Nanoseconds()
		if !happened {
			continue
		}
		if out.unknown {
			end = never
		}
		w.mu.Lock()
		w.ops = append(w.ops, porcupine.Operation{Input: v, Call: call, Output: out, Return: end})
		w.mu.Unlock()
	}
}

// do makes one request. It did not happen if nothing was recorded for sure, and a
// read whose answer was lost tells nothing.
func (w *historian) do(v verb, url string) (out told, happened bool) {
	var a answer
	var err error
	id := url + "/v1/heartbeats/" + w.h.ID
	switch v {
	case doPing:
		a, err = tryCall("", "POST", url+"/v1/heartbeats/"+w.h.Token+"/ping", nil)
	case doPause:
		a, err = tryCall(adminKey, "POST", id+"/pause", nil)
	case doResume:
		a, err = tryCall(adminKey, "POST", id+"/resume", nil)
	case doRead:
		a, err = tryCall(adminKey, "GET", id, nil)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return told{}, false
	case err != nil || a.status == 503 && unknownOutcome(a):
		return told{unknown: true}, v != doRead
	case a.status != 200:
		return told{}, false
	}
	var h heartbeat
	_ = json.Unmarshal([]byte(a.body), &h) // of a ping: only the status
	return told{pings: h.PingsTotal, paused: h.Status == "paused"}, true
}

func unknownOutcome(a answer) bool {
	var e struct{ Code string }
	return json.Unmarshal([]byte(a.body), &e) != nil || e.Code == "unknown_outcome" || e.Code == "unread"
}

// check looks for an order, and leaves a picture if there is none.
func (w *historian) check(t *testing.T) {
	t.Helper()
	result, info := porcupine.CheckOperationsVerbose(model, w.ops, linearPatience)
	if result == porcupine.Ok {
		return
	}
	file := filepath.Join(os.TempDir(), "quorumbeat-"+w.h.ID+".html")
	if err := porcupine.VisualizePath(model, info, file); err != nil {
		t.Log(err)
	}
	t.Errorf("%d operations on %s: %s; see %s", len(w.ops), w.h.ID, result, file)
}
