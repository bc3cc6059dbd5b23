package store

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"pgregory.net/rapid"
)

// TestWorkIsWhatTheRowsSay drives a ledger by all that can happen to it, likely or
// not, and holds Work and what it goes by against the rows after each step.
func TestWorkIsWhatTheRowsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := ledgerDriver{t: t, st: newState()}
		d.st.term, d.st.serving = 1, 100_000
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			d.step()
			if err := checkWork(&Store{st: d.st}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

type ledgerDriver struct {
	t         *rapid.T
	st        *state
	incidents uint32
}

func (d *ledgerDriver) draw(what string, n int) int { return rapid.IntRange(0, n-1).Draw(d.t, what) }

func (d *ledgerDriver) step() {
	st := d.st
	switch d.draw("step", 12) {
	case 0:
		st.advance(int64(1 + d.draw("delta", 3000)))
	case 1:
		st.term++
	case 2:
		st.run(fsm.SetSettings{Settings: fsm.Settings{Burst: 1 + d.draw("burst", 3), GroupWait: int64(d.draw("wait", 3)) * 1000}})
	case 3, 4, 5:
		d.incidents++
		held := int64(d.draw("held", 2)) * (st.serving + int64(d.draw("until", 5000)))
		d.insert(row{kind: fsm.AlertDown, incident: d.incidents, notBefore: held})
	case 6:
		d.incidents++
		d.insert(row{kind: fsm.AlertUnheard, incident: d.incidents})
	case 7:
		if w := (&Store{st: st}).Work(st.term, 100); len(w.Digests) > 0 {
			st.run(w.Digests[0])
		}
	default:
		if len(st.ledger.rows) > 0 {
			d.touch(d.pick())
		}
	}
}

func (d *ledgerDriver) insert(r row) {
	r.ord = uint64(1 + d.draw("heartbeat", 2))
	r.heartbeat, r.recipient = testID(int(r.ord)), string(rune('a'+d.draw("recipient", 3)))
	d.add(r)
}

func (d *ledgerDriver) add(r row) {
	r.id = alertID(r.heartbeat, r.incident, r.kind, r.recipient)
	r.state, r.due = fsm.AlertPending, d.st.serving-int64(d.draw("age", 3000))
	d.st.ledger.insert(r)
}

func (d *ledgerDriver) pick() *row {
	ids := slices.SortedFunc(maps.Keys(d.st.ledger.rows), func(a, b fsm.AlertID) int { return slices.Compare(a[:], b[:]) })
	return d.st.ledger.rows[ids[d.draw("row", len(ids))]]
}

// touch does to a row what its state calls for, or something else.
func (d *ledgerDriver) touch(r *row) {
	if r.kind == fsm.AlertDown && d.draw("recover", 4) == 0 {
		d.add(row{kind: fsm.AlertRecovered, ord: r.ord, heartbeat: r.heartbeat, incident: r.incident, recipient: r.recipient, answers: r.id})
		return
	}
	resend := d.draw("resend", 2) == 0
	outcome := fsm.Outcome(1 + d.draw("outcome", 4))
	settle := fsm.Settle{Alert: r.id, Term: r.term, Attempt: r.attempt, Outcome: outcome, Resend: resend, RetryIn: int64(d.draw("retry", 3)) * 700}
	switch {
	case d.draw("late", 5) == 0:
		d.st.run(settle)
	case r.state == fsm.AlertPending || r.state == fsm.AlertClaimed && r.term < d.st.term:
		d.st.run(fsm.Claim{Alert: r.id, Term: d.st.term, Attempt: r.attempt + 1})
	case r.state == fsm.AlertClaimed:
		d.st.run(fsm.Fence{Alert: r.id, Term: r.term, Attempt: r.attempt})
	case r.state == fsm.AlertFenced && r.term < d.st.term:
		d.st.run(fsm.ResolveDoubt{Alert: r.id, Term: r.term, Attempt: r.attempt, Resend: resend})
	case r.state == fsm.AlertFenced:
		d.st.run(settle)
	default:
		d.st.run(fsm.RetryAlert{Alert: r.id})
	}
}

// TestWindowsAreDroppedAsIfAllWereLookedAt holds what is dropped against the rule,
// over more recipients than windows are kept for.
func TestWindowsAreDroppedAsIfAllWereLookedAt(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	st := newState()
	st.settings.Burst, st.settings.GroupWait = 2, 1000
	plain := map[string]window{}
	drop := func() {
		for to, w := range plain {
			if st.ended(w) && w.count < st.settings.Burst {
				delete(plain, to)
			}
		}
	}
	most := 0
	for i := range 40_000 {
		switch r.IntN(4000) {
		case 0:
			st.settings.Burst = 1 + r.IntN(3)
		case 1:
			st.settings.GroupWait = int64(1 + r.IntN(5000))
		case 2: // a restore
			st.ledger.lapses = lapses{}
		}
		st.serving += int64(r.IntN(2))
		to := string(rune(r.IntN(4000)))
		if w, ok := plain[to]; ok && r.IntN(8) == 0 && st.ended(w) { // as forming a digest does
			delete(plain, to)
			delete(st.ledger.windows, to)
		}
		w, ok := plain[to]
		if !ok || st.ended(w) {
			w = window{start: st.serving}
		}
		w.count++
		fits := w.count <= st.settings.Burst
		if fits {
			if len(plain) >= maxWindows {
				drop()
			}
			plain[to] = w
		}
		if got := st.takeBurst(to); got != fits {
			t.Fatalf("after %d: a place in the burst: %t, want %t", i, got, fits)
		}
		most = max(most, len(plain))
		if i%50 == 0 && !maps.Equal(plain, st.ledger.windows) {
			t.Fatalf("after %d: %d windows, want %d", i, len(st.ledger.windows), len(plain))
		}
		if n := len(st.ledger.lapses.queue); n > 2*len(plain)+64 {
			t.Fatalf("after %d: %d lapses of %d windows", i, n, len(plain))
		}
	}
	if most < maxWindows+500 {
		t.Errorf("only %d windows at a time", most)
	}
}
