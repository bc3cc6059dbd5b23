package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
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

// batcher is group commit: it puts all that waits into one log entry, and while
// that commits the next one fills, so that load makes batches larger and not queues
// longer. It alone calls raft.Apply.
type batcher struct {
	proposals.Consumer
	log     applier
	own     *proposals.Table
	origin  fsm.Origin // of this node, without a floor
	now     func() time.Time
	met     *metrics
	faults  Faults
	told    func(ordinal uint64) bool                         // whether a failure of a heartbeat is told already
	stalled func()                                            // called when nothing committed for long; it must not block
	short   func() string                                     // what there is too little of to record bodies; "": nothing
	tell    func(c transport.Commit, readers []raft.ServerID) // told of each batch that was applied here, and on which followers reads wait for it

	mu      sync.Mutex
	state   batcherState
	term    uint64
	clock   servingClock
	frames  []*forwarded
	directs []*direct
	ticks   []*direct
	paused  bool
	pace    cadence
	bodies  bodyBudget
	held    bool // a wait for a batch to fill is under way
	spare   []*draft
	last    time.Time // when this leader's last batch was applied, or it was elected
	stall   stall     // before the last batch, not recorded yet

	slots   chan struct{} // one for each batch in flight
	flights chan *draft
	dead    chan struct{} // closed when Raft will answer no more
}

func newBatcher(own *proposals.Table, origin fsm.Origin, met *metrics) *batcher {
	return &batcher{
		Consumer: *proposals.NewConsumer(), own: own, origin: origin, now: time.Now, met: met,
		told:    func(uint64) bool { return false },
		stalled: func() {},
		short:   func() string { return "" },
		tell:    func(transport.Commit, []raft.ServerID) {},
		slots:   make(chan struct{}, maxInFlight),
		flights: make(chan *draft, maxInFlight),
		dead:    make(chan struct{}),
	}
}

// abandon makes run return without the answers that Raft still owes. Raft must
// have stopped.
func (b *batcher) abandon() { close(b.dead) }

// run proposes until ctx ends, and returns once no batch is in flight.
func (b *batcher) run(ctx context.Context) {
	var answering sync.WaitGroup
	answering.Go(b.answer)
	defer answering.Wait()
	defer close(b.flights)
	for {
		select {
		case <-b.Wakeup:
		case <-ctx.Done():
			b.follow()
			return
		}
		for b.step(ctx) {
		}
	}
}

// step proposes one batch, as soon as one may be in flight; false if there is
// nothing to propose.
func (b *batcher) step(ctx context.Context) bool {
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	d := b.collect()
	if d == nil {
		<-b.slots
		return false
	}
	// The entry gets memory of its own: Raft keeps it.
	d.future = b.log.Apply(fsm.AppendBatch(make([]byte, 0, 128+d.bytes+16*len(d.batch.Items)), &d.batch), 0)
	b.faults.step(PointProposed)
	b.flights <- d
	return true
}

// collect drafts and stamps the next batch from what waits; nil if nothing does.
func (b *batcher) collect() *draft {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.state < preparing || b.paused || !b.worthwhile(now) {
		return nil
	}
	d := b.blank()
	d.proposed = now
	if b.state == proposing {
		b.collectFrames(d)
		b.collectOwn(d)
		b.trimBodies(d, now)
	}
	b.collectDirects(d)
	b.collectTicks(d, now)
	if d.empty() {
		b.spare = append(b.spare, d)
		return nil
	}
	b.pace.proposed(len(d.batch.Items))
	d.batch.Term = b.term
	d.batch.Wall = now.Add(b.faults.wall()).UnixMilli()
	d.batch.Delta = b.clock.take(now)
	return d
}

// worthwhile reports whether the next batch may follow at now; see [cadence]. The
// leader's own work waits for nobody. If it may not, something will wake the
// batcher when it may.
func (b *batcher) worthwhile(now time.Time) bool {
	if b.state == preparing {
		return len(b.directs) > 0
	}
	enough, wait := b.pace.enough(now)
	for _, f := range b.frames {
		enough -= len(f.items)
	}
	if b.own.Queued(&b.Consumer, enough) >= enough || len(b.directs) > 0 || len(b.ticks) > 0 && b.clock.due(now) > 0 {
		return true
	}
	if wait > 0 && !b.held {
		b.held = true
		time.AfterFunc(wait, b.release)
	}
	return false
}

// release ends the wait for a batch to fill.
func (b *batcher) release() {
	b.mu.Lock()
	b.held = false
	b.mu.Unlock()
	b.Wake()
}

func (b *batcher) collectFrames(d *draft) {
	for len(b.frames) > 0 {
		f := b.frames[0]
		items, bytes := d.room()
		if !d.empty() && (len(f.items) > items || f.size > bytes) {
			return
		}
		d.addFrame(f)
		b.frames[0] = nil
		b.frames = b.frames[1:]
	}
}

func (b *batcher) collectOwn(d *draft) {
	items, bytes := d.room()
	origin := b.origin
	origin.Floor = b.own.Take(&b.Consumer, &d.own, items, bytes)
	d.addItems(origin, d.own.Items)
}

func (b *batcher) collectDirects(d *draft) {
	for _, x := range b.directs {
		switch {
		case x.ctx.Err() != nil || x.term != b.term:
			x.done <- proposals.Result{Code: fsm.CodeNotLeader}
		default:
			d.addDirect(x)
		}
	}
	b.directs = b.directs[:0]
}

// collectTicks adds the ticks if the batch will carry serving time, for that is
// what they are for. If the clock has not moved since the last batch, it looks
// again a millisecond later; if a delta is in flight, its answer wakes the batcher.
func (b *batcher) collectTicks(d *draft, now time.Time) {
	if len(b.ticks) == 0 {
		return
	}
	if b.clock.due(now) == 0 {
		if !b.clock.inFlight {
			time.AfterFunc(time.Millisecond, b.Wake)
		}
		return
	}
	for _, x := range b.ticks {
		d.addDirect(x)
	}
	b.ticks = b.ticks[:0]
}

// answer waits for the batches in their order and hands out their results.
func (b *batcher) answer() {
	for d := range b.flights {
		res, err := b.outcome(d.future)
		now := b.now()
		ok := err == nil && res != nil && res.term == d.batch.Term && len(res.results) == len(d.batch.Items)
		b.landed(d, now, ok)
		<-b.slots
		b.Wake()
		switch {
		case ok:
			b.met.batch(d, now)
			b.faults.step(PointCommitted)
			b.tell(transport.Commit{Term: d.batch.Term, Index: d.future.Index()}, d.readers())
			d.publish(d.future.Index(), res.results, b.settleOwn)
			b.faults.step(PointAnswered)
		case err == nil && res != nil && res.term != d.batch.Term:
			d.fail(fsm.CodeNotLeader, b.settleOwn)
		default:
			d.fail(failureCode(err), b.settleOwn)
		}
		b.keep(d)
	}
}

// blank returns an empty draft; the lock is held.
func (b *batcher) blank() *draft {
	n := len(b.spare)
	if n == 0 {
		return &draft{}
	}
	d := b.spare[n-1]
	b.spare = b.spare[:n-1]
	d.reset()
	return d
}

// keep keeps a draft that is done with for another batch.
func (b *batcher) keep(d *draft) {
	d.reset()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spare = append(b.spare, d)
}

// outcome waits for Raft's answer. When Raft stops it may forget to give one.
func (b *batcher) outcome(f raft.ApplyFuture) (*applied, error) {
	answered := make(chan error, 1)
	go func() { answered <- f.Error() }()
	select {
	case err := <-answered:
		if err != nil {
			return nil, err
		}
		res, _ := f.Response().(*applied)
		return res, nil
	case <-b.dead:
		return nil, raft.ErrRaftShutdown
	}
}

// landed takes note of a batch's end.
func (b *batcher) landed(d *draft, now time.Time, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pace.answered(d.proposed, now)
	if d.batch.Term != b.term {
		return
	}
	if d.batch.Delta > 0 {
		b.clock.answered(d.proposed, now, ok)
	}
	if !ok {
		b.pause()
		return
	}
	b.noteStall(now)
	b.last = now
}

// pause keeps a leader that Raft refuses from proposing in a tight loop.
func (b *batcher) pause() {
	b.paused = true
	time.AfterFunc(retryPause, func() {
		b.mu.Lock()
		b.paused = false
		b.mu.Unlock()
		b.Wake()
	})
}

func (b *batcher) settleOwn(index uint64, a []proposals.ItemResult) { b.own.Resolve(nil, index, a) }

// failureCode tells whether a batch that Raft did not apply may still take effect.
func failureCode(err error) fsm.Code {
	for _, refused := range []error{raft.ErrNotLeader, raft.ErrLeadershipTransferInProgress, raft.ErrEnqueueTimeout} {
		if errors.Is(err, refused) {
			return fsm.CodeNotLeader
		}
	}
	return fsm.CodeUnknownOutcome
}
