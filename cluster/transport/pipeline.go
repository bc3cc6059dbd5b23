package transport

import (
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// Commit says that the entry at Index, of the leader's own term, is committed, and
// with it all before it.
type Commit struct{ Term, Index uint64 }

// pipeline is a leader's pipeline to one follower. Raft sends a message without entries
// whenever it has sent nothing for a while, so that the follower learns what is committed.
// The pipeline drops such a message if it tells nothing new, because it would keep an idle
// cluster awake. It sends one at once where a read waits for a commit.
type pipeline struct {
	raft.AppendPipeline
	id        raft.ServerID
	capCommit func(*raft.AppendEntriesRequest) *raft.AppendEntriesRequest
	closed    func()

	notices chan Commit // at most the newest
	done    chan struct{}
	ending  sync.Once
	loops   sync.WaitGroup

	mu                 sync.Mutex                // of sending
	last               raft.AppendEntriesRequest // the message without entries that would repeat what was sent
	newest, beforeThat raft.AppendFuture         // of what was sent
}

func newPipeline(id raft.ServerID, inner raft.AppendPipeline, capCommit func(*raft.AppendEntriesRequest) *raft.AppendEntriesRequest) *pipeline {
	p := &pipeline{
		AppendPipeline: inner, id: id, capCommit: capCommit, closed: func() {},
		notices: make(chan Commit, 1), done: make(chan struct{}),
	}
	p.loops.Go(p.run)
	return p
}

// AppendEntries sends a message of Raft's. It returns no future, which Raft would not
// look at, for one that is not sent.
func (p *pipeline) AppendEntries(args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	args = p.capCommit(args)
	if p.repeats(args) {
		return nil, nil
	}
	return p.send(args, resp)
}

// repeats reports whether a message would tell the follower nothing.
func (p *pipeline) repeats(args *raft.AppendEntriesRequest) bool {
	return len(args.Entries) == 0 && args.Term == p.last.Term && args.PrevLogEntry == p.last.PrevLogEntry &&
		args.LeaderCommitIndex <= p.last.LeaderCommitIndex
}

func (p *pipeline) send(args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	if p.isOver() {
		return nil, raft.ErrPipelineShutdown
	}
	p.last = *args
	p.last.Entries = nil
	if n := len(args.Entries); n > 0 {
		p.last.PrevLogEntry, p.last.PrevLogTerm = args.Entries[n-1].Index, args.Entries[n-1].Term
	}
	f, err := p.AppendPipeline.AppendEntries(args, resp)
	if f != nil {
		p.newest, p.beforeThat = f, p.newest
	}
	return f, err
}

// maxInFlight is how many messages are under way before sending one waits for an answer. With two, the newest is
// not on its way before Raft has the answer to the one before it.
const maxInFlight = 2

// isOver reports whether Raft has got a refusal. It takes no answer after one, but may send a message or two before
// it closes the pipeline; these would wait for ever for room, and Raft for them. The answer to the message before the
// newest is there and is Raft's by now, so nobody waits, and nobody has to pass the answers on.
func (p *pipeline) isOver() bool {
	f := p.beforeThat
	return f != nil && (f.Error() != nil || !f.Response().Success)
}

// EncodePeer is what a message says of its sender, which Raft asks for with each: this node.
func (t *RaftTransport) EncodePeer(id raft.ServerID, addr raft.ServerAddress) []byte {
	if id == t.self {
		return t.name
	}
	return t.NetworkTransport.EncodePeer(id, addr)
}

// capCommit returns the message with the commit index capped. Raft goes on using args, so
// it is not changed.
func (t *RaftTransport) capCommit(args *raft.AppendEntriesRequest) *raft.AppendEntriesRequest {
	limit := t.durable()
	if args.LeaderCommitIndex <= limit {
		return args
	}
	capped := *args
	capped.LeaderCommitIndex = limit
	return &capped
}

// tellAfter is how long a follower may take to hear of a commit when nothing follows it.
const tellAfter = 100 * time.Millisecond

// TellReaders sends a commit at once to those followers where reads wait for it. It does not
// block. A follower without a pipeline learns of the commit by
// Raft's own next message.
func (t *RaftTransport) TellReaders(c Commit, readers []raft.ServerID) {
	if len(readers) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for p := range t.pipelines {
		if slices.Contains(readers, p.id) {
			p.notice(c)
		}
	}
}

// TellSoon has all followers told of a commit within a moment, unless the next entries have told
// them by then. So they show what happened, though Raft, which would wake for it again and again,
// is told to do so seldom. It does not block.
func (t *RaftTransport) TellSoon(c Commit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.newest = c
	if t.toTell == (Commit{}) {
		t.awaitTelling(c)
	}
}

// awaitTelling sets the timer; the lock is held.
func (t *RaftTransport) awaitTelling(c Commit) {
	t.toTell = c
	time.AfterFunc(tellAfter, t.tell)
}

// tell tells of the commit that the timer was set for, which under a steady stream is known by
// now, and waits anew if there is a newer one.
func (t *RaftTransport) tell() {
	t.mu.Lock()
	defer t.mu.Unlock()
	told := t.toTell
	for p := range t.pipelines {
		p.notice(told)
	}
	t.toTell = Commit{}
	if t.newest != told {
		t.awaitTelling(t.newest)
	}
}

// notice has c sent at once, or what is newer and waits to be sent, unless the follower knows it by
// then. It does not block; calls must not overlap.
func (p *pipeline) notice(c Commit) {
	select {
	case waits := <-p.notices:
		if waits.Term > c.Term || waits.Term == c.Term && waits.Index > c.Index {
			c = waits
		}
	default:
	}
	p.notices <- c
}

func (p *pipeline) run() {
	for {
		select {
		case c := <-p.notices:
			p.sendCommit(c)
		case <-p.done:
			return
		}
	}
}

// sendCommit sends a message without entries that tells c. It must be of the term that the pipeline is of: then
// whoever has the last entry sent has the committed one too, and all before it. A
// term's end is no danger, for what it committed stays committed.
func (p *pipeline) sendCommit(c Commit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.Term != c.Term || p.last.PrevLogEntry < c.Index || p.last.LeaderCommitIndex >= c.Index {
		return
	}
	req := p.last
	req.LeaderCommitIndex = c.Index
	// Raft takes the answer as it takes those to its own messages. If the connection
	// has failed, its next one must be sent, for it to notice.
	if _, err := p.send(p.capCommit(&req), new(raft.AppendEntriesResponse)); err != nil {
		p.last = raft.AppendEntriesRequest{}
	}
}

// Close ends the pipeline.
func (p *pipeline) Close() error {
	err := p.AppendPipeline.Close()
	p.ending.Do(func() {
		p.closed()
		close(p.done)
	})
	p.loops.Wait()
	return err
}
