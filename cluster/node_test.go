package cluster

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestEveryNodeTakesCommands(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 3)
	id, token := c.heartbeat(0, 1)
	for round := range 3 {
		for i, n := range c.nodes {
			if _, err := n.Propose(within(t, testkit.Patience), pingOf(n, token)); err != nil {
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
	if _, err := c.nodes[c.follower()].Propose(within(t, testkit.Patience), fsm.Ping{Ordinal: 99}); !errors.Is(err, fsm.ErrNotFound) {
		t.Errorf("ping of an unknown token through a follower: %v, want not found", err)
	}
}

func TestProposeOnceNeedsTheLeaderOfTheTerm(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 3)
	_, token := c.heartbeat(0, 1)
	lead := c.leader()
	term := c.nodes[lead].Status().Term
	ping := pingOf(c.nodes[0], token)
	ctx := within(t, testkit.Patience)
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
	testkit.Eventually(t, "ticks are refused", func() bool { return lead.Tick(within(t, testkit.Patience)) == nil })
	start := time.Now() // the time since the last tick's proposal still counts
	if err := lead.Tick(within(t, testkit.Patience)); err != nil {
		t.Fatal(err)
	}
	from, measured := lead.store.Serving(), time.Now()
	for time.Since(measured) < 300*time.Millisecond {
		if err := lead.Tick(within(t, testkit.Patience)); err != nil {
			t.Fatal(err)
		}
	}
	ran := time.Duration(lead.store.Serving()-from) * time.Millisecond
	if ran > time.Since(start)+time.Millisecond || ran < time.Since(measured)/2 { // both readings are of whole ms
		t.Errorf("serving time ran %v in %v to %v", ran, time.Since(measured), time.Since(start))
	}
	if err := c.nodes[c.follower()].Tick(within(t, testkit.Patience)); !errors.Is(err, fsm.ErrNotLeader) {
		t.Errorf("tick at a follower: %v, want not leader", err)
	}
}

func TestLeaderShutdownUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 3)
	id, token := c.heartbeat(0, 1)
	lead := c.leader()
	l := startLoad(c.others(lead), 20, token)
	testkit.Eventually(t, "too few pings", func() bool { return l.acked.Load() > 200 })
	c.shutdown(lead)
	before := l.acked.Load()
	testkit.Eventually(t, "pings stopped after the shutdown", func() bool { return l.acked.Load() > before+200 })
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
	t.Parallel()
	c := newTrioOn(t, hostOfOurs(), 3)
	id, token := c.heartbeat(0, 1)
	for range 5 {
		if _, err := c.nodes[1].Propose(within(t, testkit.Patience), pingOf(c.nodes[1], token)); err != nil {
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
	if _, err := c.nodes[0].Propose(within(t, testkit.Patience), pingOf(c.nodes[0], token)); err != nil {
		t.Error(err)
	}
}

func TestHeldCommandsCommitAfterAnElection(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 3)
	id, token := c.heartbeat(0, 1)
	lead := c.leader()
	c.shutdown(lead)
	var wg sync.WaitGroup
	for i, n := range c.others(lead) {
		for range 50 {
			wg.Go(func() {
				if _, err := n.Propose(within(t, testkit.Patience), pingOf(n, token)); err != nil {
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
	t.Parallel()
	c := newTrio(t, 3)
	_, token := c.heartbeat(0, 1)
	c.shutdown(1)
	c.shutdown(2)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := c.nodes[0].Propose(ctx, pingOf(c.nodes[0], token))
	if !errors.Is(err, fsm.ErrNoLeader) && !errors.Is(err, fsm.ErrUnknownOutcome) {
		t.Errorf("a ping without a majority: %v", err)
	}
	if err := c.nodes[0].ReadBarrier(within(t, time.Second)); !errors.Is(err, fsm.ErrNoLeader) {
		t.Errorf("a read without a majority: %v, want no leader", err)
	}
}

func TestLeaderTasksRunOnOneLeaderAtATime(t *testing.T) {
	t.Parallel()
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
		t.Errorf("task in term %d, the node says %d", term, c.nodes[0].Status().Term)
	}
	c.stop()
	<-ended
}
