package cluster

import (
	"slices"
	"sync"

	"github.com/hashicorp/raft"
)

// gatedTransport carries Raft's messages, and tells the followers of no commit
// beyond what is on the leader's own disk; see eagerLog.
type gatedTransport struct {
	*raft.NetworkTransport
	written func() uint64

	mu    sync.Mutex
	pipes map[*gatedPipeline]struct{}
}

func (t *gatedTransport) gate(args *raft.AppendEntriesRequest) *raft.AppendEntriesRequest {
	limit := t.written()
	if args.LeaderCommitIndex <= limit {
		return args
	}
	gated := *args
	gated.LeaderCommitIndex = limit
	return &gated
}

func (t *gatedTransport) AppendEntries(id raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	return t.NetworkTransport.AppendEntries(id, target, t.gate(args), resp)
}

func (t *gatedTransport) AppendEntriesPipeline(id raft.ServerID, target raft.ServerAddress) (raft.AppendPipeline, error) {
	p, err := t.NetworkTransport.AppendEntriesPipeline(id, target)
	if err != nil {
		return nil, err
	}
	return t.attach(id, p), nil
}

// attach makes a pipeline to a follower known to tell.
func (t *gatedTransport) attach(id raft.ServerID, inner raft.AppendPipeline) *gatedPipeline {
	p := newGatedPipeline(id, inner, t.gate)
	p.closed = func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.pipes, p)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pipes == nil {
		t.pipes = map[*gatedPipeline]struct{}{}
	}
	t.pipes[p] = struct{}{}
	return p
}

// tell has those followers told of a commit at once on which reads wait for it. It
// does not block. One to whom there is no pipeline hears of it from Raft.
func (t *gatedTransport) tell(c commit, readers []raft.ServerID) {
	if len(readers) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for p := range t.pipes {
		if slices.Contains(readers, p.id) {
			p.notice(c)
		}
	}
}
