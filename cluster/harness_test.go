package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// memberlist does not wait for a probe that is under way when it stops.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/hashicorp/memberlist.(*Memberlist).probeNode"))
}

// testNode is a node and the store that it fills.
type testNode struct {
	*Node
	store *store.Store
	cfg   Config
}

// trio is a cluster of real nodes on loopback.
type trio struct {
	t     testing.TB
	nodes []*testNode
}

// newTrio forms a cluster of n nodes and waits until all are ready. Each goes
// through prepare before it starts.
func newTrio(t testing.TB, n int, prepare ...func(*testNode)) *trio {
	return newTrioOn(t, "127.0.0.1", n, prepare...)
}

// hostOfOurs is a loopback address that no other test uses: a port of it that was let go is free still when a node comes
// back to it. Other systems than Linux have one loopback address.
func hostOfOurs() string {
	if runtime.GOOS != "linux" {
		return "127.0.0.1"
	}
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(255), 1+rand.IntN(254))
}

// newTrioOn is newTrio on a loopback address.
func newTrioOn(t testing.TB, host string, n int, prepare ...func(*testNode)) *trio {
	c := &trio{t: t, nodes: make([]*testNode, n)}
	for i := range n {
		cfg := DefaultConfig()
		cfg.NodeName = nodeName(i)
		cfg.DataDir = t.TempDir()
		cfg.ClusterAddr, cfg.GossipAddr = host+":0", host+":0"
		cfg.BootstrapExpect, cfg.Secrets = n, secrets("s")
		if testing.Verbose() && os.Getenv("QUORUMBEAT_TEST_LOG") != "" {
			cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
		}
		if i > 0 {
			_, gossip := c.nodes[0].Addrs()
			cfg.Join = []string{gossip}
		}
		c.open(i, cfg)
		for _, f := range prepare {
			f(c.nodes[i])
		}
	}
	t.Cleanup(c.stop)
	c.start()
	return c
}

func (c *trio) open(i int, cfg Config) {
	c.t.Helper()
	store := store.New()
	n, err := Open(cfg, store)
	if err != nil {
		c.t.Fatal(err)
	}
	c.nodes[i] = &testNode{Node: n, store: store, cfg: cfg}
}

func (c *trio) start() {
	c.t.Helper()
	for _, n := range c.nodes {
		if err := n.Start("127.0.0.1:1"); err != nil {
			c.t.Fatal(err)
		}
	}
	for i := range c.nodes {
		c.waitReady(i)
	}
}

func (c *trio) waitReady(i int) {
	c.t.Helper()
	testkit.Eventually(c.t, fmt.Sprintf("node %d is not ready: %v", i, c.nodes[i].Ready()), func() bool { return c.nodes[i].Ready() == nil })
}

func (c *trio) stop() {
	for i := range c.nodes {
		c.shutdown(i)
	}
}

func (c *trio) shutdown(i int) {
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	defer cancel()
	if err := c.nodes[i].Shutdown(ctx); err != nil {
		c.t.Errorf("shutdown of node %d: %v", i, err)
	}
}

// leader waits until a running node may propose, and returns its index.
func (c *trio) leader() int {
	c.t.Helper()
	found := -1
	testkit.Eventually(c.t, "no leader", func() bool {
		for i, n := range c.nodes {
			if !n.stopping.Load() && n.batcher.Proposing() {
				found = i
			}
		}
		return found >= 0
	})
	return found
}

func (c *trio) follower() int { return (c.leader() + 1) % len(c.nodes) }

func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// heartbeat creates a heartbeat through node i, and returns its ID and token.
func (c *trio) heartbeat(i int, seed byte) (fsm.HeartbeatID, fsm.Token) {
	c.t.Helper()
	create := fsm.Create{
		ID: fsm.HeartbeatID{seed, 1}, Token: fsm.Token{seed, 2},
		Spec: fsm.Spec{
			Name: "job", Slug: "job", Interval: fsm.DefaultInterval, Grace: fsm.DefaultGrace,
			Threshold: fsm.DefaultThreshold, Arm: fsm.ArmCreated,
		},
	}
	if _, err := c.nodes[i].Propose(within(c.t, testkit.Patience), create); err != nil {
		c.t.Fatalf("create through node %d: %v", i, err)
	}
	return create.ID, create.Token
}

// pings reads a heartbeat's pings at node i, linearizably.
func (c *trio) pings(i int, id fsm.HeartbeatID) uint64 {
	c.t.Helper()
	if err := c.nodes[i].ReadBarrier(within(c.t, testkit.Patience)); err != nil {
		c.t.Fatalf("read barrier at node %d: %v", i, err)
	}
	hb, err := c.nodes[i].store.Heartbeat(id)
	if err != nil {
		c.t.Fatal(err)
	}
	return hb.Pings
}

// load pings through the given nodes until stopped, and counts what was acknowledged.
type load struct {
	acked, failed atomic.Int64
	stop          chan struct{}
	wg            sync.WaitGroup
	lastErr       atomic.Value
	gap           atomic.Int64 // the longest wait, ns
}

func startLoad(nodes []*testNode, workers int, token fsm.Token) *load {
	l := &load{stop: make(chan struct{})}
	for i := range workers {
		n := nodes[i%len(nodes)]
		l.wg.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				l.ping(n, token)
			}
		})
	}
	return l
}

func (l *load) ping(n *testNode, token fsm.Token) {
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	defer cancel()
	start := time.Now()
	if _, err := n.Propose(ctx, pingOf(n, token)); err != nil {
		l.failed.Add(1)
		l.lastErr.Store(err)
		return
	}
	l.acked.Add(1)
	for took := int64(time.Since(start)); ; {
		old := l.gap.Load()
		if took <= old || l.gap.CompareAndSwap(old, took) {
			return
		}
	}
}

func (l *load) end() {
	close(l.stop)
	l.wg.Wait()
}

func (c *trio) others(i int) []*testNode {
	var out []*testNode
	for j, n := range c.nodes {
		if j != i {
			out = append(out, n)
		}
	}
	return out
}

func nodeName(i int) string { return fmt.Sprintf("node%d", i) }

// pingOf is a ping of the heartbeat with a token, as a node proposes it that has
// applied the creation.
func pingOf(n *testNode, token fsm.Token) fsm.Ping {
	for {
		if ordinal, ok := n.store.Ordinal(token); ok {
			return fsm.Ping{Ordinal: ordinal}
		}
		runtime.Gosched()
	}
}

// deadlineOnly has a deadline and no Done channel: the cheap way to wait.
type deadlineOnly struct {
	context.Context
	at time.Time
}

func (d deadlineOnly) Deadline() (time.Time, bool) { return d.at, true }
