package ledger

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestWorkIsWhatTheRowsSay drives a ledger by all that can happen to it, likely or
// not, and holds Work and what it goes by against the rows after each step.
func TestWorkIsWhatTheRowsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDriver(t)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			d.step()
			if err := d.now().Check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

type driver struct {
	t         *rapid.T
	l         Ledger
	env       Env
	settings  fsm.Settings
	incidents uint32
}

func newDriver(t *rapid.T) *driver {
	d := &driver{t: t, l: New(Watch{noIncident, func(fsm.HeartbeatID, uint32) bool { return false }, func(*Row, bool) {}}), settings: fsm.DefaultSettings()}
	d.env = Env{Term: 1, Serving: 100_000, Settings: &d.settings}
	return d
}

func (d *driver) now() Now { return d.l.At(d.env) }

func (d *driver) draw(what string, n int) int { return rapid.IntRange(0, n-1).Draw(d.t, what) }

func (d *driver) step() {
	switch d.draw("step", 12) {
	case 0:
		d.env.Serving += int64(1 + d.draw("delta", 3000))
	case 1:
		d.env.Term++
	case 2:
		d.settings = fsm.Settings{Burst: 1 + d.draw("burst", 3), GroupWait: int64(d.draw("wait", 3)) * 1000}
	case 3, 4, 5:
		d.incidents++
		held := int64(d.draw("held", 2)) * (d.env.Serving + int64(d.draw("until", 5000)))
		d.insert(Row{Kind: fsm.AlertDown, Incident: d.incidents, NotBefore: held})
	case 6:
		d.incidents++
		d.insert(Row{Kind: fsm.AlertUnheard, Incident: d.incidents})
	case 7:
		if w := d.now().Work(d.env.Term, d.anyLane(), 100); len(w.Digests) > 0 {
			d.now().Run(w.Digests[0])
		}
	default:
		if len(d.l.Rows) > 0 {
			d.touch(d.pick())
		}
	}
}

func (d *driver) insert(r Row) {
	r.ordinal = uint64(1 + d.draw("heartbeat", 2))
	r.Heartbeat, r.Recipient = fsm.HeartbeatID{7: byte(r.ordinal)}, recipients[d.draw("recipient", len(recipients))]
	r.counted = d.draw("alone", 8) == 0
	d.add(r)
}

// recipients are of three lanes.
var recipients = []string{"a", "b", fsm.ChannelID{1}.String(), fsm.ChannelID{2}.String()}

func (d *driver) anyLane() string { return laneName(recipients[d.draw("lane", len(recipients))]) }

func (d *driver) add(r Row) {
	r.ID = AlertIDOf(r.Heartbeat, r.Incident, r.Kind, r.Recipient)
	r.State, r.Due = fsm.AlertPending, d.env.Serving-int64(d.draw("age", 3000))
	d.l.insertRow(r)
}

func (d *driver) pick() *Row {
	ids := slices.SortedFunc(maps.Keys(d.l.Rows), func(a, b fsm.AlertID) int { return slices.Compare(a[:], b[:]) })
	return d.l.Rows[ids[d.draw("row", len(ids))]]
}

// touch does to a row what its state calls for, or something else.
func (d *driver) touch(r *Row) {
	if r.Kind == fsm.AlertDown && d.draw("recover", 4) == 0 {
		d.add(Row{Kind: fsm.AlertRecovered, ordinal: r.ordinal, Heartbeat: r.Heartbeat, Incident: r.Incident, Recipient: r.Recipient, Answers: r.ID})
		return
	}
	resend := d.draw("resend", 2) == 0
	outcome := fsm.Outcome(1 + d.draw("outcome", 4))
	settle := fsm.Settle{Alert: r.ID, Term: r.Term, Attempt: r.Attempt, Outcome: outcome, Resend: resend, RetryIn: int64(d.draw("retry", 3)) * 700}
	switch {
	case d.draw("late", 5) == 0:
		d.now().Run(settle)
	case r.State == fsm.AlertPending || r.State == fsm.AlertClaimed && r.Term < d.env.Term:
		d.now().Run(fsm.Claim{Alert: r.ID, Term: d.env.Term, Attempt: r.Attempt + 1})
	case r.State == fsm.AlertClaimed:
		d.now().Run(fsm.Fence{Alert: r.ID, Term: r.Term, Attempt: r.Attempt})
	case r.State == fsm.AlertFenced && r.Term < d.env.Term:
		d.now().Run(fsm.ResolveDoubt{Alert: r.ID, Term: r.Term, Attempt: r.Attempt, Resend: resend})
	case r.State == fsm.AlertFenced:
		d.now().Run(settle)
	default:
		d.now().Run(fsm.RetryAlert{Alert: r.ID})
	}
}

// TestWindowsAreDroppedAsIfAllWereLookedAt holds what is dropped against the rule,
// over more recipients than windows are kept for.
func TestWindowsAreDroppedAsIfAllWereLookedAt(t *testing.T) {
	testkit.SkipUnderRace(t)
	r := rand.New(rand.NewPCG(1, 2))
	settings := fsm.Settings{Burst: 2, GroupWait: 1000}
	l, serving := New(Watch{noIncident, func(fsm.HeartbeatID, uint32) bool { return false }, func(*Row, bool) {}}), int64(0)
	now := func() Now { return l.At(Env{Serving: serving, Settings: &settings}) }
	plain := map[string]burstWindow{}
	drop := func() {
		for to, w := range plain {
			if now().hasEnded(w) && w.count < settings.Burst {
				delete(plain, to)
			}
		}
	}
	most := 0
	for i := range 40_000 {
		switch r.IntN(4000) {
		case 0:
			settings.Burst = 1 + r.IntN(3)
		case 1:
			settings.GroupWait = int64(1 + r.IntN(5000))
		case 2: // a restore
			l.windowEnds = windowEnds{}
		}
		serving += int64(r.IntN(2))
		to := string(rune(r.IntN(4000)))
		if w, ok := plain[to]; ok && r.IntN(8) == 0 && now().hasEnded(w) { // as forming a digest does
			delete(plain, to)
			delete(l.windows, to)
		}
		w, ok := plain[to]
		if !ok || now().hasEnded(w) {
			w = burstWindow{start: serving}
		}
		w.count++
		fits := w.count <= settings.Burst
		if fits {
			if len(plain) >= maxWindows {
				drop()
			}
			plain[to] = w
		}
		if got := now().takeBurst(to); got != fits {
			t.Fatalf("after %d: a place in the burst: %t, want %t", i, got, fits)
		}
		most = max(most, len(plain))
		if i%50 == 0 && !maps.Equal(plain, l.windows) {
			t.Fatalf("after %d: %d windows, want %d", i, len(l.windows), len(plain))
		}
		if n := len(l.windowEnds.queue); n > 2*len(plain)+64 {
			t.Fatalf("after %d: %d lapses of %d windows", i, n, len(plain))
		}
	}
	if most < maxWindows+500 {
		t.Errorf("only %d windows at a time", most)
	}
}
