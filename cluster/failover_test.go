package cluster

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// crash stops a node as a killed process stops: its connections break, and it
// says nothing.
func (c *trio) crash(i int) {
	n := c.nodes[i]
	n.stopping.Store(true)
	n.port.Close()
	if err := n.raft.Load().Shutdown().Error(); err != nil {
		c.t.Error(err)
	}
}

// The survivors of a crashed leader take every ping, and commit again soon.
// QUORUMBEAT_FAILOVERS repeats it to measure.
func TestLeaderCrashUnderLoad(t *testing.T) {
	t.Parallel()
	runs := 1
	if n, err := strconv.Atoi(os.Getenv("QUORUMBEAT_FAILOVERS")); err == nil {
		runs = n
	}
	var pauses []time.Duration
	for range runs {
		pauses = append(pauses, crashUnderLoad(t))
	}
	slices.Sort(pauses)
	median, worst := pauses[len(pauses)/2], pauses[len(pauses)-1]
	t.Logf("pings commit again after: median %v, worst %v of %d", median, worst, runs)
	if worst > 20*time.Second {
		t.Errorf("pings committed again only after %v", worst)
	}
}

func crashUnderLoad(t *testing.T) (pause time.Duration) {
	c := newTrio(t, 3)
	defer c.stop()
	id, token := c.heartbeat(0, 1)
	lead := c.leader()
	l := startLoad(c.others(lead), 20, token)
	testkit.Eventually(t, "too few pings", func() bool { return l.acked.Load() > 200 })
	crashed := time.Now()
	c.crash(lead)
	before := l.acked.Load()
	testkit.Eventually(t, "pings stopped after the crash", func() bool { return l.acked.Load() > before+40 })
	pause = time.Since(crashed)
	l.end()
	if n := l.failed.Load(); n != 0 {
		t.Errorf("%d pings failed, the last: %v", n, l.lastErr.Load())
	}
	if got, want := c.pings((lead+1)%3, id), uint64(l.acked.Load()); got != want {
		t.Errorf("%d pings are in the history, %d were acknowledged", got, want)
	}
	return pause
}
