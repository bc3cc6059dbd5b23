package cluster

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/disk"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestAReserveIsValidated(t *testing.T) {
	for reserve, ok := range map[int64]bool{AutoReserve: true, 0: true, 16 << 20: true, 1 << 40: true, 1 << 20: false, -2: false, 1<<40 + 1: false} {
		c := DefaultConfig()
		c.NodeName, c.DataDir, c.DiskReserve = "n", "d", reserve
		if err := c.Validate(); (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "--disk-reserve") {
			t.Errorf("%d: %v", reserve, err)
		}
	}
	c := DefaultConfig()
	if c.reserve(1<<40) != 256<<20 || c.reserve(1<<30) != 1<<30/20 {
		t.Errorf("%d of a large disk, %d of a small one", c.reserve(1<<40), c.reserve(1<<30))
	}
}

// testRoom is what the disk of a node has free, of 10 GB.
type testRoom struct{ atomic.Int64 }

func (r *testRoom) of(string) (free, total int64, err error) { return r.Load(), 10e9, nil }

// TestADiskThatFillsIsSparedStepByStep fills the disks of three nodes in turn, and
// makes room again.
func TestADiskThatFillsIsSparedStepByStep(t *testing.T) {
	t.Parallel()
	rooms := make([]testRoom, 3)
	c := newTrio(t, 3, func(n *testNode) {
		for i := range rooms {
			if n.cfg.NodeName == nodeName(i) {
				rooms[i].Store(1e9)
				n.disk.MeasureBy(rooms[i].of)
			}
		}
	})
	const low, full, empty = 200 << 20, 100 << 20, 10 << 20
	id, _ := c.heartbeat(c.leader(), 1)
	told, unsure := uint64(0), uint64(0) // pings: acknowledged, and not refused either
	send := func(i int) (fsm.Result, error) {
		res, err := c.nodes[i].Propose(within(t, testkit.Patience), fsm.Signal{Ordinal: 1, Exit: -1, Body: []byte("a line")})
		switch {
		case err == nil:
			told++
		case !errors.Is(err, fsm.ErrDiskFull):
			unsure++
		}
		return res, err
	}
	others := func(i int) [2]int { return [2]int{(i + 1) % 3, (i + 2) % 3} }

	first := c.leader()
	rooms[first].Store(low)
	testkit.Eventually(t, "a node whose disk is low records bodies", func() bool {
		res, err := send(first)
		return err == nil && len(res.Data) > 0
	})

	rooms[first].Store(full)
	testkit.Eventually(t, "a full node takes pings", func() bool { _, err := send(first); return errors.Is(err, fsm.ErrDiskFull) })
	testkit.Eventually(t, "a full node leads though others have room", func() bool { return c.leader() != first })
	if err := c.nodes[first].Ready(); err == nil || !strings.Contains(err.Error(), "disk is nearly full") {
		t.Errorf("a full node is ready: %v", err)
	}
	for _, i := range others(first) {
		if _, err := send(i); err != nil {
			t.Errorf("node %d with room: %v", i, err)
		}
	}

	rooms[first].Store(empty)
	testkit.Eventually(t, "the guard does not look", func() bool { return c.nodes[first].disk.Level() == disk.Empty })
	for range 20 {
		if _, err := send(others(first)[0]); err != nil {
			t.Errorf("beside a node that takes no entry: %v", err)
		}
	}

	second := others(first)[0]
	rooms[second].Store(full)
	for i := range c.nodes {
		testkit.Eventually(t, fmt.Sprintf("node %d takes pings though a majority is full", i), func() bool { _, err := send(i); return errors.Is(err, fsm.ErrDiskFull) })
	}

	leader := c.leader()
	testkit.Eventually(t, "the serving clock runs though no node takes pings", func() bool { return !c.nodes[leader].batcher.ClockRuns() })
	stood := c.nodes[leader].store.Serving()
	time.Sleep(100 * time.Millisecond)
	if err := c.nodes[leader].Tick(within(t, testkit.Patience)); !errors.Is(err, fsm.ErrNotLeader) {
		t.Errorf("a tick while no node takes pings: %v", err)
	}
	if err := c.nodes[leader].ReadBarrier(within(t, testkit.Patience)); err != nil {
		t.Errorf("a read meanwhile: %v", err)
	}
	if now := c.nodes[leader].store.Serving(); now != stood {
		t.Errorf("the serving clock went on by %d ms while no node took pings", now-stood)
	}

	for i := range rooms {
		rooms[i].Store(1e9)
	}
	for i := range c.nodes {
		testkit.Eventually(t, fmt.Sprintf("node %d does not recover", i), func() bool { _, err := send(i); return err == nil })
		c.waitReady(i)
	}
	for i := range c.nodes {
		if got := c.pings(i, id); got < told || got > told+unsure {
			t.Errorf("node %d has %d pings, %d were acknowledged, and of %d nobody knows", i, got, told, unsure)
		}
	}
}
