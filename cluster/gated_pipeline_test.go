package cluster

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
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

func (f *fakePipeline) Close() error { return nil }

func TestANoticeOfACommitIsAMessageWithoutEntries(t *testing.T) {
	const term = 5
	tests := []struct {
		name  string
		sent  raft.AppendEntriesRequest // the last of Raft's
		told  commit
		wants []uint64 // the commit indexes that are sent when it is told twice
	}{
		{"of the entries just sent", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, Entries: commands(7, 8)}, commit{term, 8}, []uint64{8}},
		{"of some of them", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, Entries: commands(7, 8)}, commit{term, 7}, []uint64{7}},
		{"after a message without entries", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, PrevLogEntry: 8, PrevLogTerm: 1}, commit{term, 8}, []uint64{8}},
		{"that the follower knows", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 8, Entries: commands(9)}, commit{term, 8}, nil},
		{"of an entry that was not sent", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, Entries: commands(7)}, commit{term, 8}, nil},
		{"of another term", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, Entries: commands(7, 8)}, commit{term + 1, 8}, nil},
		{"before anything was sent", raft.AppendEntriesRequest{}, commit{term, 8}, nil},
		{"beyond what is on the leader's disk", raft.AppendEntriesRequest{Term: term, LeaderCommitIndex: 6, Entries: commands(7, 8, 9, 10, 11)}, commit{term, 11}, []uint64{10, 10}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := &gatedTransport{written: func() uint64 { return 10 }}
				inner := new(fakePipeline)
				p := tr.attach("b", inner)
				if tt.sent.Term != 0 {
					if _, err := p.AppendEntries(&tt.sent, nil); err != nil {
						t.Fatal(err)
					}
				}
				before := len(inner.sent)
				tr.tell(tt.told, []raft.ServerID{"a"}) // somebody else
				tr.tell(tt.told, []raft.ServerID{"c", "b"})
				synctest.Wait()
				tr.tell(tt.told, []raft.ServerID{"c", "b"})
				synctest.Wait()
				if err := p.Close(); err != nil || len(tr.pipes) != 0 {
					t.Errorf("%v, %d pipelines are left", err, len(tr.pipes))
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

func TestAMessageThatTellsAFollowerNothingIsNotSent(t *testing.T) {
	onDisk := uint64(8)
	tr := &gatedTransport{written: func() uint64 { return onDisk }}
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

func TestAReadThroughAFollowerDoesNotWaitForRaftsOwnMessages(t *testing.T) {
	c := newTrio(t, 3)
	i := c.follower()
	c.heartbeat(i, 1)
	var took []time.Duration
	for range 15 {
		start := time.Now()
		if err := c.nodes[i].ReadBarrier(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	if median := took[len(took)/2]; median > commitTimeout/2 {
		t.Errorf("half of the reads took over %v", median)
	}
}
