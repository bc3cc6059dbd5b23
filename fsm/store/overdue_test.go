package store

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestHowLongAnAlertHasWaited: what could be sent counts, from when it could be; what waits for a
// time of its own, or is held back, does not.
func TestHowLongAnAlertHasWaited(t *testing.T) {
	r := newRig(t)
	r.failing(1)
	first := r.oneReady()
	if r.run(time.Minute); r.s.OverdueAlert() < time.Minute {
		t.Errorf("after a minute: %v", r.s.OverdueAlert())
	}
	r.must(fsm.HoldAlert{Alert: first})
	if d := r.s.OverdueAlert(); d != 0 {
		t.Errorf("held back: %v", d)
	}
	r.must(fsm.RetryAlert{Alert: first})
	n := r.attempt(first)
	if d := r.s.OverdueAlert(); d < time.Minute {
		t.Errorf("in hand: %v", d)
	}
	r.must(fsm.Fence{Alert: first, Term: r.term, Attempt: n})
	r.must(fsm.Settle{Alert: first, Term: r.term, Attempt: n, Outcome: fsm.OutcomeSent})
	if d := r.s.OverdueAlert(); d != 0 {
		t.Errorf("sent: %v", d)
	}
}
