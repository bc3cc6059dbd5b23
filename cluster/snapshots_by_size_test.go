package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// diskUse is how much a node's log and snapshots take.
func diskUse(t *testing.T, dir string) (log, snapshots int64) {
	t.Helper()
	size := func(pattern string) (sum int64) {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, f := range files {
			if info, err := os.Stat(f); err == nil {
				sum += info.Size()
			}
		}
		return sum
	}
	return size("log.db"), size("snapshots/*/state.bin")
}

// TestAFloodOfBodiesFillsNoDisk has many heartbeats send all the bodies that they may,
// time and again: the log stays small on every node, and every ping counts.
func TestAFloodOfBodiesFillsNoDisk(t *testing.T) {
	t.Parallel()
	const limit, heartbeats, rounds = 1 << 20, 100, 3
	c := newTrio(t, 3, func(n *testNode) { n.stores.Bounded.Limits.Snapshot, n.stores.Bounded.Limits.Keep = limit, limit })
	for i := range heartbeats {
		c.heartbeat(c.leader(), byte(i+1))
	}
	for range rounds {
		c.nodes[c.leader()].batcher.RefillBodyBudgets() // as if a minute had passed
		c.sendBodies(heartbeats, 4)
		for i, n := range c.nodes {
			testkit.Eventually(t, fmt.Sprintf("node %d takes no snapshot", i), func() bool { return n.stores.Bounded.Excess() == 0 })
		}
	}
	const sent = heartbeats * rounds * 4 * fsm.MaxBody
	for i, n := range c.nodes {
		log, snapshots := diskUse(t, n.cfg.DataDir)
		t.Logf("node %d: %d MB of bodies, a log of %d MB, snapshots of %d MB", i, int64(sent)/1e6, log/1e6, snapshots/1e6)
		if log > 8<<20 {
			t.Errorf("the log of node %d has %d bytes after %d bytes of bodies", i, log, sent)
		}
		c.pings(i, fsm.HeartbeatID{1, 1}) // with a barrier, so that the others are there as well
		list, _ := n.store.Heartbeats(fsm.HeartbeatFilter{})
		for _, h := range list {
			if h.Pings != rounds*4 {
				t.Errorf("node %d has %d pings of heartbeat %s, want %d", i, h.Pings, h.ID, rounds*4)
			}
		}
	}
}

// TestBodiesAreLeftOutWhileThereIsNoRoom looks at what a node passes on.
func TestBodiesAreLeftOutWhileThereIsNoRoom(t *testing.T) {
	n := newTrio(t, 1).nodes[0]
	s := fsm.Signal{Ordinal: 1, Exit: -1, Body: []byte("a line")}
	for what, c := range map[string]struct {
		short func()
		sound func()
	}{
		"memory": {
			func() { n.bytesHeld = func() int { return maxHeldBytes + 1 } },
			func() { n.bytesHeld = n.pending.BytesHeld },
		},
		"log": {
			func() { n.excess = func() int64 { return shedExcess } },
			func() { n.excess = n.stores.Bounded.Excess },
		},
	} {
		if got, _ := commit.SignalOf(n.spared(fsm.Authorized{Command: s}, s)); len(got.Body) == 0 {
			t.Errorf("%s: a sound node drops a body", what)
		}
		c.short()
		if got, _ := commit.SignalOf(n.spared(fsm.Authorized{Command: s}, s)); len(got.Body) != 0 || got.Dropped != len(s.Body) {
			t.Errorf("%s: a body of %d bytes, %d dropped", what, len(got.Body), got.Dropped)
		}
		c.sound()
	}
}

// sendBodies has each heartbeat send the largest body n times, by way of all nodes.
func (c *trio) sendBodies(heartbeats, n int) {
	c.t.Helper()
	body := make([]byte, fsm.MaxBody)
	errs := make(chan error, heartbeats*n)
	for i := range heartbeats * n {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			_, err := c.nodes[i%len(c.nodes)].Propose(ctx, fsm.Signal{Ordinal: uint64(i%heartbeats + 1), Exit: -1, Body: body})
			errs <- err
		}()
	}
	for range heartbeats * n {
		if err := <-errs; err != nil {
			c.t.Fatal(err)
		}
	}
}
