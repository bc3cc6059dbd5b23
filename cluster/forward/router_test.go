package forward

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/cluster/proposals/proposalstest"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

// me is the node of the routers.
var me = fsm.NodeID{1}

// routed is a router among leaders that the test invents.
type routed struct {
	*Router
	mu      sync.Mutex
	now     Leader
	servers map[string]func(*commit.Forwarded)
	dialled []string
}

func newRouted(t *testing.T) *routed {
	tab := proposals.NewTable(0)
	r := &routed{servers: map[string]func(*commit.Forwarded){}}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	r.Router = NewRouter(RouterOptions{
		Table: tab, Batcher: commit.NewBatcher(commit.Options{Own: tab}), Origin: logentry.Origin{Node: me},
		Leader: func() Leader { r.mu.Lock(); defer r.mu.Unlock(); return r.now },
		Dial: func(_ context.Context, v Leader) (net.Conn, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.dialled = append(r.dialled, v.ID)
			submit := r.servers[v.ID]
			if submit == nil {
				return nil, errors.New("connection refused")
			}
			here, there := net.Pipe()
			s := &Server{Submit: submit, Removed: func(fsm.NodeID) bool { return false }, Log: slog.New(slog.DiscardHandler)}
			running.Go(func() { s.handle(ctx, there) })
			return here, nil
		},
		Applies: func() bool { return true }, Log: slog.New(slog.DiscardHandler),
	})
	running.Go(func() { r.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait(); tab.Abort() })
	return r
}

func (r *routed) lead(v Leader, submit func(*commit.Forwarded)) {
	r.mu.Lock()
	r.now = v
	if submit != nil {
		r.servers[v.ID] = submit
	}
	r.mu.Unlock()
	r.Wake()
}

func sayOK(f *commit.Forwarded) {
	f.Reply(&commit.Results{Index: 1, Items: commit.SameResult(f.Items, fsm.CodeOK)})
}

func wantCode(t *testing.T, p *proposalstest.Waiting, want fsm.Code) {
	t.Helper()
	select {
	case out := <-p.Done:
		if out.Code != want {
			t.Errorf("code %d, want %d", out.Code, want)
		}
	case <-time.After(testkit.Patience):
		t.Fatal("no answer")
	}
}

func TestRouterHoldsCommandsUntilThereIsALeader(t *testing.T) {
	r := newRouted(t)
	p := proposalstest.Propose(t, r.opt.Table, "x")
	time.Sleep(2 * routeEvery)
	if len(p.Done) != 0 {
		t.Fatal("answered without a leader")
	}
	r.lead(Leader{ID: "a", Term: 1}, sayOK)
	wantCode(t, p, fsm.CodeOK)
	if _, ever := r.SinceLeader(time.Now()); !ever {
		t.Error("no leader was noted")
	}
}

func TestRouterTakesPendingCommandsToTheNextLeader(t *testing.T) {
	tests := []struct {
		name string
		old  func(*commit.Forwarded) // how the first leader behaves
		next Leader
	}{
		{"when the leader changes", func(*commit.Forwarded) {}, Leader{ID: "b", Term: 2}},
		{"when it does not lead", func(f *commit.Forwarded) { f.Refuse(fsm.CodeNotLeader) }, Leader{ID: "b", Term: 1}},
		{"when it leads in a new term", func(*commit.Forwarded) {}, Leader{ID: "a", Term: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { testNextLeader(t, tt.old, tt.next) })
	}
}

func testNextLeader(t *testing.T, old func(*commit.Forwarded), next Leader) {
	r := newRouted(t)
	got := make(chan uint64, 100)
	r.lead(Leader{ID: "a", Term: 1}, func(f *commit.Forwarded) {
		got <- f.Items[0].Seq
		old(f)
	})
	p := proposalstest.Propose(t, r.opt.Table, "x")
	first := <-got
	r.lead(next, func(f *commit.Forwarded) {
		if f.Items[0].Seq != first {
			t.Errorf("sent again as %d, want %d", f.Items[0].Seq, first)
		}
		sayOK(f)
	})
	wantCode(t, p, fsm.CodeOK)
}

func TestRouterPrefersItsOwnBatcher(t *testing.T) {
	r := newRouted(t)
	r.lead(Leader{ID: "a", Term: 1}, sayOK)
	p := proposalstest.Propose(t, r.opt.Table, "x")
	wantCode(t, p, fsm.CodeOK)
	r.opt.Batcher.Lead()
	r.lead(Leader{ID: me.String(), Term: 2}, nil)
	var taken proposals.Chunk
	testkit.Eventually(t, "the batcher does not take", func() bool {
		r.opt.Table.SubmitPing(time.Time{}, fsm.Ping{Ordinal: 1}, func(fsm.Code) {})
		r.opt.Table.Take(&r.opt.Batcher.Consumer, &taken, 1, 100)
		return len(taken.Items) > 0
	})
}

func TestRouterTriesAnUnreachableLeaderAgain(t *testing.T) {
	r := newRouted(t)
	r.lead(Leader{ID: "a", Term: 1}, nil)
	p := proposalstest.Propose(t, r.opt.Table, "x")
	testkit.Eventually(t, "it was not dialed again", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.dialled) >= 2
	})
	r.lead(Leader{ID: "a", Term: 1}, sayOK)
	wantCode(t, p, fsm.CodeOK)
}

func TestRouterRestsUntilACommandComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		tab := proposals.NewTable(0)
		r := NewRouter(RouterOptions{
			Table: tab, Batcher: commit.NewBatcher(commit.Options{Own: tab}), Origin: logentry.Origin{Node: me}, Applies: func() bool { return true },
			Leader: func() Leader { looks++; return Leader{ID: me.String(), Term: 1} },
		})
		r.opt.Batcher.Lead() // which takes commands, but nobody commits them
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if looks > 25 {
			t.Errorf("it looked %d times in 10 s in which there was nothing to look after", looks)
		}
		if since, _ := r.SinceLeader(time.Now()); since > tick.Every {
			t.Errorf("a leader seems not to have been known for %v", since)
		}
		start := time.Now()
		codes := make(chan fsm.Code, 1)
		tab.SubmitPing(start.Add(60*time.Millisecond), fsm.Ping{Ordinal: 1}, func(c fsm.Code) { codes <- c })
		code := <-codes
		if took := time.Since(start); code != fsm.CodeNoLeader || took > 60*time.Millisecond+routeEvery {
			t.Errorf("code %d after %v", code, took)
		}
		cancel()
		running.Wait()
	})
}

func TestRouterKnewTheLeaderUntilItLostSightOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab := proposals.NewTable(0)
		now := Leader{ID: me.String(), Term: 1}
		r := NewRouter(RouterOptions{
			Table: tab, Batcher: commit.NewBatcher(commit.Options{Own: tab}), Origin: logentry.Origin{Node: me}, Applies: func() bool { return true },
			Leader: func() Leader { return now },
		})
		ctx := t.Context()
		start := time.Now()
		r.route(ctx, start)
		now = Leader{}
		r.route(ctx, start.Add(400*time.Millisecond))
		r.route(ctx, start.Add(time.Second))
		if since, ever := r.SinceLeader(start.Add(time.Second)); !ever || since != 600*time.Millisecond {
			t.Errorf("lost for %v, %v", since, ever)
		}
	})
}
