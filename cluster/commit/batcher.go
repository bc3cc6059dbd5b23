package commit

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
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
	waitsToFill    bool // a timer for endWait runs
	spareBatches   []*openBatch
	lastCommit     time.Time // when this leader's last batch was applied, or it was elected
	stall          Stall     // before the last batch, not recorded yet

	slots       chan struct{} // one for each batch in flight
	inFlight    chan *openBatch
	raftStopped chan struct{} // closed when Raft will answer no more
}

// NewBatcher returns a batcher of a node that does not lead.
func NewBatcher(o Options) *Batcher {
	return &Batcher{
		Consumer: *proposals.NewConsumer(), opt: o.withDefaults(),
		slots:       make(chan struct{}, maxInFlight),
		inFlight:    make(chan *openBatch, maxInFlight),
		raftStopped: make(chan struct{}),
	}
}

// Abandon makes Run return without the results that Raft has not given. Raft must have
// stopped.
func (b *Batcher) Abandon() { close(b.raftStopped) }

// Run proposes batches to log until ctx ends, and returns once none is in flight.
func (b *Batcher) Run(ctx context.Context, log applier) {
	b.log = log
	var answering sync.WaitGroup
	answering.Go(b.deliverResults)
	defer answering.Wait()
	defer close(b.inFlight)
	for {
		select {
		case <-b.Wakeup:
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
	d.future = b.log.Apply(fsm.AppendBatch(make([]byte, 0, 128+d.bytes+16*len(d.batch.Items)), &d.batch), 0)
	b.opt.OnPoint(PointProposed)
	b.inFlight <- d
	return true
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
	b.policy.proposed(len(d.batch.Items))
	d.batch.Term = b.term
	d.batch.Wall = now.Add(b.opt.WallOffset()).UnixMilli()
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
	enough, wait := b.policy.next(now)
	for _, f := range b.forwarded {
		enough -= len(f.Items)
	}
	if b.opt.Own.Queued(&b.Consumer, enough) >= enough || len(b.leaderCommands) > 0 || len(b.ticks) > 0 && b.clock.pendingDelta(now) > 0 {
		return true
	}
	if wait > 0 && !b.waitsToFill {
		b.waitsToFill = true
		time.AfterFunc(wait, b.endWait)
	}
	return false
}

// endWait ends the wait for a batch to fill.
func (b *Batcher) endWait() {
	b.mu.Lock()
	b.waitsToFill = false
	b.mu.Unlock()
	b.Wake()
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
// for. If the clock has not moved since the last batch, the batcher looks again a
// millisecond later. If serving time is in flight, its end wakes the batcher.
func (b *Batcher) addTicks(d *openBatch, now time.Time) {
	if len(b.ticks) == 0 {
		return
	}
	if b.clock.pendingDelta(now) == 0 {
		if !b.clock.inFlight {
			time.AfterFunc(time.Millisecond, b.Wake)
		}
		return
	}
	for _, x := range b.ticks {
		d.addLeaderCommand(x)
	}
	b.ticks = b.ticks[:0]
}

const (
	busyBatch = 64                   // commands in a batch of a busy leader
	maxPause  = 5 * time.Millisecond // that a busy leader waits for a batch to fill
)

// batchPolicy decides when a batch is large enough to go. A batch costs the same for one
// command and for a thousand: a write and a sync on each node's disk, and a message to
// each follower and back. An idle leader proposes a lone command at once. A busy leader
// gains by waiting, because those who just got a result are about to propose again. It
// never waits longer than the last commit took.
type batchPolicy struct {
	inFlight []int // sizes of the batches in flight, oldest first
	lastSize int   // of the batch that ended last
	lastEnd  time.Time
	lastTook time.Duration
}

// next returns how many commands the next batch must have to go at now, and after how
// long it goes anyway; 0: when the batch in flight ends.
func (p *batchPolicy) next(now time.Time) (n int, wait time.Duration) {
	if k := len(p.inFlight); k > 0 {
		return min(p.inFlight[k-1]*3/2, maxBatchItems), 0
	}
	wait = min(p.lastTook, maxPause) - now.Sub(p.lastEnd)
	if p.lastSize < busyBatch || wait <= 0 {
		return 0, 0
	}
	return min(p.lastSize*4/3, maxBatchItems), wait
}

// proposed notes that a batch of n commands is in flight.
func (p *batchPolicy) proposed(n int) { p.inFlight = append(p.inFlight, n) }

// ended notes that the oldest batch in flight, proposed at a time, ended at now.
func (p *batchPolicy) ended(proposed, now time.Time) {
	p.lastSize, p.lastEnd, p.lastTook = p.inFlight[0], now, now.Sub(proposed)
	p.inFlight = append(p.inFlight[:0], p.inFlight[1:]...)
}
