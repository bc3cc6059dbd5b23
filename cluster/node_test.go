package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testNode is a node and the store that it fills.
type testNode struct {
	*Node
	store *fsm.Store
	cfg   Config
}

// trio is a cluster of real nodes on loopback.
type trio struct {
	t     testing.TB
	nodes []*testNode
}

// newTrio forms a cluster of n nodes and waits until all are ready.
func newTrio(t testing.TB, n int) *trio {
	c := &trio{t: t, nodes: make([]*testNode, n)}
	for i := range n {
		cfg := DefaultConfig()
		cfg.NodeName = fmt.Sprintf("node%d", i)
		cfg.DataDir = t.TempDir()
		cfg.ClusterAddr, cfg.GossipAddr = "127.0.0.1:0", "127.0.0.1:0"
		cfg.BootstrapExpect = n
		if testing.Verbose() && os.Getenv("QUORUMBEAT_TEST_LOG") != "" {
			cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
		}
		if i > 0 {
			_, gossip := c.nodes[0].Addrs()
			cfg.Join = []string{gossip}
		}
		c.open(i, cfg)
	}
	t.Cleanup(c.stop)
	c.start()
	return c
}

func (c *trio) open(i int, cfg Config) {
	c.t.Helper()
	store := fsm.NewStore()
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
	eventually(c.t, 20*time.Second, func() bool { return c.nodes[i].Ready() == nil }, "node %d is not ready: %v", i, c.nodes[i].Ready())
}

func (c *trio) stop() {
	for i := range c.nodes {
		c.shutdown(i)
	}
}

func (c *trio) shutdown(i int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.nodes[i].Shutdown(ctx); err != nil {
		c.t.Errorf("shutdown of node %d: %v", i, err)
	}
}

// leader waits until a running node may propose, and returns its index.
func (c *trio) leader() int {
	c.t.Helper()
	found := -1
	eventually(c.t, 20*time.Second, func() bool {
		for i, n := range c.nodes {
			if !n.stopping.Load() && n.batcher.proposes() {
				found = i
			}
		}
		return found >= 0
	}, "no leader")
	return found
}

func (b *batcher) proposes() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state == proposing
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
	if _, err := c.nodes[i].Propose(within(c.t, 10*time.Second), create); err != nil {
		c.t.Fatalf("create through node %d: %v", i, err)
	}
	return create.ID, create.Token
}

// pings reads a heartbeat's pings at node i, linearizably.
func (c *trio) pings(i int, id fsm.HeartbeatID) uint64 {
	c.t.Helper()
	if err := c.nodes[i].ReadBarrier(within(c.t, 10*time.Second)); err != nil {
		c.t.Fatalf("read barrier at node %d: %v", i, err)
	}
	hb, err := c.nodes[i].store.Heartbeat(id)
	if err != nil {
		c.t.Fatal(err)
	}
	return hb.Pings
}

func TestEveryNodeTakesCommands(t *testing.T) {
	c := newTrio(t, 3)
	id, token := c.heartbeat(0, 1)
	for round := range 3 {
		for i, n := range c.nodes {
			if _, err := n.Propose(within(t, 10*time.Second), fsm.Ping{Token: token}); err != nil {
				t.Fatalf("ping through node %d: %v", i, err)
			}
			want := uint64(round*3 + i + 1)
			for j := range c.nodes {
				if got := c.pings(j, id); got != want {
					t.Fatalf("node %d reads %d pings after %d were acknowledged", j, got, want)
				}
			}
		}
	}
	if _, err := c.nodes[c.follower()].Propose(within(t, 10*time.Second), fsm.Ping{Token: fsm.Token{99}}); !errors.Is(err, fsm.ErrNotFound) {
		t.Errorf("ping of an unknown token through a follower: %v, want not found", err)
	}
}

func TestProposeOnceNeedsTheLeaderOfTheTerm(t *testing.T) {
	c := newTrio(t, 3)
	_, token := c.heartbeat(0, 1)
	lead := c.leader()
	term := c.nodes[lead].Status().Term
	ping := fsm.Ping{Token: token}
	ctx := within(t, 10*time.Second)
	if _, err := c.nodes[lead].ProposeOnce(ctx, term, ping); err != nil {
		t.Errorf("at the leader: %v", err)
	}
	if _, err := c.nodes[lead].ProposeOnce(ctx, term-1, ping); !errors.Is(err, fsm.ErrNotLeader) {
		t.Errorf("in another term: %v, want not leader", err)
	}
	if _, err := c.nodes[c.follower()].ProposeOnce(ctx, term, ping); !errors.Is(err, fsm.ErrNotLeader) {
		t.Errorf("at a follower: %v, want not leader", err)
	}
}

func TestServingTimeRunsOnTheLeader(t *testing.T) {
	c := newTrio(t, 3)
	lead := c.nodes[c.leader()]
	eventually(t, 10*time.Second, func() bool { return lead.Tick(within(t, time.Second)) == nil }, "ticks are refused")
	start := time.Now() // the time since the last tick's proposal still counts
	if err := lead.Tick(within(t, time.Second)); err != nil {
		t.Fatal(err)
	}
	from, measured := lead.store.Serving(), time.Now()
	for time.Since(measured) < 300*time.Millisecond {
		if err := lead.Tick(within(t, time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	ran := time.Duration(lead.store.Serving()-from) * time.Millisecond
	if ran > time.Since(start) || ran < time.Since(measured)/2 {
		t.Errorf("serving time ran %v in %v to %v", ran, time.Since(measured), time.Since(start))
	}
	if err := c.nodes[c.follower()].Tick(within(t, time.Second)); !errors.Is(err, fsm.ErrNotLeader) {
		t.Errorf("tick at a follower: %v, want not leader", err)
	}
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
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	start := time.Now()
	if _, err := n.Propose(ctx, fsm.Ping{Token: token}); err != nil {
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

func TestLeaderShutdownUnderLoadLosesNothing(t *testing.T) {
	c := newTrio(t, 3)
	id, token := c.heartbeat(0, 1)
	lead := c.leader()
	l := startLoad(c.others(lead), 20, token)
	eventually(t, 10*time.Second, func() bool { return l.acked.Load() > 200 }, "too few pings")
	c.shutdown(lead)
	before := l.acked.Load()
	eventually(t, 10*time.Second, func() bool { return l.acked.Load() > before+200 }, "pings stopped after the shutdown")
	l.end()
	if n := l.failed.Load(); n != 0 {
		t.Errorf("%d pings failed, the last: %v", n, l.lastErr.Load())
	}
	reader := (lead + 1) % 3
	if got, want := c.pings(reader, id), uint64(l.acked.Load()); got != want {
		t.Errorf("%d pings are in the history, %d were acknowledged", got, want)
	}
	t.Logf("%d pings, the longest took %v", l.acked.Load(), time.Duration(l.gap.Load()))
}

func TestRestartFromDiskKeepsEverything(t *testing.T) {
	c := newTrio(t, 3)
	id, token := c.heartbeat(0, 1)
	for range 5 {
		if _, err := c.nodes[1].Propose(within(t, 10*time.Second), fsm.Ping{Token: token}); err != nil {
			t.Fatal(err)
		}
	}
	var cfgs []Config
	for i, n := range c.nodes {
		cfg := n.cfg
		cluster, gossip := n.Addrs()
		cfg.ClusterAddr = cluster
		if gossip != "" {
			cfg.GossipAddr = gossip
		}
		cfgs = append(cfgs, cfg)
		if i == 0 { // one has a snapshot
			if err := n.raft.Load().Snapshot().Error(); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.stop()
	for i := range c.nodes {
		c.open(i, cfgs[i])
	}
	c.start()
	for i := range c.nodes {
		if got := c.pings(i, id); got != 5 {
			t.Errorf("node %d has %d pings after the restart, want 5", i, got)
		}
	}
	if _, err := c.nodes[0].Propose(within(t, 10*time.Second), fsm.Ping{Token: token}); err != nil {
		t.Error(err)
	}
}

func TestHeldCommandsCommitAfterAnElection(t *testing.T) {
	c := newTrio(t, 3)
	id, token := c.heartbeat(0, 1)
	lead := c.leader()
	c.shutdown(lead)
	var wg sync.WaitGroup
	for i, n := range c.others(lead) {
		for range 50 {
			wg.Go(func() {
				if _, err := n.Propose(within(t, 10*time.Second), fsm.Ping{Token: token}); err != nil {
					t.Errorf("a ping held at survivor %d: %v", i, err)
				}
			})
		}
	}
	wg.Wait()
	if got := c.pings((lead+1)%3, id); got != 100 {
		t.Errorf("%d pings, want 100", got)
	}
}

func TestWithoutAMajorityNothingIsAcknowledged(t *testing.T) {
	c := newTrio(t, 3)
	_, token := c.heartbeat(0, 1)
	c.shutdown(1)
	c.shutdown(2)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := c.nodes[0].Propose(ctx, fsm.Ping{Token: token})
	if !errors.Is(err, fsm.ErrNoLeader) && !errors.Is(err, fsm.ErrUnknownOutcome) {
		t.Errorf("a ping without a majority: %v", err)
	}
	if err := c.nodes[0].ReadBarrier(within(t, time.Second)); !errors.Is(err, fsm.ErrNoLeader) {
		t.Errorf("a read without a majority: %v, want no leader", err)
	}
}

func TestDutiesRunOnOneLeaderAtATime(t *testing.T) {
	c := &trio{t: t, nodes: make([]*testNode, 1)}
	cfg := DefaultConfig()
	cfg.NodeName, cfg.DataDir = "alone", t.TempDir()
	cfg.ClusterAddr, cfg.GossipAddr = "127.0.0.1:0", "127.0.0.1:0"
	c.open(0, cfg)
	terms, ended := make(chan uint64, 1), make(chan struct{})
	c.nodes[0].OnLeader(func(ctx context.Context, term uint64) {
		if err := c.nodes[0].Tick(ctx); err != nil {
			t.Errorf("the serving clock does not run: %v", err)
		}
		terms <- term
		<-ctx.Done()
		close(ended)
	})
	c.start()
	if term := <-terms; term != c.nodes[0].Status().Term {
		t.Errorf("duty in term %d, the node says %d", term, c.nodes[0].Status().Term)
	}
	c.stop()
	<-ended
}
