package transport

import (
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// fakePipeline takes messages.
type fakePipeline struct {
	raft.AppendPipeline
	sent []raft.AppendEntriesRequest
}

func (f *fakePipeline) AppendEntries(args *raft.AppendEntriesRequest, _ *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	f.sent = append(f.sent, *args)
	return nil, nil
}

func (f *fakePipeline) Consumer() <-chan raft.AppendFuture { return nil }

func (f *fakePipeline) Close() error { return nil }

func TestANoticeOfACommitIsAMessageWithoutEntries(t *testing.T) {
	const term = 5
	tests := []struct {
		name  string
		sent  raft.AppendEntriesRequest // the last of Raft's
		told  Commit
		wants []uint64 // the commit indexes that are sent when it is told twice
	}{
		{"of the entries just sent", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, Entries: commands(7, 8)}, Commit{term, 8}, []uint64{8}},
		{"of some of them", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, Entries: commands(7, 8)}, Commit{term, 7}, []uint64{7}},
		{"after a message without entries", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, PrevLogEntry: 8, PrevLogTerm: 1}, Commit{term, 8}, []uint64{8}},
		{"that the follower knows", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 8, Entries: commands(9)}, Commit{term, 8}, nil},
		{"of an entry that was not sent", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, Entries: commands(7)}, Commit{term, 8}, nil},
		{"of another term", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, Entries: commands(7, 8)}, Commit{term + 1, 8}, nil},
		{"before anything was sent", raft.AppendEntriesRequest{}, Commit{term, 8}, nil},
		{"beyond what is on the leader's disk", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, Entries: commands(7, 8, 9, 10, 11)}, Commit{term, 11}, []uint64{10, 10}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := &RaftTransport{durable: func() uint64 { return 10 }}
				inner := new(fakePipeline)
				p := tr.attach("b", inner)
				if tt.sent.Term != 0 {
					if _, err := p.AppendEntries(&tt.sent, nil); err != nil {
						t.Fatal(err)
					}
				}
				before := len(inner.sent)
				tr.TellReaders(tt.told, []raft.ServerID{"a"}) // somebody else
				tr.TellReaders(tt.told, []raft.ServerID{"c", "b"})
				synctest.Wait()
				tr.TellReaders(tt.told, []raft.ServerID{"c", "b"})
				synctest.Wait()
				if err := p.Close(); err != nil || len(tr.pipelines) != 0 {
					t.Errorf("%v, %d pipelines are left", err, len(tr.pipelines))
				}
				wantNotices(t, &tt.sent, inner.sent[before:], tt.wants)
			})
		})
	}
}

func wantNotices(t *testing.T, sent *raft.AppendEntriesRequest, notices []raft.AppendEntriesRequest, wants []uint64) {
	t.Helper()
	prev, prevTerm := sent.PrevLogEntry, sent.PrevLogTerm
	if n := len(sent.Entries); n > 0 {
		prev, prevTerm = sent.Entries[n-1].Index, sent.Entries[n-1].Term
	}
	var got []uint64
	for _, n := range notices {
		got = append(got, n.LeaderCommitIndex)
		if n.Term != sent.Term || n.PrevLogEntry != prev || n.PrevLogTerm != prevTerm || len(n.Entries) != 0 {
			t.Errorf("sent %+v", n)
		}
	}
	if !slices.Equal(got, wants) {
		t.Errorf("sent commit indexes %v, want %v", got, wants)
	}
}

// TestAFollowerHearsOfACommitSoon: after a batch of a quiet cluster by a message of its own, in a steady stream by the
// entries that come next.
func TestAFollowerHearsOfACommitSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := &RaftTransport{durable: func() uint64 { return 1000 }}
		inner := new(fakePipeline)
		p := tr.attach("b", inner)
		batch := func(index, commit uint64) {
			_, _ = p.AppendEntries(&raft.AppendEntriesRequest{Term: 5, LeaderCommitIndex: commit, Entries: commands(index)}, nil)
			tr.TellSoon(Commit{5, index})
		}
		own := func(name string, wants ...uint64) {
			t.Helper()
			time.Sleep(2 * tellAfter)
			synctest.Wait()
			var got []uint64
			for _, m := range inner.sent {
				if len(m.Entries) == 0 {
					got = append(got, m.LeaderCommitIndex)
				}
			}
			if !slices.Equal(got, wants) {
				t.Errorf("%s: messages of their own tell of %v, want %v", name, got, wants)
			}
			inner.sent = nil
		}
		batch(7, 6)
		own("a lone batch", 7)
		for i := range uint64(100) {
			batch(8+i, 7+i)
			time.Sleep(3 * time.Millisecond)
		}
		own("a stream", 107)
		batch(108, 107)
		tr.TellReaders(Commit{5, 108}, []raft.ServerID{"b"})
		own("a batch that a read waits for", 108)
		own("nothing")
		testkit.Must(t, p.Close())
		tr.TellSoon(Commit{5, 109})
		own("nobody")
	})
}

// TestANewerNoticeStays: a read waits for the newest one.
func TestANewerNoticeStays(t *testing.T) {
	for _, tt := range []struct{ waits, comes, stays Commit }{
		{Commit{5, 9}, Commit{5, 8}, Commit{5, 9}},
		{Commit{5, 8}, Commit{5, 9}, Commit{5, 9}},
		{Commit{6, 8}, Commit{5, 9}, Commit{6, 8}},
		{Commit{5, 9}, Commit{6, 8}, Commit{6, 8}},
	} {
		p := &pipeline{notices: make(chan Commit, 1)}
		p.notice(tt.waits)
		p.notice(tt.comes)
		if got := <-p.notices; got != tt.stays {
			t.Errorf("%v, then %v: %v stays", tt.waits, tt.comes, got)
		}
	}
}

func TestAMessageThatTellsAFollowerNothingIsNotSent(t *testing.T) {
	onDisk := uint64(8)
	tr := &RaftTransport{durable: func() uint64 { return onDisk }}
	inner := new(fakePipeline)
	p := tr.attach("b", inner)
	send := func(name string, want bool, m raft.AppendEntriesRequest) {
		t.Helper()
		before := len(inner.sent)
		if _, err := p.AppendEntries(&m, nil); err != nil {
			t.Fatal(err)
		}
		if got := len(inner.sent) > before; got != want {
			t.Errorf("%s was sent: %v", name, got)
		}
	}
	send("the first message", true, raft.AppendEntriesRequest{Term: 5, PrevLogEntry: 7, PrevLogTerm: 5, LeaderCommitIndex: 7})
	send("a repetition", false, raft.AppendEntriesRequest{Term: 5, PrevLogEntry: 7, PrevLogTerm: 5, LeaderCommitIndex: 7})
	send("an entry", true, raft.AppendEntriesRequest{Term: 5, PrevLogEntry: 7, PrevLogTerm: 5, LeaderCommitIndex: 7, Entries: commands(8, 9)})
	send("a repetition of the commit index with it", false, raft.AppendEntriesRequest{Term: 5, PrevLogEntry: 9, PrevLogTerm: 1, LeaderCommitIndex: 7})
	send("a commit", true, raft.AppendEntriesRequest{Term: 5, PrevLogEntry: 9, PrevLogTerm: 1, LeaderCommitIndex: 9})
	send("a commit that is not on disk", false, raft.AppendEntriesRequest{Term: 5, PrevLogEntry: 9, PrevLogTerm: 1, LeaderCommitIndex: 9})
	onDisk = 9
	send("the same once it is", true, raft.AppendEntriesRequest{Term: 5, PrevLogEntry: 9, PrevLogTerm: 1, LeaderCommitIndex: 9})
	send("entries again", true, raft.AppendEntriesRequest{Term: 5, PrevLogEntry: 7, PrevLogTerm: 5, LeaderCommitIndex: 9, Entries: commands(8)})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAPipelineThatIsRefusedDoesNotHoldRaftUp: Raft takes no answer after a refusal,
// and may still send.
func TestAPipelineThatIsRefusedDoesNotHoldRaftUp(t *testing.T) {
	trans := func() *raft.NetworkTransport {
		tr, err := raft.NewTCPTransport("127.0.0.1:0", nil, 3, 3*time.Second, io.Discard)
		testkit.Must(t, err)
		t.Cleanup(func() { tr.Close() })
		return tr
	}
	follower, leader := trans(), &RaftTransport{NetworkTransport: trans(), durable: func() uint64 { return 100 }}
	go func() {
		for {
			select {
			case rpc := <-follower.Consumer():
				rpc.Respond(&raft.AppendEntriesResponse{Term: 6}, nil)
			case <-t.Context().Done():
				return
			}
		}
	}()
	p, err := leader.AppendEntriesPipeline("b", raft.ServerAddress(follower.LocalAddr()))
	testkit.Must(t, err)
	over := make(chan struct{})
	go func() {
		defer close(over)
		var err error
		for i := range uint64(10) {
			_, err = p.AppendEntries(&raft.AppendEntriesRequest{Term: 5, PrevLogEntry: i, Entries: commands(i + 1)}, new(raft.AppendEntriesResponse))
			if i == 0 && (<-p.Consumer()).Response().Success {
				t.Error("it was not refused")
			}
		}
		if !errors.Is(err, raft.ErrPipelineShutdown) {
			t.Errorf("Raft is not told that it is over: %v", err)
		}
	}()
	select {
	case <-over:
	case <-time.After(testkit.Patience):
		t.Error("Raft waits for room in a pipeline that nobody empties")
	}
	testkit.Must(t, p.Close())
	<-over
}

// brokenPipeline fails to send.
type brokenPipeline struct{ fakePipeline }

func (*brokenPipeline) AppendEntries(*raft.AppendEntriesRequest, *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	return nil, io.ErrClosedPipe
}

func TestRaftHearsOfAConnectionThatFailedUnderANotice(t *testing.T) {
	tr := &RaftTransport{durable: func() uint64 { return 10 }}
	p := tr.attach("b", new(brokenPipeline))
	p.last = raft.AppendEntriesRequest{Term: 5, PrevLogEntry: 8, PrevLogTerm: 5, LeaderCommitIndex: 6}
	p.sendCommit(Commit{5, 8})
	_, err := p.AppendEntries(&raft.AppendEntriesRequest{Term: 5, PrevLogEntry: 8, PrevLogTerm: 5, LeaderCommitIndex: 8}, nil)
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Raft's next message: %v", err)
	}
	testkit.Must(t, p.Close())
}

func TestFollowersHearOfNoCommitThatIsNotOnTheLeadersDisk(t *testing.T) {
	onDisk := uint64(7)
	g := &RaftTransport{durable: func() uint64 { return onDisk }}
	args := &raft.AppendEntriesRequest{LeaderCommitIndex: 9, PrevLogEntry: 8}
	if got := g.capCommit(args); got.LeaderCommitIndex != 7 || got.PrevLogEntry != 8 || args.LeaderCommitIndex != 9 {
		t.Errorf("sent %+v, kept %+v", got, args)
	}
	onDisk = 9
	if got := g.capCommit(args); got != args {
		t.Errorf("sent %+v", got)
	}
}
