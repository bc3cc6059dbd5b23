package store

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// failing makes n heartbeats of one recipient fail in the same second.
func (r *rig) failing(n int) {
	r.t.Helper()
	for i := 1; i <= n; i++ {
		spec := testSpec(60, 0, 1)
		spec.Name = fmt.Sprint("job-", i)
		r.create(i, spec)
	}
	r.run(time.Minute + time.Millisecond)
}

// attempt claims a row and returns the attempt's number.
func (r *rig) attempt(id fsm.AlertID) uint32 {
	r.t.Helper()
	a, err := r.s.Alert(id)
	if err != nil {
		r.t.Fatal(err)
	}
	r.must(fsm.Claim{Alert: id, Term: r.term, Attempt: a.Attempt + 1})
	return a.Attempt + 1
}

// send takes a row through to sent.
func (r *rig) send(id fsm.AlertID) {
	r.t.Helper()
	n := r.attempt(id)
	r.must(fsm.Fence{Alert: id, Term: r.term, Attempt: n})
	r.must(fsm.Settle{Alert: id, Term: r.term, Attempt: n, Outcome: fsm.OutcomeSent})
}

func (r *rig) work() fsm.Work { return r.s.Work(r.term, 100) }

func (r *rig) oneReady() fsm.AlertID {
	r.t.Helper()
	w := r.work()
	if len(w.Ready) != 1 {
		r.t.Fatalf("ready rows: %v, want one", w.Ready)
	}
	return w.Ready[0]
}

func wantCode(t *testing.T, got fsm.Result, want fsm.Code) {
	t.Helper()
	if got.Code != want {
		t.Errorf("code %d (%v), want %d (%v)", got.Code, got.Code.Err(), want, want.Err())
	}
}

func TestSendingAnAlert(t *testing.T) {
	t.Run("claim, fence and settle, in that order and once", func(t *testing.T) {
		r := newRig(t)
		r.failing(1)
		id := r.oneReady()
		wantCode(t, r.do(fsm.Fence{Alert: id, Term: 1, Attempt: 1}), fsm.CodeRejected)
		wantCode(t, r.do(fsm.Claim{Alert: id, Term: 1, Attempt: 1}), fsm.CodeOK)
		wantCode(t, r.do(fsm.Claim{Alert: id, Term: 1, Attempt: 2}), fsm.CodeRejected)
		wantCode(t, r.do(fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeSent}), fsm.CodeRejected)
		wantCode(t, r.do(fsm.Fence{Alert: id, Term: 1, Attempt: 1}), fsm.CodeOK)
		wantCode(t, r.do(fsm.Fence{Alert: id, Term: 1, Attempt: 1}), fsm.CodeRejected)
		wantCode(t, r.do(fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeSent}), fsm.CodeOK)
		wantCode(t, r.do(fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeFailed}), fsm.CodeRejected)
		wantAlerts(t, r, 1, "down sent")
		if w := r.work(); len(w.Ready)+len(w.Digests)+len(w.Doubt) != 0 {
			t.Errorf("work left: %+v", w)
		}
	})
	t.Run("a recovery waits for its alert to settle", func(t *testing.T) {
		r := newRig(t)
		r.failing(1)
		down := r.oneReady()
		n := r.attempt(down)
		r.ping(1)
		if w := r.work(); len(w.Ready) > 0 {
			t.Fatalf("the recovery is ready before its alert")
		}
		r.must(fsm.Fence{Alert: down, Term: 1, Attempt: n})
		r.must(fsm.Settle{Alert: down, Term: 1, Attempt: n, Outcome: fsm.OutcomeSent})
		r.send(r.oneReady())
		wantAlerts(t, r, 1, "down sent", "recovered sent")
	})
	t.Run("a recovery is cancelled with an alert that never went out", func(t *testing.T) {
		r := newRig(t)
		r.failing(1)
		down := r.oneReady()
		n := r.attempt(down)
		r.ping(1)
		r.must(fsm.Settle{Alert: down, Term: 1, Attempt: n, Outcome: fsm.OutcomeFailed, Error: "550 no such user"})
		wantAlerts(t, r, 1, "down failed", "recovered cancelled")
		r.must(fsm.RetryAlert{Alert: down})
		r.send(r.oneReady())
	})
	t.Run("a retry waits, and becomes a failure after a day of refusals", func(t *testing.T) {
		r := newRig(t)
		r.failing(1)
		id := r.oneReady()
		n := r.attempt(id)
		refusal := fsm.Settle{Alert: id, Term: 1, Attempt: n, Outcome: fsm.OutcomeRetry, Refused: true, RetryIn: 5000, Error: "451 later"}
		r.must(refusal)
		if w := r.work(); len(w.Ready) != 0 || w.Next != r.s.Serving()+5000 {
			t.Errorf("work %+v at %d", w, r.s.Serving())
		}
		wantCode(t, r.do(fsm.Claim{Alert: id, Term: 1, Attempt: n + 1}), fsm.CodeRejected)
		r.run(5 * time.Second)
		refusal.Attempt = r.attempt(id)
		r.must(refusal)
		wantAlerts(t, r, 1, "down pending")
		r.run(24 * time.Hour)
		refusal.Attempt = r.attempt(id)
		r.must(refusal)
		wantAlerts(t, r, 1, "down failed")
	})
	t.Run("no recipient is a failure that says so", func(t *testing.T) {
		r := newRig(t)
		spec := testSpec(60, 0, 1)
		spec.Emails = nil
		r.create(1, spec)
		r.run(2 * time.Minute)
		wantAlerts(t, r, 1, "down failed")
		id := testID(1)
		list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
		if list[0].Error != ledger.NoRecipient {
			t.Errorf("error %q", list[0].Error)
		}
		r.ping(1)
		wantAlerts(t, r, 1, "down failed", "recovered cancelled")
	})
}

func TestFailover(t *testing.T) {
	claimed := func(t *testing.T) (*rig, fsm.AlertID) {
		r := newRig(t)
		r.failing(1)
		id := r.oneReady()
		r.attempt(id)
		return r, id
	}
	t.Run("a claimed row of an earlier term is sent again, the old claim is dead", func(t *testing.T) {
		r, id := claimed(t)
		r.term = 2
		if r.oneReady() != id {
			t.Fatal("not offered")
		}
		r.attempt(id)
		wantCode(t, r.do(fsm.Fence{Alert: id, Term: 1, Attempt: 1}), fsm.CodeRejected)
		wantCode(t, r.do(fsm.Fence{Alert: id, Term: 2, Attempt: 2}), fsm.CodeOK)
	})
	t.Run("a fence of an earlier term that commits late is refused", func(t *testing.T) {
		r, id := claimed(t)
		r.term = 2
		wantCode(t, r.do(fsm.Fence{Alert: id, Term: 1, Attempt: 1}), fsm.CodeRejected)
	})
	t.Run("a settle from the ex-leader is accepted", func(t *testing.T) {
		r, id := claimed(t)
		r.must(fsm.Fence{Alert: id, Term: 1, Attempt: 1})
		r.term = 2
		if w := r.work(); len(w.Doubt) != 1 || len(w.Ready) != 0 {
			t.Fatalf("work %+v", w)
		}
		r.must(fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeSent})
		wantAlerts(t, r, 1, "down sent")
	})
	for _, resend := range []bool{true, false} {
		t.Run(fmt.Sprintf("a fenced row in doubt, resend %v", resend), func(t *testing.T) {
			r, id := claimed(t)
			r.must(fsm.Fence{Alert: id, Term: 1, Attempt: 1})
			wantCode(t, r.do(fsm.ResolveDoubt{Alert: id, Term: 1, Attempt: 1, Resend: resend}), fsm.CodeRejected)
			r.term = 2
			r.must(fsm.ResolveDoubt{Alert: id, Term: 1, Attempt: 1, Resend: resend})
			a, _ := r.s.Alert(id)
			if !a.InDoubt || a.State != map[bool]fsm.AlertState{true: fsm.AlertPending, false: fsm.AlertHeld}[resend] {
				t.Fatalf("row %+v", a)
			}
			if resend {
				r.send(r.oneReady())
				return
			}
			// The ex-leader's answer comes after all.
			r.must(fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeSent})
			wantAlerts(t, r, 1, "down sent")
		})
	}
	t.Run("a row in doubt too often is held", func(t *testing.T) {
		r, id := claimed(t)
		doubt := func(attempt uint32) fsm.Alert {
			r.must(fsm.Fence{Alert: id, Term: 1, Attempt: attempt})
			r.must(fsm.Settle{Alert: id, Term: 1, Attempt: attempt, Outcome: fsm.OutcomeInDoubt, Resend: true, Error: "lost"})
			a, _ := r.s.Alert(id)
			return a
		}
		for n := uint32(1); n < fsm.MaxDoubts; n++ {
			if a := doubt(n); a.State != fsm.AlertPending || a.Error != "lost" {
				t.Fatalf("after doubt %d: %+v", n, a)
			}
			r.must(fsm.Claim{Alert: id, Term: 1, Attempt: n + 1})
		}
		if a := doubt(fsm.MaxDoubts); a.State != fsm.AlertHeld || !a.InDoubt || !strings.HasPrefix(a.Error, "held after 3 attempts") || !strings.HasSuffix(a.Error, "lost") {
			t.Fatalf("%+v", a)
		}
		again := New()
		if err := again.Restore(bytes.NewReader(imageOf(t, r.s))); err != nil || string(imageOf(t, again)) != string(imageOf(t, r.s)) {
			t.Errorf("the image of a held row does not come back: %v", err)
		}
		r.must(fsm.RetryAlert{Alert: id})
		r.must(fsm.Claim{Alert: id, Term: 1, Attempt: fsm.MaxDoubts + 1})
		if a := doubt(fsm.MaxDoubts + 1); a.State != fsm.AlertPending || !a.InDoubt {
			t.Errorf("in doubt again after a retry by hand: %+v", a)
		}
	})
	t.Run("an entry of another term changes nothing", func(t *testing.T) {
		r, id := claimed(t)
		before := imageOf(t, r.s)
		b := logentry.Batch{Term: 1, Wall: 5, Delta: 1000, Items: []logentry.Item{{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, fsm.Fence{Alert: id, Term: 1, Attempt: 1})}}}
		res, err := r.s.Apply(logentry.Append(nil, &b), 2)
		if err != nil || res[0].Code != fsm.CodeStaleTerm {
			t.Fatalf("result %+v, %v", res, err)
		}
		if string(before) != string(imageOf(t, r.s)) {
			t.Error("the state changed")
		}
	})
}

func TestStormsBecomeDigests(t *testing.T) {
	t.Run("a burst of single mails, then one digest at the end of the window", func(t *testing.T) {
		r := newRig(t)
		r.failing(20)
		w := r.work()
		if len(w.Ready) != 5 || len(w.Digests) != 0 {
			t.Fatalf("%d ready, %d digests", len(w.Ready), len(w.Digests))
		}
		late := r.anyPending(w.Ready)
		for _, id := range w.Ready {
			r.send(id)
		}
		wantCode(t, r.do(fsm.Claim{Alert: late, Term: 1, Attempt: 1}), fsm.CodeGrouped)
		w = r.work()
		if len(w.Ready) != 0 || len(w.Digests) != 0 || w.Next != r.s.Serving()+10_000 {
			t.Fatalf("after the burst: %+v at %d", w, r.s.Serving())
		}
		r.run(10 * time.Second)
		w = r.work()
		if len(w.Digests) != 1 || len(w.Digests[0].Members) != 15 || len(w.Ready) != 0 {
			t.Fatalf("at the end of the window: %+v", w)
		}
		r.must(w.Digests[0])
		wantCode(t, r.do(w.Digests[0]), fsm.CodeExists)
		if a, _ := r.s.Alert(late); r.ping(int(a.Heartbeat[7])) != fsm.CodeOK { // its recovery waits for the digest
			t.Fatal("ping refused")
		}
		if got := r.oneReady(); got != w.Digests[0].ID {
			t.Fatal("the digest is not the one row to send")
		}
		r.send(w.Digests[0].ID)
		a, _ := r.s.Alert(late)
		d, _ := r.s.Alert(w.Digests[0].ID)
		if a.State != fsm.AlertSent || a.MessageID != d.MessageID || a.Digest != d.ID {
			t.Errorf("member %+v of digest %+v", a, d)
		}
		rec, _ := r.s.Alert(r.oneReady())
		if rec.Kind != fsm.AlertRecovered || rec.Answers != d.MessageID {
			t.Errorf("the recovery %+v does not answer the digest", rec)
		}
		if q := r.s.Totals().Queue; q != 1 {
			t.Errorf("queue %d", q)
		}
	})
	t.Run("a retry uses no second place in the burst", func(t *testing.T) {
		r := newRig(t)
		r.must(fsm.SetSettings{Settings: fsm.Settings{History: 1, Burst: 1, GroupWait: 10_000}})
		r.failing(2)
		first := r.oneReady()
		n := r.attempt(first)
		r.must(fsm.Settle{Alert: first, Term: 1, Attempt: n, Outcome: fsm.OutcomeRetry, Error: "451 later"})
		if r.oneReady() != first {
			t.Error("another row took its place")
		}
		r.send(first)
	})
	t.Run("a window of zero turns digests off", func(t *testing.T) {
		r := newRig(t)
		r.must(fsm.SetSettings{Settings: fsm.Settings{History: 1, Burst: 1, GroupWait: 0}})
		r.failing(20)
		if w := r.work(); len(w.Ready) != 20 || len(w.Digests) != 0 {
			t.Errorf("%d ready, %d digests", len(w.Ready), len(w.Digests))
		}
	})
	t.Run("one row left over goes out as a single mail", func(t *testing.T) {
		r := newRig(t)
		r.failing(6)
		for _, id := range r.work().Ready {
			r.send(id)
		}
		r.run(10 * time.Second)
		r.send(r.oneReady())
	})
	t.Run("what fails long after a full window is not held back", func(t *testing.T) {
		r := newRig(t)
		r.failing(5)
		for _, id := range r.work().Ready {
			r.send(id)
		}
		r.run(time.Hour)
		r.create(6, testSpec(60, 0, 1))
		r.create(7, testSpec(60, 0, 1))
		r.run(time.Minute + time.Millisecond)
		if w := r.work(); len(w.Ready) != 2 {
			t.Errorf("work %+v", w)
		}
	})
	t.Run("unheard notices that come to light one by one wait for each other", func(t *testing.T) {
		r := newRig(t)
		const jobs = 100
		for i := 1; i <= jobs; i++ {
			r.create(i, testSpec(3600, 60, 1))
			r.run(4 * time.Second)
		}
		r.run(3590*time.Second - jobs*4*time.Second)
		r.gap(45 * time.Minute)
		var sizes []int
		for range 500 { // the first is due 70 s from here, the last 6 min 40 s after it
			if w := r.work(); len(w.Digests) > 0 {
				sizes = append(sizes, len(w.Digests[0].Members))
				r.must(w.Digests[0])
			}
			r.run(time.Second)
		}
		if len(sizes) != 2 || sizes[0]+sizes[1] != jobs || sizes[0] < 70 {
			t.Errorf("digests of %v jobs, want one after 5 min and one when no more come", sizes)
		}
	})
	t.Run("unheard notices go out as one digest", func(t *testing.T) {
		r := newRig(t)
		for i := 1; i <= 3; i++ {
			r.create(i, testSpec(600, 60, 1))
		}
		r.run(590 * time.Second)
		r.gap(5 * time.Minute)
		r.run(71 * time.Second)
		w := r.work()
		if len(w.Ready) != 0 || len(w.Digests) != 0 || w.Next == 0 {
			t.Fatalf("at once: %+v", w)
		}
		r.run(10 * time.Second)
		w = r.work()
		if len(w.Digests) != 1 || len(w.Digests[0].Members) != 3 {
			t.Fatalf("later: %+v", w)
		}
		r.must(w.Digests[0])
		r.send(r.oneReady())
	})
}

// anyPending returns a pending row that is not among those given.
func (r *rig) anyPending(not []fsm.AlertID) fsm.AlertID {
	r.t.Helper()
	list, _ := r.s.Alerts(fsm.AlertFilter{State: fsm.AlertPending})
	for _, a := range list {
		if !slices.Contains(not, a.ID) {
			return a.ID
		}
	}
	r.t.Fatal("no other pending row")
	return fsm.AlertID{}
}

func TestDeletingKeepsTheRecovery(t *testing.T) {
	r := newRig(t)
	r.failing(1)
	r.send(r.oneReady())
	r.ping(1)
	r.must(fsm.Delete{ID: testID(1)})
	wantAlerts(t, r, 1, "down sent", "recovered pending")
	r.send(r.oneReady())
	if got := r.ping(1); got != fsm.CodeNotFound {
		t.Errorf("ping of a deleted heartbeat: code %d", got)
	}
}

func TestSettledRowsAreBounded(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(1, 0, 1))
	for range 3 * fsm.MaxSettledPer {
		r.run(12 * time.Second) // a miss, and a new window
		for w := r.work(); len(w.Ready) > 0; w = r.work() {
			r.send(w.Ready[0])
		}
		r.ping(1)
	}
	if n := len(r.alerts(1)); n > fsm.MaxSettledPer+2 {
		t.Errorf("%d rows kept of one heartbeat", n)
	}
}

func TestRepeats(t *testing.T) {
	origin := logentry.Origin{Node: fsm.NodeID{1}, Boot: 3, Floor: 10}
	apply := func(t *testing.T, s *Store, o logentry.Origin, seq uint64, c fsm.Command) fsm.Code {
		t.Helper()
		b := logentry.Batch{Term: 1, Wall: epoch.UnixMilli(), Origins: []logentry.Origin{o}, Items: []logentry.Item{{Seq: seq, Cmd: fsm.AppendCommand(nil, c)}}}
		res, err := s.Apply(logentry.Append(nil, &b), 1)
		if err != nil {
			t.Fatal(err)
		}
		return res[0].Code
	}
	setup := func(t *testing.T) *rig {
		r := newRig(t)
		r.create(1, testSpec(60, 0, 1))
		if c := apply(t, r.s, origin, 12, fsm.Ping{Ordinal: 1}); c != fsm.CodeOK {
			t.Fatalf("code %d", c)
		}
		return r
	}
	ping := fsm.Ping{Ordinal: 1}
	older, newer, higher := origin, origin, origin
	older.Boot, newer.Boot, higher.Floor = 2, 4, 13
	for _, c := range []struct {
		name  string
		o     logentry.Origin
		seq   uint64
		code  fsm.Code
		pings uint64
	}{
		{"a repeat gets the first answer", origin, 12, fsm.CodeOK, 1},
		{"an earlier one that came late is taken", origin, 11, fsm.CodeOK, 2},
		{"one below the floor is refused", origin, 9, fsm.CodeStale, 1},
		{"one below a floor that rose is refused", higher, 12, fsm.CodeStale, 1},
		{"one of an older start is refused", older, 20, fsm.CodeStale, 1},
		{"a newer start begins anew", newer, 12, fsm.CodeOK, 2},
		{"one absurdly far ahead is refused", origin, 1 << 40, fsm.CodeStale, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := setup(t)
			if got := apply(t, r.s, c.o, c.seq, ping); got != c.code {
				t.Errorf("code %d, want %d", got, c.code)
			}
			if h := r.heartbeat(1); h.Pings != c.pings {
				t.Errorf("%d pings, want %d", h.Pings, c.pings)
			}
		})
	}
	t.Run("a removed node stays out", func(t *testing.T) {
		r := setup(t)
		r.must(fsm.RemoveNode{ID: origin.Node})
		if got := apply(t, r.s, newer, 1, ping); got != fsm.CodeStale {
			t.Errorf("code %d", got)
		}
		if !r.s.WasRemoved(origin.Node) {
			t.Error("it may come back")
		}
	})
}
