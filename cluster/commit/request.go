package commit

import (
	"context"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Request is what one start of one node wants to have committed.
type Request struct {
	Origin fsm.Origin
	Items  []proposals.Item
}

// Results are the results of some items of a request. Index is that of the log entry
// that holds their batch, 0 if there is none.
type Results struct {
	Index uint64
	Items []proposals.ItemResult
}

// BatchResult is what the state machine returns to Raft for a log entry.
type BatchResult struct {
	Term    uint64 // of the log entry
	Results []fsm.Result
}

// leaderCommand is a command that this node commits as the leader of a term or not at
// all. Without a command it is a tick.
type leaderCommand struct {
	ctx  context.Context // when it ends nobody waits any more
	term uint64
	cmd  []byte
	done chan proposals.Result // gets exactly one
}

// Forwarded is a request of another node, on its way through the batcher.
type Forwarded struct {
	Request
	Size  int            // bytes of its commands
	Reply func(*Results) // is called once; must not keep what it is given
}

// Refuse gives every item the code as its result.
func (f *Forwarded) Refuse(code fsm.Code) {
	f.Reply(&Results{Items: SameResult(f.Items, code)})
}

// leaderCommandCode turns a code that means "propose again" into what it means to
// somebody who never does.
func leaderCommandCode(c fsm.Code) fsm.Code {
	if c == fsm.CodeStaleTerm {
		return fsm.CodeNotLeader
	}
	return c
}

// takeResults appends to dst the results of items, which are the first ones of res, and
// returns the rest of res. Items without a command have none there.
func takeResults(dst []proposals.ItemResult, items []proposals.Item, res []fsm.Result) ([]proposals.ItemResult, []fsm.Result) {
	for _, it := range items {
		a := proposals.ItemResult{Seq: it.Seq, Code: fsm.CodeOK}
		if len(it.Cmd) > 0 {
			a.Code, a.Data = res[0].Code, res[0].Data
			res = res[1:]
		}
		dst = append(dst, a)
	}
	return dst, res
}

// SameResult returns the same code as the result of every item.
func SameResult(items []proposals.Item, code fsm.Code) []proposals.ItemResult {
	out := make([]proposals.ItemResult, len(items))
	for i, it := range items {
		out[i] = proposals.ItemResult{Seq: it.Seq, Code: code}
	}
	return out
}
