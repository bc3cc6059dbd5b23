package cluster

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func addCommand(t *testing.T, tab *pendingTable, cmd string) (uint64, *pending) {
	t.Helper()
	p := &pending{cmd: []byte(cmd), done: make(chan outcome, 1)}
	seq, refused := tab.add(p)
	if refused != fsm.CodeNone {
		t.Fatalf("add: %v", refused.Err())
	}
	return seq, p
}

func takeSeqs(tab *pendingTable, w *taker) (seqs []uint64, floor uint64) {
	var h haul
	floor = tab.take(w, &h, 100, 1<<20)
	for _, it := range h.items {
		seqs = append(seqs, it.seq)
	}
	return seqs, floor
}

func takeItems(tab *pendingTable, w *taker, n, size int) []item {
	var h haul
	tab.take(w, &h, n, size)
	return h.items
}

func wantSeqs(t *testing.T, got []uint64, want ...uint64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("took %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("took %v, want %v", got, want)
		}
	}
}

func TestPendingFloorIsTheOldestAwaited(t *testing.T) {
	tab, w := newPendingTable(), newTaker()
	tab.setTaker(w)
	for range 4 {
		addCommand(t, tab, "x")
	}
	floor := func() uint64 { _, f := takeSeqs(tab, w); return f }
	if got := floor(); got != 1 {
		t.Fatalf("floor %d, want 1", got)
	}
	tab.settle(nil, 9, []answer{{seq: 2, code: fsm.CodeOK}, {seq: 3, code: fsm.CodeOK}})
	if got := floor(); got != 1 {
		t.Errorf("floor %d after newer answers, want 1", got)
	}
	tab.settle(nil, 9, []answer{{seq: 1, code: fsm.CodeOK}})
	if got := floor(); got != 4 {
		t.Errorf("floor %d, want 4", got)
	}
	tab.settle(nil, 9, []answer{{seq: 4, code: fsm.CodeOK}})
	if got := floor(); got != 5 {
		t.Errorf("floor %d when nothing is awaited, want the next number 5", got)
	}
	if seq, _ := addCommand(t, tab, "y"); seq != 5 {
		t.Errorf("next sequence number %d, want 5", seq)
	}
}

func TestPendingGoesToTheNewTakerUnderItsOldNumbers(t *testing.T) {
	tab, first, second := newPendingTable(), newTaker(), newTaker()
	tab.setTaker(first)
	for range 3 {
		addCommand(t, tab, "x")
	}
	seqs, _ := takeSeqs(tab, first)
	wantSeqs(t, seqs, 1, 2, 3)
	tab.settle(nil, 1, []answer{{seq: 2, code: fsm.CodeOK}})
	addCommand(t, tab, "y")
	tab.setTaker(second)
	seqs, _ = takeSeqs(tab, first)
	wantSeqs(t, seqs)
	seqs, _ = takeSeqs(tab, second)
	wantSeqs(t, seqs, 1, 3, 4)
	seqs, _ = takeSeqs(tab, second)
	wantSeqs(t, seqs)
}

func TestPendingIsQueuedAgainWhenTheAnswerLeavesItUndone(t *testing.T) {
	for _, code := range []fsm.Code{fsm.CodeNotLeader, fsm.CodeStaleTerm, fsm.CodeUnknownOutcome} {
		tab, w := newPendingTable(), newTaker()
		tab.setTaker(w)
		addCommand(t, tab, "x")
		takeSeqs(tab, w)
		if !tab.settle(nil, 0, []answer{{seq: 1, code: code}}) {
			t.Errorf("code %d: not told to look for another way", code)
		}
		seqs, _ := takeSeqs(tab, w)
		wantSeqs(t, seqs, 1)
	}
}

func TestPendingTakesNoMoreThanFits(t *testing.T) {
	tab, w := newPendingTable(), newTaker()
	tab.setTaker(w)
	for range 5 {
		addCommand(t, tab, "0123456789")
	}
	items := takeItems(tab, w, 2, 1000)
	if len(items) != 2 {
		t.Errorf("took %d items, want 2", len(items))
	}
	if items = takeItems(tab, w, 100, 25); len(items) != 2 {
		t.Errorf("took %d items in 25 bytes, want 2", len(items))
	}
	if items = takeItems(tab, w, 100, 25); len(items) != 1 || items[0].seq != 5 {
		t.Errorf("the rest is %v, want number 5", items)
	}
}

func TestPendingGivesACommandThatIsLargerThanTheRoom(t *testing.T) {
	tab, w := newPendingTable(), newTaker()
	tab.setTaker(w)
	addCommand(t, tab, "much larger")
	addCommand(t, tab, "next")
	if items := takeItems(tab, w, 100, 3); len(items) != 1 {
		t.Errorf("took %d items, want the first", len(items))
	}
}

func TestPendingRefusesWhatItCannotHold(t *testing.T) {
	tab := newPendingTable()
	for range maxHeld {
		addCommand(t, tab, "")
	}
	out := tab.await(t.Context(), []byte("x"))
	if out.code != fsm.CodeOverloaded {
		t.Errorf("code %d beyond the limit, want overloaded", out.code)
	}
}

func TestPendingBoundsHowFarItRunsAheadOfTheOldest(t *testing.T) {
	tab, w := newPendingTable(), newTaker()
	tab.setTaker(w)
	addCommand(t, tab, "stuck")
	for range maxWindow - 1 {
		seq, _ := addCommand(t, tab, "x")
		tab.settle(nil, 1, []answer{{seq: seq, code: fsm.CodeOK}})
	}
	if _, code := tab.add(&pending{done: make(chan outcome, 1)}); code != fsm.CodeOverloaded {
		t.Errorf("code %d, want overloaded", code)
	}
}

// What an ended wait is told depends on whether a copy of the command may still
// take effect.
func TestPendingTellsWhatItKnowsWhenTheWaitEnds(t *testing.T) {
	tests := []struct {
		name string
		do   func(tab *pendingTable, w *taker)
		want fsm.Code
	}{
		{"never sent", func(*pendingTable, *taker) {}, fsm.CodeNoLeader},
		{"sent", func(tab *pendingTable, w *taker) { takeItems(tab, w, 9, 99) }, fsm.CodeUnknownOutcome},
		{"sent and refused", func(tab *pendingTable, w *taker) {
			takeItems(tab, w, 9, 99)
			tab.settle(nil, 0, []answer{{seq: 1, code: fsm.CodeNotLeader}})
		}, fsm.CodeNoLeader},
		{"sent twice and refused once", func(tab *pendingTable, w *taker) {
			takeItems(tab, w, 9, 99)
			tab.settle(nil, 0, []answer{{seq: 1, code: fsm.CodeUnknownOutcome}})
			takeItems(tab, w, 9, 99)
			tab.settle(nil, 0, []answer{{seq: 1, code: fsm.CodeNotLeader}})
		}, fsm.CodeUnknownOutcome},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tab, w := newPendingTable(), newTaker()
			tab.setTaker(w)
			ctx, cancel := context.WithCancel(t.Context())
			got := make(chan outcome, 1)
			go func() { got <- tab.await(ctx, []byte("x")) }()
			waitHeld(t, tab, 1)
			tt.do(tab, w)
			cancel()
			if out := <-got; out.code != tt.want {
				t.Errorf("code %d, want %d", out.code, tt.want)
			}
			waitHeld(t, tab, 0)
		})
	}
}

func waitHeld(t *testing.T, tab *pendingTable, want int) {
	t.Helper()
	eventually(t, 5*time.Second, func() bool {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		return tab.held == want
	}, "%d commands held", want)
}

// eventually waits until cond holds.
func eventually(t testing.TB, limit time.Duration, cond func() bool, what string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if !waitFor(ctx, cond) {
		t.Fatalf("not within %v: "+what, append([]any{limit}, args...)...)
	}
}

// deadlineOnly has a deadline and no Done channel: the cheap way to wait.
type deadlineOnly struct {
	context.Context
	at time.Time
}

func (d deadlineOnly) Deadline() (time.Time, bool) { return d.at, true }

func TestPendingExpiresByDeadline(t *testing.T) {
	tab := newPendingTable()
	now := time.Now()
	outs := make(chan outcome, 2)
	for _, d := range []time.Duration{time.Second, 3 * time.Second} {
		go func() { outs <- tab.await(deadlineOnly{context.Background(), now.Add(d)}, []byte("x")) }()
	}
	waitHeld(t, tab, 2)
	tab.expire(now.Add(500 * time.Millisecond))
	if len(outs) != 0 {
		t.Fatal("a command expired before its deadline")
	}
	tab.expire(now.Add(time.Second))
	if out := <-outs; out.code != fsm.CodeNoLeader {
		t.Errorf("code %d, want no leader", out.code)
	}
	tab.expire(now.Add(2 * time.Second))
	tab.expire(now.Add(3 * time.Second))
	if out := <-outs; out.code != fsm.CodeNoLeader {
		t.Errorf("code %d, want no leader", out.code)
	}
}

func TestPendingClosesOnceAllIsAnswered(t *testing.T) {
	tab := newPendingTable()
	addCommand(t, tab, "x")
	tab.close()
	if _, code := tab.add(&pending{}); code != fsm.CodeShutdown {
		t.Errorf("code %d while closing, want shutdown", code)
	}
	select {
	case <-tab.idle:
		t.Fatal("idle with a command pending")
	default:
	}
	tab.settle(nil, 1, []answer{{seq: 1, code: fsm.CodeOK}})
	<-tab.idle
	tab.close()
	tab.abort()
}

func TestPendingAbortAnswersEverybody(t *testing.T) {
	tab, w := newPendingTable(), newTaker()
	tab.setTaker(w)
	_, sent := addCommand(t, tab, "x")
	takeItems(tab, w, 1, 100)
	_, unsent := addCommand(t, tab, "y")
	tab.abort()
	if out := <-sent.done; out.code != fsm.CodeUnknownOutcome {
		t.Errorf("sent: code %d, want unknown outcome", out.code)
	}
	if out := <-unsent.done; out.code != fsm.CodeShutdown {
		t.Errorf("unsent: code %d, want shutdown", out.code)
	}
	<-tab.idle
}

func BenchmarkPropose(b *testing.B) {
	tab, w := newPendingTable(), newTaker()
	tab.setTaker(w)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		var h haul
		var answers []answer
		for {
			select {
			case <-w.wake:
			case <-stop:
				return
			}
			for {
				h.reset()
				tab.take(w, &h, maxBatchItems, maxBatchBytes)
				if len(h.items) == 0 {
					break
				}
				answers = answers[:0]
				for _, it := range h.items {
					answers = append(answers, answer{seq: it.seq, code: fsm.CodeOK})
				}
				tab.settle(nil, 1, answers)
			}
		}
	}()
	ctx := deadlineOnly{context.Background(), time.Now().Add(time.Hour)}
	b.ReportAllocs()
	b.SetParallelism(256)
	b.RunParallel(func(pb *testing.PB) {
		cmd := make([]byte, 40)
		for pb.Next() {
			tab.await(ctx, cmd)
		}
	})
}

func TestPendingTellsHowLongASignalWasHeld(t *testing.T) {
	start := fsm.Signal{Ordinal: 3, Tells: fsm.SignalStart, Exit: -1, HasRun: true}
	for _, c := range []struct {
		name  string
		came  time.Time
		least int64
	}{
		{"it does not matter", time.Time{}, 0},
		{"not for long", time.Now(), 0},
		{"for long", time.Now().Add(-9 * time.Second), 9000},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, w := newPendingTable(), newTaker()
			p := &pending{cmd: fsm.AppendCommand(nil, start), came: c.came, done: make(chan outcome, 1)}
			if _, refused := tab.add(p); refused != fsm.CodeNone {
				t.Fatal(refused.Err())
			}
			tab.setTaker(w)
			cmd, err := fsm.DecodeCommand(takeItems(tab, w, 1, 1<<20)[0].cmd)
			got, ok := cmd.(fsm.Signal)
			if err != nil || !ok || got.Held < c.least || got.Held > c.least+60_000 || c.least == 0 && got.Held != 0 {
				t.Errorf("%+v, %v; held for at least %d ms", got, err, c.least)
			}
		})
	}
}

func TestPendingCallsWhoeverRestsForTheNextCommand(t *testing.T) {
	tab, called := newPendingTable(), 0
	rest := func() bool { return tab.rest(func() { called++ }) }
	if !rest() {
		t.Fatal("nothing waits, but nobody may rest")
	}
	seq, _ := addCommand(t, tab, "x")
	addCommand(t, tab, "x")
	if called != 1 {
		t.Errorf("called %d times for two commands, want once", called)
	}
	tab.settle(nil, 1, []answer{{seq: seq, code: fsm.CodeOK}})
	if rest() {
		t.Error("somebody may rest while a command waits")
	}
}

func TestPendingTellsOnceOfAPingThatNobodyWaitsFor(t *testing.T) {
	late := time.Now().Add(time.Hour)
	settled := func(tab *pendingTable, code fsm.Code) {
		tab.settle(nil, 7, []answer{{seq: 1, code: code}})
		tab.settle(nil, 8, []answer{{seq: 1, code: code}}) // of another taker
	}
	for name, c := range map[string]struct {
		end  func(*pendingTable)
		want fsm.Code
	}{
		"recorded":    {func(tab *pendingTable) { settled(tab, fsm.CodeOK) }, fsm.CodeOK},
		"refused":     {func(tab *pendingTable) { settled(tab, fsm.CodeNotFound) }, fsm.CodeNotFound},
		"never taken": {func(tab *pendingTable) { tab.expire(late.Add(1)) }, fsm.CodeNoLeader},
		"given up": {func(tab *pendingTable) {
			w := newTaker()
			tab.setTaker(w)
			takeSeqs(tab, w)
			tab.expire(late.Add(1))
		}, fsm.CodeUnknownOutcome},
		"stopped": {func(tab *pendingTable) { tab.abort() }, fsm.CodeShutdown},
	} {
		tab := newPendingTable()
		var got []fsm.Code
		then := func(code fsm.Code) {
			tab.mu.Lock() // it is free: whoever is told may ask for more
			defer tab.mu.Unlock()
			got = append(got, code)
		}
		if refused := tab.pingThen(late, fsm.PingOrdinal{Ordinal: 3}, then); refused != fsm.CodeNone {
			t.Fatalf("%s: %v", name, refused.Err())
		}
		c.end(tab)
		tab.abort()
		if !slices.Equal(got, []fsm.Code{c.want}) {
			t.Errorf("%s: told %v, want once %v", name, got, c.want)
		}
	}
}

func TestPendingTellsOfNoPingThatItRefuses(t *testing.T) {
	tab := newPendingTable()
	tab.close()
	refused := tab.pingThen(time.Time{}, fsm.PingOrdinal{Ordinal: 3}, func(fsm.Code) { t.Error("told") })
	if refused != fsm.CodeShutdown {
		t.Errorf("refused with %v", refused)
	}
}

func TestPendingTellsOfManyAtOnce(t *testing.T) {
	tab := newPendingTable()
	const n = 5*atOnce + 3
	var mu sync.Mutex
	told, answers := map[int]int{}, make([]answer, n)
	for i := range n {
		code := fsm.CodeOK
		if i%2 == 1 {
			code = fsm.CodePaused
		}
		answers[i] = answer{seq: uint64(i + 1), code: code}
		tab.pingThen(time.Time{}, fsm.PingOrdinal{Ordinal: 3}, func(got fsm.Code) {
			mu.Lock()
			defer mu.Unlock()
			if told[i]++; got != code {
				t.Errorf("number %d is told %v, want %v", i, got, code)
			}
		})
	}
	tab.settle(nil, 9, answers)
	for i := range n {
		if told[i] != 1 {
			t.Errorf("number %d is told %d times", i, told[i])
		}
	}
}
