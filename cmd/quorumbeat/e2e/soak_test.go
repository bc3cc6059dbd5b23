package e2e

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// TestSoakFaultsAtRandom hits one node after another while clients ping the nodes
// that are not hit: each fault once, or for as long as QUORUMBEAT_SOAK says.
func TestSoakFaultsAtRandom(t *testing.T) {
	t.Parallel()
	var length time.Duration
	if text := os.Getenv("QUORUMBEAT_SOAK"); text != "" {
		var err error
		length, err = time.ParseDuration(text)
		testkit.Must(t, err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	e := start(t, 3, "--history", "1000000")
	e.waitServing(t)
	mistaken := address()
	h := startHerd(t, e, 8, 2, 50*time.Millisecond, touchy(mistaken))
	faults := []struct {
		name string
		hit  func(n *localcluster.Node)
	}{
		{"kill -9", func(n *localcluster.Node) { testkit.Must(t, n.Kill()); pause(r); testkit.Must(t, n.Start()) }},
		{"SIGTERM", func(n *localcluster.Node) { testkit.Must(t, n.Stop()); pause(r); testkit.Must(t, n.Start()) }},
		{"SIGSTOP", func(n *localcluster.Node) { testkit.Must(t, n.Freeze()); pause(r); testkit.Must(t, n.Thaw()) }},
		{"a wiped disk", func(n *localcluster.Node) {
			testkit.Must(t, n.Wipe(e.Followers(n)[0].Addrs.Gossip))
			pause(r)
			testkit.Must(t, n.Start())
		}},
	}
	end := time.Now().Add(length)
	for round := 0; round < len(faults) || time.Now().Before(end); round++ {
		fault := faults[round%len(faults)]
		n := e.Nodes[r.IntN(3)]
		t.Logf("round %d: %s of %s", round, fault.name, n.Name)
		h.shun(n)
		fault.hit(n)
		e.waitReady()
		e.waitVoters(t, 3)
		h.admit(n)
	}
	acked, unknown := h.finish(e.leader())
	e.noMails(t, mistaken, h)
	t.Logf("%d pings answered and all counted once, %d unknown, none refused at the sound nodes", acked, unknown)
}

// pause is long enough for an election, at times.
func pause(r *rand.Rand) { time.Sleep(time.Duration(r.IntN(4000)) * time.Millisecond) }

// waitVoters waits until n nodes live and vote: only then may the next be hit.
func (e *env) waitVoters(t *testing.T, n int) {
	t.Helper()
	testkit.Eventually(t, "all nodes vote", func() bool { return voters(members(t, e.leader())) == n })
}
