package cluster

import "github.com/hashicorp/raft"

// gatedTransport carries Raft's messages, and tells the followers of no commit
// beyond what is on the leader's own disk; see eagerLog.
type gatedTransport struct {
	*raft.NetworkTransport
	written func() uint64
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
	return &gatedPipeline{p, t}, nil
}

type gatedPipeline struct {
	raft.AppendPipeline
	transport *gatedTransport
}

func (p *gatedPipeline) AppendEntries(args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	return p.AppendPipeline.AppendEntries(p.transport.gate(args), resp)
}
