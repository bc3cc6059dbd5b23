package store

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
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

// TestOnlyWhatWasToldHoldsBack: nobody waits for the end of a window of which nobody was told, and no
// alert speaks of an earlier one that never went out.
func TestOnlyWhatWasToldHoldsBack(t *testing.T) {
	fail := fsm.Signal{Tells: fsm.SignalFail}
	for _, c := range []struct {
		name  string
		first func(r *rig) // begins an incident, of which nobody hears, and ends it
	}{
		{"it recovered before its alert was sent", func(r *rig) {
			r.signal(1, fail)
			r.refuse()
			r.ping(1)
		}},
		{"it recovered while its alert was in hand, and that found no server", func(r *rig) {
			r.signal(1, fail)
			id := r.oneReady()
			n := r.attempt(id)
			r.ping(1)
			r.must(fsm.Settle{Alert: id, Term: r.term, Attempt: n, Outcome: fsm.OutcomeRetry, RetryIn: 5000, Error: "no connection"})
		}},
		{"it was acknowledged before its alert was sent", func(r *rig) {
			r.signal(1, fail)
			r.must(fsm.AckIncident{Heartbeat: testID(1), Incident: 1, By: "ann"})
			r.ping(1)
		}},
		{"its alert was cancelled by hand", func(r *rig) {
			r.signal(1, fail)
			r.must(fsm.CancelAlert{Alert: r.oneReady()})
			r.ping(1)
		}},
		{"its alert was held by hand", func(r *rig) {
			r.signal(1, fail)
			r.must(fsm.HoldAlert{Alert: r.oneReady()})
			r.ping(1)
		}},
		{"it was paused before its alert was sent", func(r *rig) {
			r.signal(1, fail)
			r.must(fsm.Pause{ID: testID(1)})
			r.must(fsm.Resume{ID: testID(1)})
			r.ping(1)
		}},
		{"there was nobody to tell", func(r *rig) {
			s := fsm.DefaultSettings()
			s.MailTo = nil
			r.must(fsm.SetSettings{Settings: s})
			r.signal(1, fail)
			r.ping(1)
			s.MailTo = []string{"team@example.com"}
			r.must(fsm.SetSettings{Settings: s})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := jobIn(t)
			c.first(r)
			r.run(20 * time.Second)
			r.drain()
			r.signal(1, fail)
			got := r.drain()
			if len(got) != 1 || got[0].Kind != fsm.AlertDown {
				t.Fatalf("the next incident is told as %+v, want at once", got)
			}
			r.ping(1)
			r.drain()
			r.run(20 * time.Second)
			r.signal(1, fail)
			if got := r.drain(); len(got) != 0 {
				t.Errorf("the third is told at once, within the window of the second: %+v", got)
			}
			r.run(280 * time.Second)
			if got := r.drain(); len(got) != 1 || got[0].Evidence.Flaps != 1 {
				t.Errorf("at the end of that window: %+v", got)
			}
		})
	}
}

// TestManyThatWereNotToldAreToldOnce: one that is over before it is told is no news, several in a window are.
func TestManyThatWereNotToldAreToldOnce(t *testing.T) {
	r := jobIn(t)
	for range 4 {
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.refuse()
		r.ping(1)
		r.run(time.Second)
	}
	r.run(time.Minute)
	if got := r.drain(); len(got) != 1 || got[0].Kind != fsm.AlertRecovered || got[0].Evidence.Flaps != 3 {
		t.Errorf("%+v", got)
	}
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	if got := r.drain(); len(got) != 0 {
		t.Errorf("told at once again: %+v", got)
	}
}

// TestWhatTheUnsentHeldBackIsReleased: the first alert is in hand when the job fails again, and then
// finds no server.
func TestWhatTheUnsentHeldBackIsReleased(t *testing.T) {
	r := jobIn(t)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	id := r.oneReady()
	n := r.attempt(id)
	r.ping(1)
	r.run(20 * time.Second)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	r.must(fsm.Settle{Alert: id, Term: r.term, Attempt: n, Outcome: fsm.OutcomeRetry, RetryIn: 5000, Error: "no connection"})
	if got := r.drain(); len(got) != 1 || got[0].Kind != fsm.AlertDown {
		t.Errorf("%+v", got)
	}
}

// TestWhatAnUnsentStoryHeldBackIsReleased: what tells of two incidents that were over is in hand when the job
// fails again, and then finds no server.
func TestWhatAnUnsentStoryHeldBackIsReleased(t *testing.T) {
	r := jobIn(t)
	r.flips(1, 2)
	id := r.oneReady() // the recovery
	n := r.attempt(id)
	r.run(20 * time.Second)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	r.must(fsm.Settle{Alert: id, Term: r.term, Attempt: n, Outcome: fsm.OutcomeRetry, RetryIn: 5000, Error: "no connection"})
	if got := r.drain(); len(got) != 1 || got[0].Kind != fsm.AlertDown || got[0].Evidence.Flaps < 2 {
		t.Errorf("%+v", got)
	}
}

// TestHeldBackAndThenCancelledOpensNoWindow: what was held back for a window's end, and acknowledged before,
// is not told there.
func TestHeldBackAndThenCancelledOpensNoWindow(t *testing.T) {
	r := jobIn(t)
	r.flips(1, 1) // it recovers unsent
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	r.drain()
	r.ping(1)
	r.drain()
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	r.must(fsm.AckIncident{Heartbeat: testID(1), Incident: 3, By: "ann"})
	r.ping(1)
	r.run(301 * time.Second)
	r.drain()
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	if got := r.drain(); len(got) != 1 || got[0].Evidence.Flaps != 0 {
		t.Errorf("%+v", got)
	}
}

// TestAWindowOpensWithWhatWasToldAtItsStart: what a window held back is in hand at its end, when the job fails
// again; then somebody acknowledges that, and neither goes out.
func TestAWindowOpensWithWhatWasToldAtItsStart(t *testing.T) {
	fail := fsm.Signal{Tells: fsm.SignalFail}
	r := jobIn(t)
	r.signal(1, fail)
	r.drain()
	r.ping(1)
	r.drain()
	r.signal(1, fail) // held back
	r.run(301 * time.Second)
	r.attempt(r.oneReady())
	r.ping(1)
	r.signal(1, fail)
	r.must(fsm.AckIncident{Heartbeat: testID(1), Incident: 3, By: "ann"})
	r.ping(1)
	r.run(20 * time.Second)
	r.drain()
	r.signal(1, fail)
	if got := r.drain(); len(got) != 1 || got[0].Kind != fsm.AlertDown || got[0].Incident != 4 {
		t.Fatalf("in a window of which nobody was told: %+v, want it at once", got)
	}
	r.ping(1)
	r.drain()
	r.run(20 * time.Second)
	r.signal(1, fail)
	if got := r.drain(); len(got) != 0 {
		t.Errorf("the next is told at once, within the window of that: %+v", got)
	}
	r.run(280 * time.Second)
	if got := r.drain(); len(got) != 1 || got[0].Incident != 5 {
		t.Errorf("at the end of that window: %+v", got)
	}
}

// drainLane sends whatever may be sent by a channel, and counts it.
func (r *rig) drainLane(name string) (sent int) {
	r.t.Helper()
	for ready := r.s.LaneWork(r.term, name, 1).Ready; len(ready) > 0; ready = r.s.LaneWork(r.term, name, 1).Ready {
		r.send(ready[0])
		sent++
	}
	return sent
}

// TestAFlapWindowIsOfOneRecipient: who was told of nothing yet does not wait for what others were told.
func TestAFlapWindowIsOfOneRecipient(t *testing.T) {
	r := newRig(t)
	hook := r.channel(1, byDefault)
	spec := testSpec(3600, 0, 1)
	r.create(1, spec) // with an address of its own
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	if got := r.drain(); len(got) != 1 {
		t.Fatalf("%d mails", len(got))
	}
	r.ping(1)
	r.drain()
	r.run(20 * time.Second)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	if mails, hooks := len(r.drain()), r.drainLane(hook); mails != 0 || hooks != 1 {
		t.Errorf("of the second incident: %d mails and %d requests, want 0 and 1", mails, hooks)
	}
	r.run(280 * time.Second)
	if mails, hooks := len(r.drain()), r.drainLane(hook); mails != 1 || hooks != 0 {
		t.Errorf("at the end of the window: %d mails and %d requests, want 1 and 0", mails, hooks)
	}
	if r.flapWindows() == "" {
		t.Error("the windows that the second incident opened are not kept")
	}
	if r.run(301 * time.Second); r.flapWindows() != "" {
		t.Error("windows that have ended are kept")
	}
}

// flapWindows is what an image says of them; "": there are none.
func (r *rig) flapWindows() string {
	w := image.NewWriter(io.Discard)
	s := w.Section(1)
	r.s.st.writeFlaps(s)
	s.End()
	return string(w.Buf)
}

// TestWhoTakesOnlyDownsIsToldAgainWhileItFlaps, though a recovery ends each incident in which it has to wait.
func TestWhoTakesOnlyDownsIsToldAgainWhileItFlaps(t *testing.T) {
	r := newRig(t)
	hook := r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.On = true, fsm.SetOf(fsm.AlertDown) })
	r.create(1, testSpec(3600, 0, 1))
	told := 0
	for range 30 * 60 / 5 { // half an hour
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		r.run(time.Second)
		told += r.drainLane(hook)
		r.drain()
		r.ping(1)
		r.run(4 * time.Second)
		told += r.drainLane(hook)
		r.drain()
	}
	if told < 5 || told > 6 {
		t.Errorf("told %d times in half an hour, want once in five minutes", told)
	}
}

// TestAnOldAlertSentByHandKeepsNoNewsBack: what the recipient knows of goes on, though the alert that came last is
// of an incident before.
func TestAnOldAlertSentByHandKeepsNoNewsBack(t *testing.T) {
	r := jobIn(t)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	old := r.oneReady()
	n := r.attempt(old)
	r.must(fsm.Settle{Alert: old, Term: r.term, Attempt: n, Outcome: fsm.OutcomeFailed, Error: "550 no"})
	r.ping(1)
	r.run(301 * time.Second)
	r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
	if got := r.drain(); len(got) != 1 {
		t.Fatalf("of the second incident: %+v", got)
	}
	r.run(301 * time.Second)
	r.must(fsm.RetryAlert{Alert: old})
	if got := r.drain(); len(got) != 1 || got[0].ID != old {
		t.Fatalf("sent by hand: %+v", got)
	}
	r.ping(1)
	if got := r.drain(); len(got) != 1 || got[0].Kind != fsm.AlertRecovered {
		t.Errorf("when the second incident is over: %+v", got)
	}
}
