package commit

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/cluster/proposals/proposalstest"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// fakeLog is a Raft that commits when it is told to.
type fakeLog struct {
	mu      sync.Mutex
	entries []*fakeEntry
	fresh   chan struct{}
}

type fakeEntry struct {
	batch *logentry.Batch
	index uint64
	done  chan struct{}
	err   error
	res   any
}

func (e *fakeEntry) Error() error  { <-e.done; return e.err }
func (e *fakeEntry) Index() uint64 { return e.index }
func (e *fakeEntry) Response() any { return e.res }

func (l *fakeLog) Apply(cmd []byte, _ time.Duration) raft.ApplyFuture {
	b, err := logentry.Decode(cmd)
	if err != nil {
		panic(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &fakeEntry{batch: b, index: uint64(len(l.entries) + 1), done: make(chan struct{})}
	l.entries = append(l.entries, e)
	l.fresh <- struct{}{}
	return e
}

// next waits for the next proposal.
func (l *fakeLog) next(t *testing.T) *fakeEntry {
	t.Helper()
	select {
	case <-l.fresh:
	case <-time.After(testkit.Patience):
		t.Fatal("nothing was proposed")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries[len(l.entries)-1]
}

// quiet checks that nothing is proposed.
func (l *fakeLog) quiet(t *testing.T) {
	t.Helper()
	select {
	case <-l.fresh:
		t.Fatal("something was proposed")
	case <-time.After(30 * time.Millisecond):
	}
}

// Commit applies the entry in term with the same code for every item.
func (e *fakeEntry) commit(term uint64, code fsm.Code) {
	res := &BatchResult{Term: term}
	for range e.batch.Items {
		res.Results = append(res.Results, fsm.Result{Code: code})
	}
	e.res = res
	close(e.done)
}

func (e *fakeEntry) fail(err error) {
	e.err = err
	close(e.done)
}

// newTestBatcher returns a running batcher that leads in term 5.
func newTestBatcher(t *testing.T) (*Batcher, *fakeLog, *proposals.Table) {
	return newLimitedBatcher(t, 0)
}

// newLimitedBatcher is newTestBatcher at whose node only so many commands may wait.
func newLimitedBatcher(t *testing.T, limit int) (*Batcher, *fakeLog, *proposals.Table) {
	log := &fakeLog{fresh: make(chan struct{}, 100)}
	tab := proposals.NewTable(limit)
	b := NewBatcher(Options{Own: tab, Origin: logentry.Origin{Node: fsm.NodeID{1}, Boot: 1}})
	tab.SetConsumer(&b.Consumer)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { b.Run(ctx, log) })
	t.Cleanup(func() {
		cancel()
		b.Abandon()
		running.Wait()
		tab.Abort()
	})
	b.Lead()
	b.Open(5)
	return b, log, tab
}

func pendingCommand(t *testing.T, tab *proposals.Table) *proposalstest.Waiting {
	return proposalstest.Propose(t, tab, string(fsm.AppendPing(nil, fsm.Ping{Ordinal: 1})))
}

func TestBatcherFillsTheNextBatchWhileTwoCommit(t *testing.T) {
	_, log, tab := newTestBatcher(t)
	var waiting []*proposalstest.Waiting
	waiting = append(waiting, pendingCommand(t, tab))
	first := log.next(t)
	waiting = append(waiting, pendingCommand(t, tab))
	second := log.next(t)
	for range 10 {
		waiting = append(waiting, pendingCommand(t, tab))
	}
	log.quiet(t)
	first.commit(5, fsm.CodeOK)
	third := log.next(t)
	if n := len(third.batch.Items); n != 10 {
		t.Errorf("%d commands in the batch that filled meanwhile, want 10", n)
	}
	second.commit(5, fsm.CodeOK)
	third.commit(5, fsm.CodePaused)
	for i, p := range waiting {
		want := fsm.CodeOK
		if i >= 2 {
			want = fsm.CodePaused
		}
		if out := <-p.Done; out.Code != want {
			t.Errorf("command %d: code %d, want %d", i, out.Code, want)
		}
	}
}

func TestBatcherSaysWhoProposedAndWhatIsAwaited(t *testing.T) {
	_, log, tab := newTestBatcher(t)
	a := pendingCommand(t, tab)
	e := log.next(t)
	b := pendingCommand(t, tab)
	second := log.next(t)
	e.commit(5, fsm.CodeOK)
	<-a.Done
	second.commit(5, fsm.CodeOK)
	<-b.Done
	pendingCommand(t, tab)
	third := log.next(t)
	want := logentry.Origin{Node: fsm.NodeID{1}, Boot: 1, Floor: 3}
	if got := third.batch.Origins[0]; got != want || third.batch.Items[0].Seq != 3 || third.batch.Term != 5 {
		t.Errorf("batch of term %d from %+v with item %d, want %+v", third.batch.Term, got, third.batch.Items[0].Seq, want)
	}
	third.commit(5, fsm.CodeOK)
}

func TestBatcherKeepsWhatRaftDidNotTake(t *testing.T) {
	tests := []struct {
		name    string
		end     func(*fakeEntry)
		givenUp fsm.Code // of a command that nobody takes again
	}{
		{"not the leader", func(e *fakeEntry) { e.fail(raft.ErrNotLeader) }, fsm.CodeNoLeader},
		{"handing over", func(e *fakeEntry) { e.fail(raft.ErrLeadershipTransferInProgress) }, fsm.CodeNoLeader},
		{"leadership lost", func(e *fakeEntry) { e.fail(raft.ErrLeadershipLost) }, fsm.CodeUnknownOutcome},
		{"committed in another term", func(e *fakeEntry) { e.commit(6, fsm.CodeStaleTerm) }, fsm.CodeNoLeader},
		{"not applied", func(e *fakeEntry) { close(e.done) }, fsm.CodeUnknownOutcome},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, log, tab := newTestBatcher(t)
			p := pendingCommand(t, tab)
			tt.end(log.next(t))
			again := log.next(t)
			if again.batch.Items[0].Seq != 1 {
				t.Errorf("proposed again as %d, want the same number 1", again.batch.Items[0].Seq)
			}
			again.commit(5, fsm.CodeOK)
			if out := <-p.Done; out.Code != fsm.CodeOK {
				t.Errorf("code %d", out.Code)
			}

			given := pendingCommand(t, tab)
			refused := log.next(t)
			b.Follow()
			tt.end(refused)
			testkit.Eventually(t, "it is not queued again", func() bool { return tab.Queued(&b.Consumer, 1) == 1 })
			given.GiveUp()
			if out := <-given.Done; out.Code != tt.givenUp {
				t.Errorf("given up: code %d, want %d", out.Code, tt.givenUp)
			}
		})
	}
}

func TestBatcherAnswersBarriersWithTheIndexOfALaterBatch(t *testing.T) {
	_, log, tab := newTestBatcher(t)
	pendingCommand(t, tab)
	first := log.next(t)
	barrier := proposalstest.Propose(t, tab, "")
	second := log.next(t)
	if len(second.batch.Items) != 0 {
		t.Errorf("a barrier takes %d places in the log", len(second.batch.Items))
	}
	first.commit(5, fsm.CodeOK)
	second.commit(5, fsm.CodeOK)
	if out := <-barrier.Done; out.Code != fsm.CodeOK || out.Index != second.index {
		t.Errorf("barrier: code %d, index %d, want index %d", out.Code, out.Index, second.index)
	}
}

func TestForwardedAndOwnCommandsFillABatchTogether(t *testing.T) {
	b, log, tab := newTestBatcher(t)
	b.mu.Lock()
	b.policy.inFlight = []int{2} // so three are enough
	b.waitsToFill, b.enough = true, 3
	b.mu.Unlock()
	pendingCommand(t, tab)
	pendingCommand(t, tab)
	log.quiet(t)
	b.Submit(&Forwarded{
		Request: Request{Origin: logentry.Origin{Node: fsm.NodeID{2}, Boot: 1}, Items: []proposals.Item{{Seq: 1, Cmd: fsm.AppendPing(nil, fsm.Ping{Ordinal: 1})}}},
		Reply:   func(*Results) {},
	})
	e := log.next(t)
	if n := len(e.batch.Items); n != 3 {
		t.Errorf("%d commands in the batch, want 3", n)
	}
	e.commit(5, fsm.CodeOK)
}

func TestBatcherPairsResultsWithTheirItems(t *testing.T) {
	b, log, tab := newTestBatcher(t)
	replies := make(chan *Results, 1)
	b.mu.Lock() // so that all join one batch
	b.paused = true
	b.mu.Unlock()
	own := pendingCommand(t, tab)
	ping := fsm.AppendPing(nil, fsm.Ping{Ordinal: 1})
	b.Submit(&Forwarded{
		Request: Request{Origin: logentry.Origin{Node: fsm.NodeID{2}, Boot: 3, Floor: 8}, Items: []proposals.Item{{Seq: 8, Cmd: ping}, {Seq: 9}, {Seq: 10, Cmd: ping}}},
		Reply:   func(r *Results) { replies <- &Results{r.Index, slices.Clone(r.Items)} },
	})
	once := &leaderCommand{ctx: t.Context(), term: 5, cmd: ping, done: make(chan proposals.Result, 1)}
	if !b.admitLeaderCommand(once) {
		t.Fatal("not admitted")
	}
	b.mu.Lock()
	b.paused = false
	b.mu.Unlock()
	b.Wake()
	e := log.next(t)
	res := &BatchResult{Term: 5}
	for i := range e.batch.Items {
		res.Results = append(res.Results, fsm.Result{Code: fsm.CodeOK, Data: []byte{byte(i)}})
	}
	e.res = res
	close(e.done)
	r := <-replies
	if len(r.Items) != 3 || r.Index != e.index || r.Items[0].Data[0] != 0 || r.Items[1].Data != nil || r.Items[2].Data[0] != 1 {
		t.Errorf("the frame's answers %+v", r)
	}
	if out := <-own.Done; out.Data[0] != 2 {
		t.Errorf("own answer %v", out.Data)
	}
	if out := <-once.done; out.Data[0] != 3 {
		t.Errorf("direct answer %v", out.Data)
	}
	if o := e.batch.Items[1].Origin; e.batch.Origins[o].Floor != 8 || e.batch.Items[3].Origin != logentry.NoOrigin {
		t.Errorf("origins %+v, items %+v", e.batch.Origins, e.batch.Items)
	}
}

func TestBatcherRefusesWhatIsQueuedWhenTheTermEnds(t *testing.T) {
	log := &fakeLog{fresh: make(chan struct{}, 100)}
	b := NewBatcher(Options{Own: proposals.NewTable(0)})
	b.log = log
	replies := make(chan *Results, 2)
	frame := func() *Forwarded {
		return &Forwarded{Request: Request{Items: []proposals.Item{{Seq: 1}}}, Reply: func(r *Results) { replies <- r }}
	}
	b.Submit(frame())
	if r := <-replies; r.Items[0].Code != fsm.CodeNotLeader {
		t.Errorf("before it leads: code %d", r.Items[0].Code)
	}
	b.Lead()
	b.Submit(frame())
	if len(replies) != 0 {
		t.Fatal("refused while it waits for the barrier")
	}
	b.Follow()
	if r := <-replies; r.Items[0].Code != fsm.CodeNotLeader {
		t.Errorf("when the leadership ended: code %d", r.Items[0].Code)
	}
}

func TestBatcherTicksCarryServingTime(t *testing.T) {
	b, log, tab := newTestBatcher(t)
	tick := func() chan proposals.Result {
		done := make(chan proposals.Result, 1)
		go func() {
			done <- b.proposeLeaderCommand(context.Background(), &leaderCommand{ctx: context.Background(), done: make(chan proposals.Result, 1)})
		}()
		return done
	}
	if out := <-tick(); out.Code != fsm.CodeNotLeader {
		t.Errorf("before the clock runs: code %d, want not leader", out.Code)
	}
	b.StartClock(5)
	first := tick()
	e := log.next(t)
	if e.batch.Delta == 0 {
		t.Error("a tick's batch carries no serving time")
	}
	second := tick()
	log.quiet(t) // one delta at a time
	p := pendingCommand(t, tab)
	ping := log.next(t)
	if ping.batch.Delta != 0 {
		t.Error("a second delta is in flight")
	}
	e.commit(5, fsm.CodeOK)
	if out := <-first; out.Code != fsm.CodeOK {
		t.Errorf("tick: code %d", out.Code)
	}
	e = log.next(t)
	if e.batch.Delta == 0 {
		t.Error("the second tick's batch carries no serving time")
	}
	ping.commit(5, fsm.CodeOK)
	e.commit(5, fsm.CodeOK)
	<-second
	<-p.Done
}

func TestBatcherNoticesAPauseBetweenItsBatches(t *testing.T) {
	b, log, tab := newTestBatcher(t)
	stalled := lifecycle.NewWakeup()
	b.mu.Lock()
	b.opt.OnStall = stalled.Wake
	late := time.Duration(0)
	b.opt.Now = func() time.Time { return time.Now().Add(late) }
	b.mu.Unlock()
	b.StartClock(5)
	p := pendingCommand(t, tab)
	log.next(t).commit(5, fsm.CodeOK)
	<-p.Done
	if s := b.TakeStall(); !s.isZero() || !b.ClockRuns() {
		t.Fatalf("a stall %v, the clock runs: %v", s, b.ClockRuns())
	}
	b.mu.Lock()
	late = 20 * time.Second
	b.mu.Unlock()
	p = pendingCommand(t, tab)
	log.next(t).commit(5, fsm.CodeOK)
	<-p.Done
	<-stalled
	b.StartClock(5)
	if b.ClockRuns() {
		t.Error("the clock runs before the pause is recorded")
	}
	if s := b.TakeStall(); s.To.Sub(s.From) < 20*time.Second {
		t.Errorf("a pause of %v, want 20 s", s.To.Sub(s.From))
	}
	if b.StartClock(5); !b.ClockRuns() {
		t.Error("the clock does not run again")
	}
}

func TestBatcherPreparesWithTheLeadersOwnCommandsOnly(t *testing.T) {
	b, log, tab := newLimitedBatcher(t, 1)
	b.Follow()
	b.Lead()
	b.Prepare(6)
	p := pendingCommand(t, tab) // and no room for another
	log.quiet(t)
	done := make(chan proposals.Result, 1)
	go func() {
		done <- b.proposeLeaderCommand(context.Background(), &leaderCommand{ctx: context.Background(), term: 6, cmd: fsm.AppendCommand(nil, fsm.RecordGap{From: 1, To: 2}), done: make(chan proposals.Result, 1)})
	}()
	own := log.next(t)
	if n := len(own.batch.Items); n != 1 || own.batch.Items[0].Origin != logentry.NoOrigin {
		t.Fatalf("items %+v, want the leader's own", own.batch.Items)
	}
	own.commit(6, fsm.CodeOK)
	if out := <-done; out.Code != fsm.CodeOK {
		t.Errorf("code %d", out.Code)
	}
	log.quiet(t)
	b.Open(6)
	log.next(t).commit(6, fsm.CodeOK)
	<-p.Done
}

func TestBatcherTellsFollowersOnWhichReadsWait(t *testing.T) {
	b, log, tab := newTestBatcher(t)
	type told struct {
		transport.Commit
		readers []raft.ServerID
	}
	got := make(chan told, 10)
	b.opt.TellReaders = func(c transport.Commit, readers []raft.ServerID) { got <- told{c, readers} }
	first := pendingCommand(t, tab)
	log.next(t).commit(5, fsm.CodeOK)
	<-first.Done
	if len(got) != 0 {
		t.Errorf("a commit that nobody reads was told as %+v", <-got)
	}
	reader, writer := fsm.NodeID{7}, fsm.NodeID{8}
	answered := make(chan struct{}, 2)
	reply := func(*Results) { answered <- struct{}{} }
	b.mu.Lock() // both are to join one batch
	b.forwarded = append(b.forwarded,
		&Forwarded{Request: Request{Origin: logentry.Origin{Node: reader, Boot: 1, Floor: 1}, Items: []proposals.Item{{Seq: 1}}}, Reply: reply},
		&Forwarded{Request: Request{Origin: logentry.Origin{Node: writer, Boot: 1, Floor: 1}, Items: []proposals.Item{{Seq: 1, Cmd: fsm.AppendPing(nil, fsm.Ping{Ordinal: 1})}}}, Reply: reply})
	b.mu.Unlock()
	b.Wake()
	log.next(t).commit(5, fsm.CodeOK)
	if n := <-got; n.Commit != (transport.Commit{Term: 5, Index: 2}) || len(n.readers) != 1 || n.readers[0] != raft.ServerID(reader.String()) {
		t.Errorf("told %+v, want node %v of entry 2", n, reader)
	}
	<-answered
	<-answered
}
