package proposals

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func addCommand(t *testing.T, tab *Table, cmd string) (uint64, *proposal) {
	t.Helper()
	p := &proposal{cmd: []byte(cmd), done: make(chan Result, 1)}
	seq, refused := tab.add(p)
	if refused != fsm.CodeNone {
		t.Fatalf("add: %v", refused.Err())
	}
	return seq, p
}

func takeSeqs(tab *Table, w *Consumer) (seqs []uint64, floor uint64) {
	var h Chunk
	floor = tab.Take(w, &h, 100, 1<<20)
	for _, it := range h.Items {
		seqs = append(seqs, it.Seq)
	}
	return seqs, floor
}

func takeItems(tab *Table, w *Consumer, n, size int) []Item {
	var h Chunk
	tab.Take(w, &h, n, size)
	return h.Items
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
	tab, w := NewTable(0), NewConsumer()
	tab.SetConsumer(w)
	for range 4 {
		addCommand(t, tab, "x")
	}
	floor := func() uint64 { _, f := takeSeqs(tab, w); return f }
	if got := floor(); got != 1 {
		t.Fatalf("floor %d, want 1", got)
	}
	tab.Resolve(nil, 9, []ItemResult{{Seq: 2, Code: fsm.CodeOK}, {Seq: 3, Code: fsm.CodeOK}})
	if got := floor(); got != 1 {
		t.Errorf("floor %d after newer answers, want 1", got)
	}
	tab.Resolve(nil, 9, []ItemResult{{Seq: 1, Code: fsm.CodeOK}})
	if got := floor(); got != 4 {
		t.Errorf("floor %d, want 4", got)
	}
	tab.Resolve(nil, 9, []ItemResult{{Seq: 4, Code: fsm.CodeOK}})
	if got := floor(); got != 5 {
		t.Errorf("floor %d when nothing is awaited, want the next number 5", got)
	}
	if seq, _ := addCommand(t, tab, "y"); seq != 5 {
		t.Errorf("next sequence number %d, want 5", seq)
	}
}

func TestPendingGoesToTheNewConsumerUnderItsOldNumbers(t *testing.T) {
	tab, first, second := NewTable(0), NewConsumer(), NewConsumer()
	tab.SetConsumer(first)
	for range 3 {
		addCommand(t, tab, "x")
	}
	seqs, _ := takeSeqs(tab, first)
	wantSeqs(t, seqs, 1, 2, 3)
	tab.Resolve(nil, 1, []ItemResult{{Seq: 2, Code: fsm.CodeOK}})
	addCommand(t, tab, "y")
	tab.SetConsumer(second)
	seqs, _ = takeSeqs(tab, first)
	wantSeqs(t, seqs)
	seqs, _ = takeSeqs(tab, second)
	wantSeqs(t, seqs, 1, 3, 4)
	seqs, _ = takeSeqs(tab, second)
	wantSeqs(t, seqs)
}

func TestPendingIsQueuedAgainWhenTheAnswerLeavesItUndone(t *testing.T) {
	for _, code := range []fsm.Code{fsm.CodeNotLeader, fsm.CodeStaleTerm, fsm.CodeUnknownOutcome} {
		tab, w := NewTable(0), NewConsumer()
		tab.SetConsumer(w)
		addCommand(t, tab, "x")
		takeSeqs(tab, w)
		if !tab.Resolve(nil, 0, []ItemResult{{Seq: 1, Code: code}}) {
			t.Errorf("code %d: not told to look for another way", code)
		}
		seqs, _ := takeSeqs(tab, w)
		wantSeqs(t, seqs, 1)
	}
}

func TestPendingTakesNoMoreThanFits(t *testing.T) {
	tab, w := NewTable(0), NewConsumer()
	tab.SetConsumer(w)
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
	if items = takeItems(tab, w, 100, 25); len(items) != 1 || items[0].Seq != 5 {
		t.Errorf("the rest is %v, want number 5", items)
	}
}

func TestPendingGivesACommandThatIsLargerThanTheRoom(t *testing.T) {
	tab, w := NewTable(0), NewConsumer()
	tab.SetConsumer(w)
	addCommand(t, tab, "much larger")
	addCommand(t, tab, "next")
	if items := takeItems(tab, w, 100, 3); len(items) != 1 {
		t.Errorf("took %d items, want the first", len(items))
	}
}

func TestPendingRefusesWhatItCannotHold(t *testing.T) {
	tab := NewTable(0)
	for range MaxHeld {
		addCommand(t, tab, "")
	}
	out := tab.Await(t.Context(), []byte("x"))
	if out.Code != fsm.CodeOverloaded {
		t.Errorf("code %d beyond the limit, want overloaded", out.Code)
	}
}

func TestPendingBoundsHowFarItRunsAheadOfTheOldest(t *testing.T) {
	tab, w := NewTable(0), NewConsumer()
	tab.SetConsumer(w)
	addCommand(t, tab, "stuck")
	for range maxWindow - 1 {
		seq, _ := addCommand(t, tab, "x")
		tab.Resolve(nil, 1, []ItemResult{{Seq: seq, Code: fsm.CodeOK}})
	}
	if _, code := tab.add(&proposal{done: make(chan Result, 1)}); code != fsm.CodeOverloaded {
		t.Errorf("code %d, want overloaded", code)
	}
}

// What an ended wait is told depends on whether a copy of the command may still
// take effect.
func TestPendingTellsWhatItKnowsWhenTheWaitEnds(t *testing.T) {
	tests := []struct {
		name string
		do   func(tab *Table, w *Consumer)
		want fsm.Code
	}{
		{"never sent", func(*Table, *Consumer) {}, fsm.CodeNoLeader},
		{"sent", func(tab *Table, w *Consumer) { takeItems(tab, w, 9, 99) }, fsm.CodeUnknownOutcome},
		{"sent and refused", func(tab *Table, w *Consumer) {
			takeItems(tab, w, 9, 99)
			tab.Resolve(nil, 0, []ItemResult{{Seq: 1, Code: fsm.CodeNotLeader}})
		}, fsm.CodeNoLeader},
		{"sent twice and refused once", func(tab *Table, w *Consumer) {
			takeItems(tab, w, 9, 99)
			tab.Resolve(nil, 0, []ItemResult{{Seq: 1, Code: fsm.CodeUnknownOutcome}})
			takeItems(tab, w, 9, 99)
			tab.Resolve(nil, 0, []ItemResult{{Seq: 1, Code: fsm.CodeNotLeader}})
		}, fsm.CodeUnknownOutcome},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tab, w := NewTable(0), NewConsumer()
			tab.SetConsumer(w)
			ctx, cancel := context.WithCancel(t.Context())
			got := make(chan Result, 1)
			go func() { got <- tab.Await(ctx, []byte("x")) }()
			waitHeld(t, tab, 1)
			tt.do(tab, w)
			cancel()
			if out := <-got; out.Code != tt.want {
				t.Errorf("code %d, want %d", out.Code, tt.want)
			}
			waitHeld(t, tab, 0)
		})
	}
}

func waitHeld(t *testing.T, tab *Table, want int) {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("%d commands held", want), func() bool {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		return tab.held == want
	})
}

func TestPendingExpiresByDeadline(t *testing.T) {
	tab := NewTable(0)
	now := time.Now()
	outs := make(chan Result, 2)
	for _, d := range []time.Duration{time.Second, 3 * time.Second} {
		go func() { outs <- tab.Await(deadlineOnly{context.Background(), now.Add(d)}, []byte("x")) }()
	}
	waitHeld(t, tab, 2)
	tab.Expire(now.Add(500 * time.Millisecond))
	if len(outs) != 0 {
		t.Fatal("a command expired before its deadline")
	}
	tab.Expire(now.Add(time.Second))
	if out := <-outs; out.Code != fsm.CodeNoLeader {
		t.Errorf("code %d, want no leader", out.Code)
	}
	tab.Expire(now.Add(2 * time.Second))
	tab.Expire(now.Add(3 * time.Second))
	if out := <-outs; out.Code != fsm.CodeNoLeader {
		t.Errorf("code %d, want no leader", out.Code)
	}
}

func TestPendingClosesOnceAllIsAnswered(t *testing.T) {
	tab := NewTable(0)
	addCommand(t, tab, "x")
	tab.Close()
	if _, code := tab.add(&proposal{}); code != fsm.CodeShutdown {
		t.Errorf("code %d while closing, want shutdown", code)
	}
	select {
	case <-tab.idle:
		t.Fatal("idle with a command pending")
	default:
	}
	tab.Resolve(nil, 1, []ItemResult{{Seq: 1, Code: fsm.CodeOK}})
	<-tab.idle
	tab.Close()
	tab.Abort()
}

func TestPendingAbortAnswersEverybody(t *testing.T) {
	tab, w := NewTable(0), NewConsumer()
	tab.SetConsumer(w)
	_, sent := addCommand(t, tab, "x")
	takeItems(tab, w, 1, 100)
	_, unsent := addCommand(t, tab, "y")
	tab.Abort()
	if out := <-sent.done; out.Code != fsm.CodeUnknownOutcome {
		t.Errorf("sent: code %d, want unknown outcome", out.Code)
	}
	if out := <-unsent.done; out.Code != fsm.CodeShutdown {
		t.Errorf("unsent: code %d, want shutdown", out.Code)
	}
	<-tab.idle
}

func BenchmarkPropose(b *testing.B) {
	tab, w := NewTable(0), NewConsumer()
	tab.SetConsumer(w)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		var h Chunk
		var answers []ItemResult
		for {
			select {
			case <-w.Wakeup:
			case <-stop:
				return
			}
			for {
				h.Reset()
				tab.Take(w, &h, 4096, 256<<10)
				if len(h.Items) == 0 {
					break
				}
				answers = answers[:0]
				for _, it := range h.Items {
					answers = append(answers, ItemResult{Seq: it.Seq, Code: fsm.CodeOK})
				}
				tab.Resolve(nil, 1, answers)
			}
		}
	}()
	ctx := deadlineOnly{context.Background(), time.Now().Add(time.Hour)}
	b.ReportAllocs()
	b.SetParallelism(256)
	b.RunParallel(func(pb *testing.PB) {
		cmd := make([]byte, 40)
		for pb.Next() {
			tab.Await(ctx, cmd)
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
			tab, w := NewTable(0), NewConsumer()
			p := &proposal{cmd: fsm.AppendCommand(nil, start), received: c.came, done: make(chan Result, 1)}
			if _, refused := tab.add(p); refused != fsm.CodeNone {
				t.Fatal(refused.Err())
			}
			tab.SetConsumer(w)
			cmd, err := fsm.DecodeCommand(takeItems(tab, w, 1, 1<<20)[0].Cmd)
			got, ok := cmd.(fsm.Signal)
			if err != nil || !ok || got.Held < c.least || got.Held > c.least+60_000 || c.least == 0 && got.Held != 0 {
				t.Errorf("%+v, %v; held for at least %d ms", got, err, c.least)
			}
		})
	}
}

func TestTableCallsOnNextAdd(t *testing.T) {
	tab, called := NewTable(0), 0
	rest := func() bool { return tab.OnNextAdd(func() { called++ }) }
	if !rest() {
		t.Fatal("nothing waits, but nobody may rest")
	}
	seq, _ := addCommand(t, tab, "x")
	addCommand(t, tab, "x")
	if called != 1 {
		t.Errorf("called %d times for two commands, want once", called)
	}
	tab.Resolve(nil, 1, []ItemResult{{Seq: seq, Code: fsm.CodeOK}})
	if rest() {
		t.Error("somebody may rest while a command waits")
	}
}

func TestPendingTellsOnceOfAPingThatNobodyWaitsFor(t *testing.T) {
	late := time.Now().Add(time.Hour)
	settled := func(tab *Table, code fsm.Code) {
		tab.Resolve(nil, 7, []ItemResult{{Seq: 1, Code: code}})
		tab.Resolve(nil, 8, []ItemResult{{Seq: 1, Code: code}}) // of another consumer
	}
	for name, c := range map[string]struct {
		end  func(*Table)
		want fsm.Code
	}{
		"recorded":    {func(tab *Table) { settled(tab, fsm.CodeOK) }, fsm.CodeOK},
		"refused":     {func(tab *Table) { settled(tab, fsm.CodeNotFound) }, fsm.CodeNotFound},
		"never taken": {func(tab *Table) { tab.Expire(late.Add(1)) }, fsm.CodeNoLeader},
		"given up": {func(tab *Table) {
			w := NewConsumer()
			tab.SetConsumer(w)
			takeSeqs(tab, w)
			tab.Expire(late.Add(1))
		}, fsm.CodeUnknownOutcome},
		"stopped": {func(tab *Table) { tab.Abort() }, fsm.CodeShutdown},
	} {
		tab := NewTable(0)
		var got []fsm.Code
		then := func(code fsm.Code) {
			tab.mu.Lock() // it is free: whoever is told may ask for more
			defer tab.mu.Unlock()
			got = append(got, code)
		}
		if refused := tab.SubmitPing(late, fsm.Ping{Ordinal: 3}, then); refused != fsm.CodeNone {
			t.Fatalf("%s: %v", name, refused.Err())
		}
		c.end(tab)
		tab.Abort()
		if !slices.Equal(got, []fsm.Code{c.want}) {
			t.Errorf("%s: told %v, want once %v", name, got, c.want)
		}
	}
}

func TestPendingTellsOfNoPingThatItRefuses(t *testing.T) {
	tab := NewTable(0)
	tab.Close()
	refused := tab.SubmitPing(time.Time{}, fsm.Ping{Ordinal: 3}, func(fsm.Code) { t.Error("told") })
	if refused != fsm.CodeShutdown {
		t.Errorf("refused with %v", refused)
	}
}

func TestPendingTellsOfManyAtOnce(t *testing.T) {
	tab := NewTable(0)
	const n = 5*finishPerGoroutine + 3
	var mu sync.Mutex
	told, answers := map[int]int{}, make([]ItemResult, n)
	for i := range n {
		code := fsm.CodeOK
		if i%2 == 1 {
			code = fsm.CodePaused
		}
		answers[i] = ItemResult{Seq: uint64(i + 1), Code: code}
		tab.SubmitPing(time.Time{}, fsm.Ping{Ordinal: 3}, func(got fsm.Code) {
			mu.Lock()
			defer mu.Unlock()
			if told[i]++; got != code {
				t.Errorf("number %d is told %v, want %v", i, got, code)
			}
		})
	}
	tab.Resolve(nil, 9, answers)
	for i := range n {
		if told[i] != 1 {
			t.Errorf("number %d is told %d times", i, told[i])
		}
	}
}
