package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestAllNodesDieAgainAndAgain kills every node at once under load and starts them within
// seconds, several times. No job is called down, for nobody could be heard; and every ping
// that was answered is counted once.
func TestAllNodesDieAgainAndAgain(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3, "--history", "1000000")
	e.waitServing(t)
	to := address()
	h := startHerd(t, e, 0, 4, 20*time.Millisecond, touchy(to))
	for range soakNumber(t, "QUORUMBEAT_SOAK_BLACKOUTS", 3) {
		before := h.rash[0].acked.Load()
		testkit.Eventually(t, "pings are answered", func() bool { return h.rash[0].acked.Load() > before+10 })
		killAll(t, e)
		for _, n := range e.Nodes {
			testkit.Must(t, n.Start())
			h.admit(n)
		}
	}
	e.waitReady()
	acked, unknown := h.finish(e.leader())
	for _, m := range e.sink.Mails(to) {
		if strings.HasPrefix(m.Subject, "[DOWN]") {
			t.Errorf("a false alert: %s", m.Subject)
		}
	}
	for _, n := range e.Nodes {
		onlyMine(t, n.Dir)
	}
	t.Logf("%d pings answered and all counted once, %d unknown", acked, unknown)
}
