package commit

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

const (
	maxBatchItems = 4096
	maxBatchBytes = 256 << 10             // a larger command goes alone
	maxInFlight   = 2                     // batches proposed and not yet applied
	retryPause    = 50 * time.Millisecond // after a batch that Raft refused
)

// applier is the part of Raft that the batcher uses.
type applier interface {
	Apply(cmd []byte, timeout time.Duration) raft.ApplyFuture
}

// Batcher is group commit: it puts everything that waits into one log entry, and while
// that commits, the next one fills. So load makes batches larger, not queues longer.
// Nothing else calls raft.Apply.
type Batcher struct {
	proposals.Consumer
	opt Options
	log applier

	mu             sync.Mutex
	state          leadership
	term           uint64
	clock          servingClock
	forwarded      []*Forwarded
	leaderCommands []*leaderCommand
	ticks          []*leaderCommand
	paused         bool
	policy         batchPolicy
	bodies         bodyBudget
	fills          *time.Timer // runs while a batch waits to fill
	waitsToFill    bool        // it does
	enough         int         // commands for which the wait ends before
	spareBatches   []*openBatch
	lastCommit     time.Time // when this leader's last batch was applied, or it was elected
	stall          Stall     // before the last batch, not recorded yet

	slots       chan struct{} // one for each batch in flight
	inFlight    chan *openBatch
	delivery    delivery
	raftStopped chan struct{} // closed when Raft will answer no more
}

// NewBatcher returns a batcher of a node that does not lead.
func NewBatcher(o Options) *Batcher {
	return &Batcher{
		Consumer: *proposals.NewConsumer(), opt: o.withDefaults(),
		slots:       make(chan struct{}, maxInFlight),
		inFlight:    make(chan *openBatch, maxInFlight),
		raftStopped: make(chan struct{}),
		fills:       stoppedTimer(),
	}
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// Abandon makes Run return without the results that Raft has not given. Raft must have
// stopped.
func (b *Batcher) Abandon() { close(b.raftStopped) }

// Run proposes batches to log until ctx ends, and returns once none is in flight, or Raft
// has stopped without giving results.
func (b *Batcher) Run(ctx context.Context, log applier) {
	b.log = log
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		b.deliverResults()
	}()
	defer b.awaitAnswers(answered)
	defer close(b.inFlight)
	defer b.fills.Stop()
	for {
		select {
		case <-b.Wakeup:
		case <-b.fills.C:
			b.endWait()
		case <-ctx.Done():
			b.Follow()
			return
		}
		for b.proposeNext(ctx) {
		}
	}
}

// proposeNext proposes one batch, as soon as another one may be in flight; false if
// there is nothing to propose.
func (b *Batcher) proposeNext(ctx context.Context) bool {
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	d := b.fillBatch()
	if d == nil {
		<-b.slots
		return false
	}
	// The entry gets memory of its own: Raft keeps it.
	d.future = b.log.Apply(logentry.Append(make([]byte, 0, 128+d.bytes+16*len(d.batch.Items)), &d.batch), 0)
	b.passed(PointProposed)
	b.inFlight <- d
	return true
}

// passed tells a test that a point was passed.
func (b *Batcher) passed(point string) {
	if b.opt.OnPoint != nil {
		b.opt.OnPoint(point)
	}
}

// fillBatch makes the next batch of what waits, and stamps it; nil if nothing does.
func (b *Batcher) fillBatch() *openBatch {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.opt.Now()
	if b.state < preparing || b.paused || !b.isWorthProposing(now) {
		return nil
	}
	d := b.newBatch()
	d.proposed = now
	if b.state == proposing {
		b.addForwarded(d)
		b.addOwn(d)
		b.trimBodies(d, now)
	}
	b.addLeaderCommands(d)
	b.addTicks(d, now)
	if d.empty() {
		b.spareBatches = append(b.spareBatches, d)
		return nil
	}
	b.policy.proposed(len(d.batch.Items), now)
	d.batch.Term = b.term
	d.batch.Wall = now.UnixMilli()
	if b.opt.WallOffset != nil {
		d.batch.Wall = now.Add(b.opt.WallOffset()).UnixMilli()
	}
	d.batch.Delta = b.clock.takeDelta(now)
	return d
}

// isWorthProposing reports whether the next batch may go at now; see [batchPolicy]. The
// leader's own commands wait for nobody. If it may not go yet, something wakes the
// batcher when it may.
func (b *Batcher) isWorthProposing(now time.Time) bool {
	if b.state == preparing {
		return len(b.leaderCommands) > 0
	}
	enough, wait := b.policy.next(now, b.forwardedItems()+b.opt.Own.Waiting(&b.Consumer))
	b.enough = enough
	if b.areEnough() || len(b.leaderCommands) > 0 || b.ticksAreDue(now) {
		return true
	}
	if wait > 0 && !b.waitsToFill {
		b.waitsToFill = true
		b.fills.Reset(wait)
	}
	return false
}

// areEnough reports whether as many commands wait as the next batch must have. If not, the
// batcher is woken when so many of this node's own have come.
func (b *Batcher) areEnough() bool {
	forwarded := b.forwardedItems()
	waiting := forwarded + b.opt.Own.Queued(&b.Consumer, b.enough-forwarded)
	return waiting > 0 && waiting >= b.enough
}

// forwardedItems is how many commands of other nodes wait.
func (b *Batcher) forwardedItems() (n int) {
	for _, f := range b.forwarded {
		n += len(f.Items)
	}
	return n
}

// endWait ends the wait for a batch to fill.
func (b *Batcher) endWait() {
	b.mu.Lock()
	b.waitsToFill = false
	b.mu.Unlock()
}

func (b *Batcher) addForwarded(d *openBatch) {
	for len(b.forwarded) > 0 {
		f := b.forwarded[0]
		items, bytes := d.room()
		if !d.empty() && (len(f.Items) > items || f.Size > bytes) {
			return
		}
		d.addForwarded(f)
		b.forwarded[0] = nil
		b.forwarded = b.forwarded[1:]
	}
}

func (b *Batcher) addOwn(d *openBatch) {
	items, bytes := d.room()
	origin := b.opt.Origin
	origin.Floor = b.opt.Own.Take(&b.Consumer, &d.own, items, bytes)
	d.addItems(origin, d.own.Items)
}

func (b *Batcher) addLeaderCommands(d *openBatch) {
	for _, x := range b.leaderCommands {
		switch {
		case x.ctx.Err() != nil || x.term != b.term:
			x.done <- proposals.Result{Code: fsm.CodeNotLeader}
		default:
			d.addLeaderCommand(x)
		}
	}
	b.leaderCommands = b.leaderCommands[:0]
}

// addTicks adds the ticks if the batch will carry serving time, which is what ticks are
// for.
func (b *Batcher) addTicks(d *openBatch, now time.Time) {
	if b.clock.pendingDelta(now) == 0 {
		return
	}
	for _, x := range b.ticks {
		d.addLeaderCommand(x)
	}
	b.ticks = b.ticks[:0]
}

// ticksAreDue reports whether a batch is to be proposed for the ticks. If the clock has not
// moved since the last batch, the batcher looks again a millisecond later. If serving time
// is in flight, its end wakes the batcher.
func (b *Batcher) ticksAreDue(now time.Time) bool {
	if len(b.ticks) == 0 {
		return false
	}
	due := b.clock.pendingDelta(now) > 0
	if !due && !b.clock.inFlight {
		time.AfterFunc(time.Millisecond, b.Wake)
	}
	return due
}

// trimBodies takes the bodies out of a batch that exceed their heartbeats' budgets, or
// all if there is no room for any.
func (b *Batcher) trimBodies(d *openBatch, now time.Time) {
	for i := range d.batch.Items {
		it := &d.batch.Items[i]
		if fsm.Kind(it.Cmd[0]) == fsm.KindPing {
			continue // most are
		}
		if cmd, reason := b.trimBody(it.Cmd, now); reason != "" {
			d.bytes -= len(it.Cmd) - len(cmd)
			it.Cmd = cmd
			b.opt.OnShed(reason)
		}
	}
}

// openBatch is a batch while it fills, and later what is to be done with its results.
// The state machine's results belong to these commands, in this order: each forwarded
// request's, this node's own, the leader's. Barriers and ticks have none.
type openBatch struct {
	batch          logentry.Batch
	forwarded      []*Forwarded
	own            proposals.Chunk
	leaderCommands []*leaderCommand
	barriers       int
	bytes          int
	proposed       time.Time
	future         raft.ApplyFuture
	results        []proposals.ItemResult // memory for those of one proposer at a time
}

// reset empties the batch, and keeps its memory for the next one.
func (d *openBatch) reset() {
	clear(d.forwarded)
	clear(d.leaderCommands)
	clear(d.batch.Items) // they point into the memory of frames
	clear(d.results)
	d.own.Reset()
	*d = openBatch{
		batch:     logentry.Batch{Origins: d.batch.Origins[:0], Items: d.batch.Items[:0]},
		forwarded: d.forwarded[:0], own: d.own, leaderCommands: d.leaderCommands[:0], results: d.results[:0],
	}
}

// room returns how many items and bytes may still join.
func (d *openBatch) room() (items, bytes int) {
	return maxBatchItems - len(d.batch.Items) - d.barriers, maxBatchBytes - d.bytes
}

func (d *openBatch) empty() bool {
	return len(d.batch.Items) == 0 && d.barriers == 0 && len(d.leaderCommands) == 0
}

// addItems adds items under origin. Barriers get the batch's index as their result and
// take no place in the log.
func (d *openBatch) addItems(origin logentry.Origin, items []proposals.Item) {
	d.batch.Origins = append(d.batch.Origins, origin)
	for _, it := range items {
		if len(it.Cmd) == 0 {
			d.barriers++
			continue
		}
		d.bytes += len(it.Cmd)
		d.batch.Items = append(d.batch.Items, logentry.Item{Origin: len(d.batch.Origins) - 1, Seq: it.Seq, Cmd: it.Cmd})
	}
}

func (d *openBatch) addForwarded(f *Forwarded) {
	d.forwarded = append(d.forwarded, f)
	d.addItems(f.Origin, f.Items)
}

func (d *openBatch) addLeaderCommand(x *leaderCommand) {
	d.leaderCommands = append(d.leaderCommands, x)
	if x.cmd != nil {
		d.bytes += len(x.cmd)
		d.batch.Items = append(d.batch.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: x.cmd})
	}
}
