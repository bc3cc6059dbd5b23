package e2e

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestWallClocksThatJump moves the wall clocks of nodes apart and back, while they
// run and while the leader changes: deadlines follow another clock.
func TestWallClocksThatJump(t *testing.T) {
	t.Parallel()
	e := startFaulty(t, 3, "--history", "100000")
	e.waitServing(t)
	to := address()
	h := startHerd(t, e, 4, 0, 50*time.Millisecond, touchy(to))
	for _, offs := range [][3]string{{"5m", "0s", "-5m"}, {"1h", "-1h", "0s"}, {"-1h", "0s", "1h"}} {
		for i, n := range e.Nodes {
			testkit.Must(t, n.Break("clock", offs[i]))
		}
		e.canary(t) // an alert that is due comes, with some seconds on the moved clocks
		leader := e.leader()
		h.shun(leader)
		h.mark()
		testkit.Must(t, leader.Kill())
		h.recovered()
		e.canary(t)
		testkit.Must(t, leader.Start()) // which knows the time of its last batch by the wall clock only
		e.waitReady()
		h.admit(leader)
	}
	e.expectMails(t, to, 0)
	h.finish(e.Nodes[0])
	e.noMails(t, to, h)
}
