package commit

import (
	"bytes"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/cluster/proposals/proposalstest"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// proposeBodies has signals of heartbeat 1 proposed one after the other, and returns
// how many kept their bodies.
func proposeBodies(t *testing.T, log *fakeLog, tab *proposals.Table, kind fsm.SignalKind, n int) (kept int) {
	t.Helper()
	body := bytes.Repeat([]byte("x"), fsm.MaxBody)
	for range n {
		var cmd fsm.Command = fsm.Signal{Ordinal: 1, Tells: kind, Exit: -1, Body: body}
		if kind == fsm.SignalSuccess {
			cmd = fsm.Authorized{Key: fsm.KeyID{1}, Command: cmd}
		}
		p := proposalstest.Propose(t, tab, string(fsm.AppendCommand(nil, cmd)))
		e := log.next(t)
		c, err := fsm.DecodeCommand(e.batch.Items[0].Cmd)
		if err != nil {
			t.Fatal(err)
		}
		switch s, _ := SignalOf(c); {
		case len(s.Body) == len(body) && s.Dropped == 0:
			kept++
		case len(s.Body) != 0 || s.Dropped != len(body):
			t.Errorf("%d bytes of a body, %d dropped", len(s.Body), s.Dropped)
		}
		e.commit(5, fsm.CodeOK)
		<-p.Done
	}
	return kept
}

func TestAHeartbeatHasABudgetOfBodyBytes(t *testing.T) {
	b, log, tab := newTestBatcher(t)
	start, failing := time.Now(), false
	now := start
	b.mu.Lock()
	b.opt.Now = func() time.Time { return now.Add(time.Since(start)) }
	b.opt.FailureTold = func(uint64) bool { return failing }
	b.mu.Unlock()
	expect := func(what string, kind fsm.SignalKind, sent, want int) {
		t.Helper()
		if got := proposeBodies(t, log, tab, kind, sent); got != want {
			t.Errorf("%s: %d of %d bodies were proposed, want %d", what, got, sent, want)
		}
	}
	expect("good runs", fsm.SignalSuccess, 12, 4)
	expect("a failure", fsm.SignalFail, 1, 1)
	failing = true
	expect("more failures of the incident", fsm.SignalFail, 3, 0)
	b.mu.Lock()
	now = now.Add(20 * time.Second)
	b.mu.Unlock()
	expect("a third of a minute later", fsm.SignalLog, 5, 1)
	b.mu.Lock()
	now = now.Add(3 * time.Minute)
	b.mu.Unlock()
	expect("minutes later", fsm.SignalLog, 12, 4)
}

func TestBudgetsOfTheQuietAreForgotten(t *testing.T) {
	var b bodyBudget
	now := time.Now()
	for ord := range uint64(1000) {
		b.allow(ord, 100, 0, now)
	}
	now = now.Add(bodyBudgetRefill + 1)
	if !b.allow(1, bodyBudgetBytes, 0, now) || b.allow(1, 1, 0, now) {
		t.Error("the budget is not full again after a minute, or more than full")
	}
	now = now.Add(bodyBudgetRefill + 1)
	b.allow(2, 1, 0, now)
	if n := len(b.recent) + len(b.older); n != 2 {
		t.Errorf("%d budgets are kept, want 2", n)
	}
}
