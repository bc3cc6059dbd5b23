package store

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// claimed has an alert of an incident claimed by a sender, and then the incident end and another one
// begin, whose alert waits for it.
func claimed(t *testing.T) (r *rig, first fsm.AlertID) {
	t.Helper()
	r = aLife(t, func(*fsm.Spec) {})
	first = r.s.Work(r.term, 10).Ready[0]
	r.must(fsm.Claim{Alert: first, Term: r.term, Attempt: 1})
	r.ping(1)
	r.run(61 * time.Second)
	wantSame(t, "two incidents", r.alerts(1), []string{"down claimed", "recovered cancelled", "down pending"})
	return r, first
}

// TestAnAcknowledgementSilencesWhatIsLeft of the incidents before: an alert of one that a sender had
// when it ended, and that has to be tried again.
func TestAnAcknowledgementSilencesWhatIsLeft(t *testing.T) {
	t.Run("while a sender that is lost had it", func(t *testing.T) {
		r, _ := claimed(t)
		r.must(ack(2))
		wantSame(t, "acknowledged", r.alerts(1), []string{"down cancelled", "recovered cancelled", "down cancelled"})
		r.term++
		r.run(time.Hour)
		if w := r.s.Work(r.term, 10); len(w.Ready) > 0 {
			t.Errorf("%d rows can be sent", len(w.Ready))
		}
		r.ping(1)
		if got := r.alerts(1); got[len(got)-1] != "recovered cancelled" {
			t.Errorf("nobody knows of it, and its end is told: %q", got)
		}
	})
	t.Run("while a server was being asked", func(t *testing.T) {
		r, first := claimed(t)
		r.must(fsm.Fence{Alert: first, Term: r.term, Attempt: 1})
		r.must(ack(2))
		r.must(fsm.Settle{Alert: first, Term: r.term, Attempt: 1, Outcome: fsm.OutcomeRetry, Error: "busy"})
		wantSame(t, "refused for now", r.alerts(1), []string{"down cancelled", "recovered cancelled", "down cancelled"})
	})
}

// TestARecoveryAnswersNoAlertThatIsLeft: when the newest alert was cancelled by hand, and the one
// before it has to be tried again, a good run leaves neither.
func TestARecoveryAnswersNoAlertThatIsLeft(t *testing.T) {
	r, first := claimed(t)
	id := testID(1)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	r.must(fsm.CancelAlert{Alert: list[0].ID})
	r.must(fsm.Settle{Alert: first, Term: r.term, Attempt: 1, Outcome: fsm.OutcomeRetry, RetryIn: 60_000, Error: "no connection"})
	r.ping(1)
	wantSame(t, "after a good run", r.alerts(1), []string{"down cancelled", "recovered cancelled", "down cancelled", "recovered cancelled"})
}

// TestNobodyIsToldOfAnEndWhoseBeginningNobodyTook: a channel that took no failures then does now.
func TestNobodyIsToldOfAnEndWhoseBeginningNobodyTook(t *testing.T) {
	for name, x := range map[string]struct {
		then func(r *rig)
		want []string
	}{
		"it ends":                 {func(*rig) {}, nil},
		"it fails, and then ends": {func(r *rig) { r.signal(1, fsm.Signal{Tells: fsm.SignalFail}) }, []string{"failure ch_010 cancelled", "recovered ch_010 cancelled"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			var spec fsm.ChannelSpec
			r.channel(1, func(c *fsm.ChannelSpec) {
				c.Default, c.On = true, fsm.SetOf(fsm.AlertUnheard)
				spec = *c
			})
			r.create(1, silentSpec())
			r.run(61 * time.Second)
			spec.On = fsm.SetOf(fsm.ChannelKinds...)
			r.must(fsm.UpdateChannel{ID: channelID(1), Spec: spec})
			x.then(r)
			r.ping(1)
			wantTold(t, r, 1, x.want...)
		})
	}
}
