package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// rowsOf returns the IDs of the rows of heartbeat n, oldest first.
func (r *rig) rowsOf(n int) (ids []fsm.AlertID) {
	id := testID(n)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	for _, a := range slices.Backward(list) {
		ids = append(ids, a.ID)
	}
	return ids
}

// checkLedger holds what senders go by against the rows.
func (r *rig) checkLedger() {
	r.t.Helper()
	if err := r.s.st.ledgerNow().Check(); err != nil {
		r.t.Error(err)
	}
	r.sameAfterRestore()
}

func TestDeliverNow(t *testing.T) {
	t.Run("what waits for the group's window", func(t *testing.T) {
		r := newRig(t)
		r.failing(8) // a burst of 5
		for _, id := range r.work().Ready {
			r.send(id)
		}
		last := r.rowsOf(8)[0]
		if w := r.work(); len(w.Ready) != 0 {
			t.Fatalf("%+v", w)
		}
		r.must(fsm.DeliverAlert{Alert: last})
		r.checkLedger()
		r.send(r.oneReady())
		wantAlerts(t, r, 8, "down sent")
		wantCode(t, r.do(fsm.DeliverAlert{Alert: last}), fsm.CodeRejected)
		r.run(11 * time.Second)
		w := r.work()
		if len(w.Digests) != 1 || len(w.Digests[0].Members) != 2 {
			t.Errorf("the others: %+v", w)
		}
		r.must(w.Digests[0])
		digest := r.oneReady()
		n := r.attempt(digest)
		r.must(fsm.Settle{Alert: digest, Term: 1, Attempt: n, Outcome: fsm.OutcomeRetry, RetryIn: 60_000, Error: "451 later"})
		wantCode(t, r.do(fsm.HoldAlert{Alert: w.Digests[0].Members[0]}), fsm.CodeRejected)
		wantCode(t, r.do(fsm.HoldAlert{Alert: digest}), fsm.CodeRejected)
		wantCode(t, r.do(fsm.CancelAlert{Alert: digest}), fsm.CodeRejected)
		r.must(fsm.DeliverAlert{Alert: w.Digests[0].Members[0]}) // the digest that carries it
		r.checkLedger()
		r.send(r.oneReady())
		wantAlerts(t, r, 6, "down sent")
	})
	t.Run("what waits for another attempt", func(t *testing.T) {
		r := newRig(t)
		r.failing(1)
		id := r.oneReady()
		n := r.attempt(id)
		wantCode(t, r.do(fsm.DeliverAlert{Alert: id}), fsm.CodeRejected) // a sender has it
		r.must(fsm.Settle{Alert: id, Term: 1, Attempt: n, Outcome: fsm.OutcomeRetry, RetryIn: 300_000, Error: "451 later"})
		r.must(fsm.DeliverAlert{Alert: id})
		r.checkLedger()
		r.send(r.oneReady())
	})
	t.Run("what waits for its channel's time", func(t *testing.T) {
		r := newRig(t)
		r.channel(1, func(c *fsm.ChannelSpec) { c.Default, c.After = true, 3600 })
		spec := testSpec(60, 0, 1)
		spec.Emails = nil
		r.create(1, spec)
		r.run(61 * time.Second)
		id := r.rowsOf(1)[0]
		wantCode(t, r.do(fsm.Claim{Alert: id, Term: 1, Attempt: 1}), fsm.CodeRejected)
		r.must(fsm.DeliverAlert{Alert: id})
		r.checkLedger()
		r.send(id)
	})
	t.Run("but not before the one that it follows", func(t *testing.T) {
		r := newRig(t)
		r.failing(1)
		down := r.oneReady()
		n := r.attempt(down)
		r.ping(1)
		recovered := r.rowsOf(1)[1]
		r.must(fsm.DeliverAlert{Alert: recovered})
		wantCode(t, r.do(fsm.Claim{Alert: recovered, Term: 1, Attempt: 1}), fsm.CodeRejected)
		r.must(fsm.Fence{Alert: down, Term: 1, Attempt: n})
		r.must(fsm.Settle{Alert: down, Term: 1, Attempt: n, Outcome: fsm.OutcomeSent})
		r.send(r.oneReady())
	})
	r := newRig(t)
	wantCode(t, r.do(fsm.DeliverAlert{Alert: fsm.AlertID{9}}), fsm.CodeNotFound)
}

func TestHoldingAnAlert(t *testing.T) {
	held := func(t *testing.T) (*rig, fsm.AlertID) {
		r := newRig(t)
		r.failing(2)
		id := r.rowsOf(1)[0]
		r.must(fsm.HoldAlert{Alert: id})
		r.checkLedger()
		return r, id
	}
	t.Run("it is not sent, and blocks no other", func(t *testing.T) {
		r, id := held(t)
		wantAlerts(t, r, 1, "down held")
		if a, _ := r.s.Alert(id); a.InDoubt || !strings.HasPrefix(a.Error, "held by hand") {
			t.Errorf("%+v", a)
		}
		r.send(r.oneReady()) // the other
		r.run(48 * time.Hour)
		if w := r.work(); len(w.Ready)+len(w.Digests)+len(w.Doubt) != 0 {
			t.Errorf("work: %+v", w)
		}
		if r.s.Totals().Queue != 0 {
			t.Error("it counts as waiting")
		}
		wantCode(t, r.do(fsm.Claim{Alert: id, Term: 1, Attempt: 1}), fsm.CodeRejected)
		wantCode(t, r.do(fsm.Settle{Alert: id, Term: 0, Attempt: 0, Outcome: fsm.OutcomeSent}), fsm.CodeRejected)
		wantCode(t, r.do(fsm.DeliverAlert{Alert: id}), fsm.CodeRejected)
		wantCode(t, r.do(fsm.HoldAlert{Alert: id}), fsm.CodeOK)
	})
	t.Run("released, it is sent once", func(t *testing.T) {
		r, id := held(t)
		r.send(r.oneReady())
		r.must(fsm.RetryAlert{Alert: id})
		if a, _ := r.s.Alert(id); a.State != fsm.AlertPending || a.Error != "" {
			t.Errorf("%+v", a)
		}
		r.checkLedger()
		r.send(r.oneReady())
		wantAlerts(t, r, 1, "down sent")
		for _, c := range []fsm.Command{fsm.RetryAlert{Alert: id}, fsm.HoldAlert{Alert: id}, fsm.CancelAlert{Alert: id}} {
			wantCode(t, r.do(c), fsm.CodeRejected)
		}
	})
	t.Run("what a sender has in hand cannot be held", func(t *testing.T) {
		r := newRig(t)
		r.failing(1)
		id := r.oneReady()
		n := r.attempt(id)
		for range 2 { // claimed, and then fenced
			wantCode(t, r.do(fsm.HoldAlert{Alert: id}), fsm.CodeRejected)
			wantCode(t, r.do(fsm.CancelAlert{Alert: id}), fsm.CodeRejected)
			r.do(fsm.Fence{Alert: id, Term: 1, Attempt: n})
		}
		r.must(fsm.Settle{Alert: id, Term: 1, Attempt: n, Outcome: fsm.OutcomeInDoubt, Resend: true, Error: "lost"})
		wantCode(t, r.do(fsm.HoldAlert{Alert: id}), fsm.CodeRejected) // it may have arrived
		wantCode(t, r.do(fsm.CancelAlert{Alert: id}), fsm.CodeRejected)
	})
	t.Run("cancelled, it is never sent, and its recovery neither", func(t *testing.T) {
		r, id := held(t)
		r.must(fsm.CancelAlert{Alert: id})
		r.checkLedger()
		r.ping(1)
		wantAlerts(t, r, 1, "down cancelled", "recovered cancelled")
		wantCode(t, r.do(fsm.RetryAlert{Alert: id}), fsm.CodeRejected)
	})
	t.Run("a recovery cancels it", func(t *testing.T) {
		r, _ := held(t)
		r.ping(1)
		wantAlerts(t, r, 1, "down cancelled", "recovered cancelled")
		r.checkLedger()
	})
	t.Run("a pause cancels it", func(t *testing.T) {
		r, _ := held(t)
		r.must(fsm.Pause{ID: testID(1)})
		wantAlerts(t, r, 1, "down cancelled")
		r.checkLedger()
	})
	t.Run("an acknowledgement cancels it", func(t *testing.T) {
		r, _ := held(t)
		r.must(fsm.AckIncident{Heartbeat: testID(1), Incident: 1, By: "Ann"})
		wantAlerts(t, r, 1, "down cancelled")
		r.checkLedger()
	})
	t.Run("it tells of the failure that comes", func(t *testing.T) {
		r, id := held(t)
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail, Exit: 3})
		wantAlerts(t, r, 1, "down held")
		if a, _ := r.s.Alert(id); a.Evidence.Exit != 3 {
			t.Errorf("%+v", a.Evidence)
		}
	})
	t.Run("a recovery that is held gives way to the next failure", func(t *testing.T) {
		r := newRig(t)
		settings := fsm.DefaultSettings()
		settings.FlapWindow = 0
		r.must(fsm.SetSettings{Settings: settings})
		r.failing(1)
		r.send(r.oneReady())
		r.ping(1)
		r.must(fsm.HoldAlert{Alert: r.oneReady()})
		wantAlerts(t, r, 1, "down sent", "recovered held")
		r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
		wantAlerts(t, r, 1, "down sent", "recovered cancelled", "down pending")
		r.checkLedger()
	})
	t.Run("many settled rows do not push it out", func(t *testing.T) {
		r := newRig(t)
		settings := fsm.DefaultSettings()
		settings.FlapWindow, settings.GroupWait = 0, 0
		r.must(fsm.SetSettings{Settings: settings})
		spec := testSpec(60, 0, 1)
		spec.Emails = []string{"a@example.com", "b@example.com"}
		r.create(1, spec)
		flap := func() {
			r.signal(1, fsm.Signal{Tells: fsm.SignalFail})
			for len(r.work().Ready) > 0 {
				r.send(r.work().Ready[0])
			}
			r.ping(1)
		}
		flap()
		for _, id := range r.work().Ready {
			if a, _ := r.s.Alert(id); a.Recipient == "b@example.com" {
				r.must(fsm.HoldAlert{Alert: id})
			}
		}
		r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Emails: &[]string{"a@example.com"}}}) // b is told no more, and nothing takes its place
		for range 2 * fsm.MaxSettledPer {
			flap()
		}
		if list := r.alerts(1); !slices.Contains(list, "recovered held") {
			t.Errorf("%v", list)
		}
		r.checkLedger()
		if n := len(r.rowsOf(1)); n > fsm.MaxSettledPer+2 { // the held one, and one that waits
			t.Errorf("%d rows", n)
		}
	})
}
