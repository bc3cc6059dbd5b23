package ledger

import (
	"encoding/binary"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestAStormCostsLinearWork: heartbeats that fail together are told, listed and deferred with no more looks at what keeps
// each of them back, however many there are. (Once a digest asked all of its rows, for each of them.)
func TestAStormCostsLinearWork(t *testing.T) {
	few, many := looksOfAStorm(t, 500), looksOfAStorm(t, 5000)
	t.Logf("looks at each alert: %.1f of 500, %.1f of 5,000", few, many)
	if many > 20 || many > 2*few {
		t.Errorf("%.1f looks at each of 5,000 alerts, and %.1f at each of 500: want as many, and 20 at most", many, few)
	}
}

// looksOfAStorm sends the alerts of n heartbeats to one recipient, half of them after they were kept back for a
// while, and returns how often it was asked what keeps one back, for each.
func looksOfAStorm(t *testing.T, n int) float64 {
	t.Helper()
	settings, looks, until := fsm.DefaultSettings(), 0, int64(120_000)
	l := New(Watch{noIncident, func(fsm.HeartbeatID, uint32) bool { return false }, func(*Row, bool) {}})
	env := Env{Term: 1, Serving: 100_000, Settings: &settings}
	env.Depends = func(ordinal uint64, _ int64) (d Deferral) {
		if looks++; ordinal%2 == 0 && env.Serving < until {
			d.Until = until
		}
		return d
	}
	for i := range n {
		r := Row{Kind: fsm.AlertDown, Incident: 1, ordinal: uint64(i + 1), Recipient: "a", State: fsm.AlertPending, Due: env.Serving}
		binary.BigEndian.PutUint64(r.Heartbeat[:], r.ordinal)
		r.ID = AlertIDOf(r.Heartbeat, 1, r.Kind, r.Recipient)
		l.insertRow(r)
	}
	list := func() {
		for id := range l.Rows {
			l.At(env).Alert(id)
		}
	}
	list()
	for round := 0; l.open.Len()+l.carried > 0; round++ {
		if round == 100 {
			t.Fatalf("%d of %d alerts wait still", l.open.Len()+l.carried, n)
		}
		env.Serving += 1000
		now := l.At(env)
		w := now.Work(1, "", 16)
		for _, f := range w.Digests {
			now.Run(f)
		}
		if len(w.Digests) > 0 {
			list()
		}
		for _, id := range w.Ready {
			for _, c := range []fsm.Command{
				fsm.Claim{Alert: id, Term: 1, Attempt: 1},
				fsm.Fence{Alert: id, Term: 1, Attempt: 1},
				fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeSent},
			} {
				now.Run(c)
			}
		}
	}
	return float64(looks) / float64(n)
}
