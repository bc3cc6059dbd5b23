package cluster

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/leader"
	"github.com/quorumbeat/quorumbeat/cluster/members"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// ticking has a node tick whenever it leads, as the program does.
func ticking(n *testNode) {
	n.OnLeader(func(ctx context.Context, _ uint64) {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			<-tick.C
			_ = n.Tick(ctx)
		}
	})
}

// TestTheClockRunsOnlyWhileSomeNodeHears makes listeners deaf, one after the other.
func TestTheClockRunsOnlyWhileSomeNodeHears(t *testing.T) {
	c := newTrio(t, 3, ticking)
	leader := c.leader()
	store := c.nodes[leader].store
	runs := func() bool {
		before := store.Serving()
		time.Sleep(300 * time.Millisecond)
		return store.Serving() > before
	}
	testkit.Eventually(t, "the clock does not run", runs)
	gaps := len(store.Gaps())

	c.nodes[leader].SetHearing(false)
	c.nodes[(leader+1)%3].SetHearing(false)
	testkit.Eventually(t, "the third node does not know of them", func() bool { return deaf(c.nodes[(leader+2)%3].Status()) == 2 }) // lost datagrams are made good every 5 s
	testkit.Eventually(t, "the clock runs on", runs)
	if len(store.Gaps()) != gaps {
		t.Fatalf("two deaf nodes of three: gaps %v", store.Gaps())
	}

	c.nodes[(leader+2)%3].SetHearing(false)
	testkit.Eventually(t, "the clock runs though no node hears", func() bool { return !runs() })
	stood := store.Serving()
	testkit.Eventually(t, "no gap while no node hears", func() bool { return len(store.Gaps()) == gaps+1 })
	if _, err := c.nodes[leader].Propose(within(t, testkit.Patience), fsm.PutKey{ID: fsm.KeyID{1}, Name: "a", Scope: fsm.ScopeAdmin}); err != nil {
		t.Errorf("a command meanwhile: %v", err)
	}

	heard := time.Now()
	c.nodes[(leader+1)%3].SetHearing(true)
	testkit.Eventually(t, "the clock does not run again", runs)
	if list := store.Gaps(); len(list) != gaps+1 || list[gaps].To.Sub(list[gaps].From) < 4*time.Second {
		t.Errorf("gaps %v", list)
	}
	if store.Serving()-stood > 3000+time.Since(heard).Milliseconds() {
		t.Errorf("the clock took %d ms in at once", store.Serving()-stood)
	}
}

// TestALostChangeIsToldAgain loses a node's first word of its deafness, as memberlist
// does when it refutes a suspicion at that moment.
func TestALostChangeIsToldAgain(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 2)
	g := c.nodes[1].gossip.(*members.Gossip)
	testkit.Eventually(t, "it does not tell its cluster", func() bool {
		return slices.ContainsFunc(c.nodes[0].gossip.Members(), func(m members.Member) bool { return m.ID == c.nodes[1].id.ID && !m.ClusterID.IsZero() })
	})
	g.ChangeUntold(func(m *members.Meta) { m.Deaf = true })
	c.nodes[1].SetHearing(false)
	testkit.Eventually(t, "the other node does not know of it", func() bool { return deaf(c.nodes[0].Status()) == 1 })
}

func deaf(s Status) (n int) {
	for _, node := range s.Nodes {
		if !node.Listener {
			n++
		}
	}
	return n
}

// TestANodeThatIsNoLongerToldIsDeaf leaves a node without proof that it hears.
func TestANodeThatIsNoLongerToldIsDeaf(t *testing.T) {
	t.Parallel()
	h := leader.NewHearing()
	defer h.Close()
	if !h.OK() {
		t.Error("deaf though nobody looks")
	}
	h.Set(true)
	first := h.Since()
	h.Set(true)
	if h.Since() != first {
		t.Error("it begins to hear anew with each proof")
	}
	told := time.Now()
	testkit.Eventually(t, "it hears without proof", func() bool { return !h.OK() })
	if after := time.Since(told); after > testkit.Patience {
		t.Errorf("it heard for %v without proof", after)
	}
	h.Set(true)
	if !h.Since().After(first) {
		t.Error("it hears without a break")
	}
}

// TestALeaderWaitsForAProofThatIsLate takes the proof away for less than it takes to
// be a gap.
func TestALeaderWaitsForAProofThatIsLate(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 1, ticking)
	n := c.nodes[0]
	testkit.Eventually(t, "the clock does not run", func() bool { return n.store.Serving() > 0 })
	after := time.Duration(0)
	for range 3 { // one of them without a stall of the machine
		n.SetHearing(false)
		testkit.Eventually(t, "the clock runs", func() bool { return !n.batcher.ClockRuns() })
		n.SetHearing(true)
		proved := time.Now()
		testkit.Eventually(t, "the clock does not run again", n.batcher.ClockRuns)
		if after = time.Since(proved); after <= time.Second {
			break
		}
	}
	if after > time.Second { // it does not settle, which takes 2 s
		t.Errorf("the clock ran again after %v, not at once", after)
	}
	if list := n.store.Gaps(); len(list) != 0 {
		t.Errorf("gaps %v", list)
	}
}

// TestAShortOutageOfEveryNodeIsAGap restarts all nodes at once, then in turn.
func TestAShortOutageOfEveryNodeIsAGap(t *testing.T) {
	t.Parallel()
	c := newTrio(t, 3, ticking)
	testkit.Eventually(t, "the clock does not run", func() bool { return c.nodes[c.leader()].store.Serving() > 0 })
	restart := func(is ...int) {
		for _, i := range is {
			c.shutdown(i)
		}
		for _, i := range is {
			c.open(i, c.nodes[i].cfg)
			ticking(c.nodes[i])
			if err := c.nodes[i].Start("127.0.0.1:1"); err != nil {
				t.Fatal(err)
			}
		}
		for _, i := range is {
			c.waitReady(i)
		}
	}
	gaps := func() []fsm.Gap {
		n := c.nodes[c.leader()]
		if err := n.ReadBarrier(within(t, testkit.Patience)); err != nil {
			t.Fatal(err)
		}
		return n.store.Gaps()
	}
	first := c.leader()
	for i := range 3 {
		restart((first + i) % 3)
	}
	if list := gaps(); len(list) != 0 {
		t.Fatalf("a restart in turn left gaps: %v", list)
	}
	leader := c.leader()
	restart(leader, (leader+1)%3) // the third holds pings, and cannot commit
	if list := gaps(); len(list) != 0 {
		t.Fatalf("one node held pings all the time, but there are gaps: %v", list)
	}
	restart(0, 1, 2)
	if list := gaps(); len(list) != 1 {
		t.Fatalf("gaps after all nodes were down: %v", list)
	}
}

// TestANewClusterBeginsWithItsSettings has the first leader's settings in force
// before anybody else's command.
func TestANewClusterBeginsWithItsSettings(t *testing.T) {
	want := fsm.DefaultSettings()
	want.History, want.MailTo = 7, []string{"ops@example.com"}
	cfg := DefaultConfig()
	cfg.NodeName, cfg.DataDir, cfg.Settings = "one", t.TempDir(), &want
	c := &trio{t: t, nodes: make([]*testNode, 1)}
	c.open(0, cfg)
	t.Cleanup(c.stop)
	if err := c.nodes[0].Start("127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	c.heartbeat(0, 1) // as soon as it can be
	if got := c.nodes[0].store.Settings(); got.History != 7 || len(got.MailTo) != 1 {
		t.Errorf("settings %+v", got)
	}
}
