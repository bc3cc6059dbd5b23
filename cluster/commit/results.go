package commit

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// Request is what one start of one node wants to have committed.
type Request struct {
	Origin logentry.Origin
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

// delivery is what gives results: one batch after the other is waited for.
type delivery struct {
	mu        sync.Mutex // held while a batch ends
	waitsFor  *openBatch // nil: none
	abandoned bool       // Raft will answer no more
}

// deliverResults waits for the batches in their order, and gives everybody their
// results.
func (b *Batcher) deliverResults() {
	for d := range b.inFlight {
		if !b.delivery.begin(d) {
			b.end(d, raft.ErrRaftShutdown)
			continue
		}
		err := d.future.Error()
		b.delivery.mu.Lock()
		if b.delivery.waitsFor == d {
			b.end(d, err)
			b.delivery.waitsFor = nil
			b.recycle(d)
		}
		b.delivery.mu.Unlock()
	}
}

// begin notes that d is waited for; false if that would be in vain.
func (y *delivery) begin(d *openBatch) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	if !y.abandoned {
		y.waitsFor = d
	}
	return !y.abandoned
}

// awaitAnswers returns when all results were given. When Raft stops, it may never give one:
// then who waits for that is refused.
func (b *Batcher) awaitAnswers(answered <-chan struct{}) {
	select {
	case <-answered:
		return
	case <-b.raftStopped:
	}
	b.delivery.mu.Lock()
	defer b.delivery.mu.Unlock()
	b.delivery.abandoned = true
	if d := b.delivery.waitsFor; d != nil {
		b.end(d, raft.ErrRaftShutdown)
		b.delivery.waitsFor = nil
	}
	for d := range b.inFlight {
		b.end(d, raft.ErrRaftShutdown)
	}
}

// end ends a batch in flight, for which Raft gave an error or nil.
func (b *Batcher) end(d *openBatch, err error) {
	var res *BatchResult
	if err == nil {
		res, _ = d.future.Response().(*BatchResult)
	}
	now := b.opt.Now()
	ok := res != nil && res.Term == d.batch.Term && len(res.Results) == len(d.batch.Items)
	<-b.slots
	if b.noteEnd(d, now, ok) {
		b.Wake()
	}
	switch {
	case ok:
		b.opt.BatchTook(now.Sub(d.proposed).Seconds())
		b.passed(PointCommitted)
		b.tellFollowers(d)
		d.deliver(d.future.Index(), res.Results, b.resolveOwn)
		b.passed(PointAnswered)
	case res != nil && res.Term != d.batch.Term:
		d.refuseAll(fsm.CodeNotLeader, b.resolveOwn)
	default:
		d.refuseAll(codeOfError(err), b.resolveOwn)
	}
}

// tellFollowers has those told of an applied batch that may not wait until the next one tells them.
// A batch that only moves the serving clock is not worth a message.
func (b *Batcher) tellFollowers(d *openBatch) {
	c := transport.Commit{Term: d.batch.Term, Index: d.future.Index()}
	if n := len(d.batch.Items); n > 0 {
		b.opt.BatchSize(float64(n))
		b.opt.TellSoon(c)
	}
	if readers := d.readers(); len(readers) > 0 {
		b.opt.TellReaders(c, readers)
	}
}

// newBatch returns an empty batch; the lock is held.
func (b *Batcher) newBatch() *openBatch {
	n := len(b.spareBatches)
	if n == 0 {
		return &openBatch{}
	}
	d := b.spareBatches[n-1]
	b.spareBatches = b.spareBatches[:n-1]
	d.reset()
	return d
}

// recycle keeps the memory of a batch that is done with for another one.
func (b *Batcher) recycle(d *openBatch) {
	d.reset()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spareBatches = append(b.spareBatches, d)
}

// noteEnd notes that a batch in flight ended at now; ok: it was applied. It reports whether
// there may be something to propose.
func (b *Batcher) noteEnd(d *openBatch, now time.Time, ok bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.policy.ended(d.proposed, now)
	if d.batch.Term == b.term {
		b.noteOutcome(d, now, ok)
	}
	return b.state != proposing || b.isWorthProposing(now)
}

func (b *Batcher) noteOutcome(d *openBatch, now time.Time, ok bool) {
	if d.batch.Delta > 0 {
		b.clock.deltaEnded(d.proposed, now, ok)
	}
	if !ok {
		b.pause()
		return
	}
	if now.Sub(b.lastCommit) > gapAfter {
		b.noteStall(now)
	}
	b.lastCommit = now
}

// pause stops proposing for a moment, so that a leader that Raft refuses does not
// propose in a tight loop.
func (b *Batcher) pause() {
	b.paused = true
	time.AfterFunc(retryPause, func() {
		b.mu.Lock()
		b.paused = false
		b.mu.Unlock()
		b.Wake()
	})
}

func (b *Batcher) resolveOwn(index uint64, a []proposals.ItemResult) {
	b.opt.Own.Resolve(nil, index, a)
}

// codeOfError tells whether a batch that Raft did not apply may still take effect.
func codeOfError(err error) fsm.Code {
	for _, refused := range []error{raft.ErrNotLeader, raft.ErrLeadershipTransferInProgress, raft.ErrEnqueueTimeout} {
		if errors.Is(err, refused) {
			return fsm.CodeNotLeader
		}
	}
	return fsm.CodeUnknownOutcome
}

// readers lists the followers on which reads wait for the batch.
func (d *openBatch) readers() (ids []raft.ServerID) {
	if d.barriers == 0 {
		return nil
	}
	for _, f := range d.forwarded {
		if slices.ContainsFunc(f.Items, func(it proposals.Item) bool { return len(it.Cmd) == 0 }) {
			ids = append(ids, raft.ServerID(f.Origin.Node.String()))
		}
	}
	return ids
}

// deliver gives everybody their results, after the batch was applied.
func (d *openBatch) deliver(index uint64, res []fsm.Result, own func(uint64, []proposals.ItemResult)) {
	for _, f := range d.forwarded {
		d.results, res = takeResults(d.results[:0], f.Items, res)
		f.Reply(&Results{Index: index, Items: d.results})
	}
	d.results, res = takeResults(d.results[:0], d.own.Items, res)
	own(index, d.results)
	for _, x := range d.leaderCommands {
		out := proposals.Result{Code: fsm.CodeOK, Index: index}
		if x.cmd != nil {
			out.Code, out.Data, res = leaderCommandCode(res[0].Code), res[0].Data, res[1:]
		}
		x.done <- out
	}
}

// refuseAll gives everybody the code, after the batch was not applied, or when nobody
// knows whether it was.
func (d *openBatch) refuseAll(code fsm.Code, own func(uint64, []proposals.ItemResult)) {
	for _, f := range d.forwarded {
		f.Refuse(code)
	}
	own(0, SameResult(d.own.Items, code))
	for _, x := range d.leaderCommands {
		x.done <- proposals.Result{Code: code}
	}
}
