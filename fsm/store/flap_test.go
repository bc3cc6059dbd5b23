package store

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// flips makes heartbeat n fail and run well again, five times a second.
func (r *rig) flips(n, times int) {
	r.t.Helper()
	for range times {
		r.signal(n, fsm.Signal{Tells: fsm.SignalFail})
		r.run(100 * time.Millisecond)
		r.ping(n)
		r.run(100 * time.Millisecond)
	}
}

// drain sends whatever may be sent, and returns what it told, as "kind flaps".
func (r *rig) drain() (mails []fsm.Alert) {
	r.t.Helper()
	for {
		w := r.work()
		for _, f := range w.Digests {
			r.must(f)
		}
		if len(w.Ready) == 0 {
			if len(w.Digests) == 0 {
				return mails
			}
			continue
		}
		a, err := r.s.Alert(w.Ready[0])
		if err != nil {
			r.t.Fatal(err)
		}
		mails = append(mails, a)
		r.send(a.ID)
	}
}

// refuse lets the sender try whatever may be sent, and never reach a server.
func (r *rig) refuse() {
	r.t.Helper()
	for _, id := range r.work().Ready {
		n := r.attempt(id)
		r.must(fsm.Settle{Alert: id, Term: r.term, Attempt: n, Outcome: fsm.OutcomeRetry, RetryIn: 5000, Error: "no connection"})
	}
}

func jobIn(t *testing.T) *rig {
	r := newRig(t)
	r.create(1, testSpec(3600, 0, 1))
	return r
}

func TestFlapping(t *testing.T) {
	t.Run("the first incident is told at once, the others once at the end of the window", func(t *testing.T) {
		r := jobIn(t)
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.send(r.oneReady())
		r.run(time.Second)
		r.ping(1)
		r.send(r.oneReady())
		r.flips(1, 100)
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		if got := r.drain(); len(got) > 0 {
			t.Fatalf("%d mails within the window", len(got))
		}
		if q := r.s.Totals().Queue; q != 1 {
			t.Errorf("%d rows wait", q)
		}
		if at := r.work().Next; at != 300_000 { // what the clock awaits
			t.Errorf("the next is ready at %d", at)
		}
		r.run(5 * time.Minute)
		got := r.drain()
		if len(got) != 1 || got[0].Kind != fsm.AlertDown || got[0].Evidence.Flaps != 101 || got[0].Evidence.Within != 21*time.Second {
			t.Fatalf("at its end: %+v", got)
		}
		r.ping(1)
		if got := r.drain(); len(got) != 1 || got[0].Kind != fsm.AlertRecovered || got[0].Evidence.Flaps != 0 {
			t.Errorf("its recovery: %+v", got)
		}
	})
	t.Run("what is well again at the end is told as that", func(t *testing.T) {
		r := jobIn(t)
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.send(r.oneReady())
		r.ping(1)
		r.send(r.oneReady())
		r.flips(1, 7)
		r.run(5 * time.Minute)
		if got := r.drain(); len(got) != 1 || got[0].Kind != fsm.AlertRecovered || got[0].Evidence.Flaps != 7 || got[0].Answers != "" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a down and its recovery that both wait cancel each other, and say so", func(t *testing.T) {
		r := jobIn(t)
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.refuse()
		r.ping(1)
		id := testID(1)
		list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id, State: fsm.AlertCancelled})
		if len(list) != 2 || !strings.Contains(list[0].Error+list[1].Error, ledger.RecoveredUnsent) {
			t.Errorf("%+v", list)
		}
		r.run(time.Hour)
		if got := r.drain(); len(got) > 0 {
			t.Errorf("%d mails", len(got))
		}
	})
	t.Run("long after the window the next incident is told at once again", func(t *testing.T) {
		r := jobIn(t)
		for range 3 {
			r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
			r.send(r.oneReady())
			r.ping(1)
			r.send(r.oneReady())
			r.run(5 * time.Minute)
		}
	})
	t.Run("one that flaps for ever causes two mails a window", func(t *testing.T) {
		r := jobIn(t)
		mails := 0
		for range 6 * 30 { // six windows, in steps of 10 s
			r.flips(1, 1)
			r.run(9800 * time.Millisecond)
			mails += len(r.drain())
		}
		if mails < 6 || mails > 14 {
			t.Errorf("%d mails in half an hour", mails)
		}
	})
	t.Run("nothing puts off what is due, while its sender is slow", func(t *testing.T) {
		r := jobIn(t)
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.send(r.oneReady())
		r.ping(1)
		r.send(r.oneReady())
		r.flips(1, 2)
		r.run(5 * time.Minute)
		r.flips(1, 2)
		if got := r.drain(); len(got) != 1 || got[0].Evidence.Flaps != 4 || got[0].Evidence.Within < 5*time.Minute {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a window of zero holds nothing back", func(t *testing.T) {
		r := jobIn(t)
		r.must(fsm.SetSettings{Settings: fsm.Settings{History: 1, Burst: 5, GroupWait: 10_000}})
		for range 3 {
			r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
			r.run(10 * time.Second)
			r.send(r.oneReady())
			r.ping(1)
			r.send(r.oneReady())
		}
	})
}

// TestWhoKnowsOfAFailureIsToldOfItsEnd: between a down that went out and the recovery
// that did not yet, the job may fail and recover again and again.
func TestWhoKnowsOfAFailureIsToldOfItsEnd(t *testing.T) {
	r := jobIn(t)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	down := r.oneReady()
	n := r.attempt(down)
	r.must(fsm.Fence{Alert: down, Term: 1, Attempt: n})
	r.flips(1, 1)
	r.flips(1, 50)
	if q := r.s.Totals().Queue; q != 2 {
		t.Errorf("%d rows are open: one is in hand, one waits", q)
	}
	r.must(fsm.Settle{Alert: down, Term: 1, Attempt: n, Outcome: fsm.OutcomeSent})
	a, _ := r.s.Alert(down)
	r.run(5 * time.Minute)
	if got := r.drain(); len(got) != 1 || got[0].Kind != fsm.AlertRecovered || got[0].Answers != a.MessageID || got[0].Evidence.Flaps != 50 {
		t.Errorf("%+v", got)
	}
}

// TestPendingRowsAreBounded keeps the mail server away for a day, while a job
// flaps and another one's pings are lost to gaps.
func TestPendingRowsAreBounded(t *testing.T) {
	testkit.SkipUnderRace(t)
	r := newRig(t)
	spec := testSpec(3600, 0, 1)
	spec.Emails = []string{"a@example.com", "b@example.com"}
	r.create(1, spec)
	spec.Interval = 60
	r.create(2, spec)
	r.ping(2)
	most, unheard := 0, 0
	for range 700 { // two minutes each
		r.flips(1, 20)
		r.refuse()
		r.gap(58 * time.Second)
		r.run(time.Minute)
		r.refuse()
		r.ping(2)
		most = max(most, r.s.Totals().Queue)
	}
	t.Logf("%d rows at most", most)
	for _, n := range r.s.Totals().Alerts {
		if n.Kind == fsm.AlertUnheard && n.State == fsm.AlertPending {
			unheard = int(n.N)
		}
	}
	if unheard < 100 {
		t.Fatalf("only %d notices of what was unheard were written", unheard)
	}
	if most > 8 {
		t.Errorf("%d rows were open, of two heartbeats and two recipients", most)
	}
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	r.run(20 * time.Minute)
	mails := map[string]int{}
	for _, a := range r.drain() {
		if a.Kind == fsm.AlertDigest {
			t.Errorf("a digest of %d", len(a.Members))
		}
		if a.Heartbeat == testID(1) {
			mails[a.Recipient+" "+a.Kind.String()]++
		}
	}
	if mails["a@example.com down"] != 1 || mails["b@example.com down"] != 1 || len(mails) != 2 {
		t.Errorf("once the server is back: %v", mails)
	}
}

// TestFlappingKeepsWhatWasSent: rows that cancelled each other push none out that a
// person was sent.
func TestFlappingKeepsWhatWasSent(t *testing.T) {
	r := jobIn(t)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	r.send(r.oneReady())
	r.ping(1)
	r.send(r.oneReady())
	r.flips(1, 100)
	sent := 0
	for _, s := range r.alerts(1) {
		if strings.HasSuffix(s, " sent") {
			sent++
		}
	}
	if n := len(r.alerts(1)); sent != 2 || n > fsm.MaxSettledPer+1 {
		t.Errorf("%d rows, of them %d that were sent: %q", n, sent, r.alerts(1))
	}
}

// TestAStepOfTheLedgerTakesTheMissesFirst: a miss that is due and not yet judged
// overtakes the recovery that waits, whichever batch the claim falls into.
func TestAStepOfTheLedgerTakesTheMissesFirst(t *testing.T) {
	due := func() (*rig, fsm.Claim) {
		r := newRig(t)
		r.create(1, testSpec(60, 0, 1))
		r.run(time.Minute + time.Millisecond)
		r.send(r.oneReady())
		r.ping(1)
		claim := fsm.Claim{Alert: r.oneReady(), Term: 1, Attempt: 1}
		for range 60 {
			r.batch(1000) // the horizon stays before the next miss
		}
		return r, claim
	}
	together, claim := due()
	first := together.batch(1, claim)[0]
	apart, _ := due()
	apart.batch(1)
	second := apart.do(claim)
	wantCode(t, first, fsm.CodeRejected)
	wantCode(t, second, fsm.CodeRejected)
	if string(imageOf(t, together.s)) != string(imageOf(t, apart.s)) {
		t.Error("the images differ")
	}
	wantAlerts(t, together, 1, "down sent", "recovered cancelled", "down pending")
}

// TestARefusedAlertLeavesTheRecoveryOfTheOneBefore: the server refuses the second down
// for good, but the recipient knows of the first.
func TestARefusedAlertLeavesTheRecoveryOfTheOneBefore(t *testing.T) {
	r := jobIn(t)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	known := r.oneReady()
	r.send(known)
	r.ping(1)
	r.tick()
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail}) // overtakes the recovery, and is held back
	held := r.newest(1)
	wantCode(t, r.do(fsm.Claim{Alert: held.ID, Term: 1, Attempt: 1}), fsm.CodeRejected)
	r.run(10 * time.Minute)
	n := r.attempt(held.ID)
	r.ping(1)
	r.must(fsm.Settle{Alert: held.ID, Term: 1, Attempt: n, Outcome: fsm.OutcomeFailed, Error: "550 no"})
	a, _ := r.s.Alert(known)
	if got := r.drain(); len(got) != 1 || got[0].Kind != fsm.AlertRecovered || got[0].Answers != a.MessageID {
		t.Errorf("%+v", got)
	}
}

// TestRowsOfOneMomentKeepTheirOrder lets a job flap while serving time stands still, as it does
// after an election.
func TestRowsOfOneMomentKeepTheirOrder(t *testing.T) {
	r := jobIn(t)
	for range 8 {
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.ping(1)
	}
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	id := testID(1)
	rows, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	all, _ := r.s.Alerts(fsm.AlertFilter{})
	if len(rows) != 17 || len(all) != 17 {
		t.Fatalf("%d rows, want 17", len(rows))
	}
	for i, a := range rows {
		want := fsm.AlertRecovered
		if i%2 == 0 {
			want = fsm.AlertDown
		}
		if a.Kind != want || int(a.Incident) != 9-(i+1)/2 || all[i].ID != a.ID {
			t.Errorf("row %d, newest first, is of %d, incident %d", i, a.Kind, a.Incident)
		}
	}
}
