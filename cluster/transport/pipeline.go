package transport

import (
	"sync"

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
	answers chan raft.AppendFuture
	done    chan struct{}
	ending  sync.Once
	loops   sync.WaitGroup

	mu   sync.Mutex                // of sending
	last raft.AppendEntriesRequest // the message without entries that would repeat what was sent
}

func newPipeline(id raft.ServerID, inner raft.AppendPipeline, capCommit func(*raft.AppendEntriesRequest) *raft.AppendEntriesRequest) *pipeline {
	p := &pipeline{
		AppendPipeline: inner, id: id, capCommit: capCommit, closed: func() {},
		notices: make(chan Commit, 1), answers: make(chan raft.AppendFuture), done: make(chan struct{}),
	}
	p.loops.Go(p.run)
	p.loops.Go(p.relay)
	return p
}

// Consumer gives Raft the answers.
func (p *pipeline) Consumer() <-chan raft.AppendFuture { return p.answers }

// relay hands the answers on until one is a refusal. After that Raft takes no more,
// but may send a message or two before it closes the pipeline; these would wait for
// ever for room, and Raft for them, if nobody took their answers.
func (p *pipeline) relay() {
	from, to := p.AppendPipeline.Consumer(), p.answers
	for {
		select {
		case f := <-from:
			if to == nil {
				continue
			}
			refused := !f.Response().Success // read first: then it is Raft's
			select {
			case to <- f:
			case <-p.done:
				return
			}
			if refused {
				to = nil
			}
		case <-p.done:
			return
		}
	}
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
	p.last = *args
	p.last.Entries = nil
	if n := len(args.Entries); n > 0 {
		p.last.PrevLogEntry, p.last.PrevLogTerm = args.Entries[n-1].Index, args.Entries[n-1].Term
	}
	return p.AppendPipeline.AppendEntries(args, resp)
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

// notice has c sent soon, unless the follower knows it by then. It does not block;
// calls must not overlap.
func (p *pipeline) notice(c Commit) {
	select {
	case <-p.notices: // an older one
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
