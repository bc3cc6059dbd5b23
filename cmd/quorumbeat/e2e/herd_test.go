package e2e

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// herd is clients that ping without end through any node that they are told is
// sound. Careful ones leave a node before it is hit, so each of their pings must be
// answered 200, and counted once. The others are impatient, and
// ping also what is being killed: what they are not answered may or may not have
// been recorded.
type herd struct {
	t       *testing.T
	rest    time.Duration // between two pings of a client
	gates   map[*localcluster.Node]*gate
	careful []*sheep
	rash    []*sheep
	over    chan struct{}
	wg      sync.WaitGroup

	failed atomic.Int64 // careful pings that were not answered 200
	mu     sync.Mutex
	marked time.Time
	next   time.Duration
	took   func(time.Duration) // a careful ping; nil: nobody asks
}

type sheep struct {
	h       heartbeat
	acked   atomic.Int64
	unknown atomic.Int64
}

// gate lets clients use a node, and tells when nobody does any more.
type gate struct {
	mu   sync.RWMutex
	url  string
	shut bool
}

// startHerd gives each client a heartbeat of the kind that watch describes.
func startHerd(t *testing.T, e *env, careful, rash int, rest time.Duration, watch fields) *herd {
	t.Helper()
	h := &herd{t: t, rest: rest, gates: map[*localcluster.Node]*gate{}, over: make(chan struct{})}
	for _, n := range e.Nodes {
		h.gates[n] = &gate{url: n.URL()}
	}
	for i := range careful + rash {
		spec := fields{"name": fmt.Sprintf("sheep %d", i)}
		maps.Copy(spec, watch)
		s := &sheep{h: create(t, e.Nodes[0], spec)}
		if i < careful {
			h.careful = append(h.careful, s)
			h.wg.Go(func() { h.runCareful(s) })
		} else {
			h.rash = append(h.rash, s)
			h.wg.Go(func() { h.runRash(s) })
		}
	}
	t.Cleanup(h.stop)
	return h
}

// unwatched is a heartbeat that is never late in a test.
var unwatched = fields{"interval_secs": 86400}

// touchy is a heartbeat that alerts after 4 s of silence: of its herd's mails, each
// is a false alert.
func touchy(to string) fields {
	return fields{"interval_secs": 2, "grace_secs": 2, "miss_threshold": 1, "email": []string{to}}
}

func (h *herd) stop() {
	select {
	case <-h.over:
	default:
		close(h.over)
	}
	h.wg.Wait()
}

// shun returns once no careful client uses n, nor will.
func (h *herd) shun(n *localcluster.Node) {
	g := h.gates[n]
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

// admit has the clients use n again, at the address that it has now.
func (h *herd) admit(n *localcluster.Node) {
	g := h.gates[n]
	g.mu.Lock()
	defer g.mu.Unlock()
	g.url, g.shut = n.URL(), false
}

func (h *herd) pick() *gate {
	i := rand.IntN(len(h.gates))
	for _, g := range h.gates { // in any order
		if i == 0 {
			return g
		}
		i--
	}
	return nil
}

func (h *herd) resting() bool {
	select {
	case <-h.over:
		return false
	case <-time.After(h.rest):
		return true
	}
}

func (h *herd) runCareful(s *sheep) {
	own := &http.Client{Timeout: testkit.Patience, Transport: &http.Transport{}}
	defer own.CloseIdleConnections()
	for h.resting() {
		g := h.pick()
		g.mu.RLock()
		if g.shut {
			own.CloseIdleConnections()
		} else {
			h.pingCarefully(own, g, s)
		}
		g.mu.RUnlock()
	}
}

func (h *herd) pingCarefully(c *http.Client, g *gate, s *sheep) {
	began := time.Now()
	if err := post(c, g.url, s); err != nil {
		s.unknown.Add(1)
		if h.failed.Add(1) <= 5 {
			h.t.Errorf("%s: a ping failed after %s: %v", time.Now().Format(time.StampMilli), time.Since(began), err)
		}
		return
	}
	s.acked.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.took != nil {
		h.took(time.Since(began))
	}
	if !h.marked.IsZero() && h.next == 0 && began.After(h.marked) {
		h.next = time.Since(h.marked)
	}
}

func (h *herd) runRash(s *sheep) {
	own := &http.Client{Timeout: 500 * time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true}}
	for h.resting() {
		g := h.pick()
		if err := post(own, g.address(), s); err != nil {
			s.unknown.Add(1)
			continue
		}
		s.acked.Add(1)
	}
}

func (g *gate) address() string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.url
}

func post(c *http.Client, url string, s *sheep) error {
	resp, err := c.Post(url+"/v1/heartbeats/"+s.h.Token+"/ping", "", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != 200 {
		err = fmt.Errorf("%d %s", resp.StatusCode, body)
	}
	return err
}

// mark starts the clock for recovered.
func (h *herd) mark() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.marked, h.next = time.Now(), 0
}

// recovered waits for a ping that began after mark to be answered, and returns how
// long after mark that was.
func (h *herd) recovered() (d time.Duration) {
	h.t.Helper()
	testkit.Eventually(h.t, "a ping commits again", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		d = h.next
		return d > 0
	})
	return d
}

// finish stops the clients and holds what they were answered against what node n
// counts and lists.
func (h *herd) finish(n *localcluster.Node) (acked, unknown int64) {
	h.t.Helper()
	h.stop()
	all := slices.Concat(h.careful, h.rash)
	for _, s := range all { // or they fall due while the long histories are read
		ask(h.t, 200, "POST", n.URL()+"/v1/heartbeats/"+s.h.ID+"/pause", nil, nil)
	}
	for _, s := range all {
		a, u := s.acked.Load(), s.unknown.Load()
		acked, unknown = acked+a, unknown+u
		counted, listed := int64(get(h.t, n, s.h.ID).PingsTotal), int64(history(h.t, n, s.h))
		if counted < a || counted > a+u || listed != counted {
			h.t.Errorf("%s: %d pings answered, %d unknown; %d counted, %d listed", s.h.Name, a, u, counted, listed)
		}
	}
	return acked, unknown
}
