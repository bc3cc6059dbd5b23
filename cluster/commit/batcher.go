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
	b.policy.proposed(len(d.batch.Items), now)
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

const (
	busyBatch = 64                     // commands in a batch of a busy leader
	maxPause  = 5 * time.Millisecond   // that a busy leader waits for a batch to fill
	cameAgain = 400 * time.Microsecond // in which those who got a result propose again, if at once

	// Between the batches of a steady stream pass leastSpacing to mostSpacing. Half of that and
	// a commit are typicalWait, if they can be: for so long half of the commands wait at most.
	leastSpacing = 2 * time.Millisecond
	mostSpacing  = 4 * time.Millisecond
	typicalWait  = 2500 * time.Microsecond
	tookWeight   = 8 // batches, of which how long they took is a mean
)

// batchPolicy decides when a batch may go. A batch costs the same for one command and for a
// thousand: a write and a sync on each node's disk, a message to each follower and back,
// and every goroutine on the way is woken.
//
// An idle leader proposes a lone command at once. Where commands come in a steady stream,
// the next batch goes a while after the last one, so that some hundred batches a second
// take them all, however many they may be. A busy leader gains by waiting for another
// reason: those who just got a result are about to propose again. It never waits longer
// than the last commit took.
type batchPolicy struct {
	inFlight []int     // sizes of the batches in flight, oldest first
	lastGo   time.Time // when the newest batch was proposed
	lastSize int       // of the batch that ended last
	lastEnd  time.Time
	lastTook time.Duration
	took     time.Duration // the mean of late
	stream   streamGauge
}

// next returns how many commands the next batch must have to go at now, and after how
// long to ask again; 0: when the batch in flight ends. So many commands wait.
func (p *batchPolicy) next(now time.Time, waiting int) (n int, wait time.Duration) {
	n, wait = p.nextOfBusy(now)
	spacing := p.spacing()
	rest := spacing - now.Sub(p.lastGo)
	if n >= busyBatch || rest <= 0 || !p.stream.waits() {
		return n, wait
	}
	if p.stream.isToBeSeen() {
		if calm := max(rest-spacing/2, cameAgain-now.Sub(p.lastEnd)); calm > 0 && calm < rest {
			return busyBatch, calm
		}
		if len(p.inFlight) == 0 {
			p.stream.look(now, waiting)
		}
	}
	return busyBatch, rest
}

// spacing is how long after a batch the next one of a stream goes.
func (p *batchPolicy) spacing() time.Duration {
	return min(max(2*(typicalWait-p.took), leastSpacing), mostSpacing)
}

// nextOfBusy is next without regard to streams.
func (p *batchPolicy) nextOfBusy(now time.Time) (n int, wait time.Duration) {
	if k := len(p.inFlight); k > 0 {
		return min(p.inFlight[k-1]*3/2, maxBatchItems), 0
	}
	wait = min(p.lastTook, maxPause) - now.Sub(p.lastEnd)
	if p.lastSize < busyBatch || wait <= 0 {
		return 0, 0
	}
	return min(p.lastSize*4/3, maxBatchItems), wait
}

// proposed notes that a batch of n commands is in flight since now.
func (p *batchPolicy) proposed(n int, now time.Time) {
	p.stream.proposed(n, now, now.Sub(p.lastGo) < p.spacing())
	p.inFlight, p.lastGo = append(p.inFlight, n), now
}

// ended notes that the oldest batch in flight, proposed at a time, ended at now.
func (p *batchPolicy) ended(proposed, now time.Time) {
	p.lastSize, p.lastEnd, p.lastTook = p.inFlight[0], now, now.Sub(proposed)
	p.took += (p.lastTook - p.took) / tookWeight
	p.inFlight = append(p.inFlight[:0], p.inFlight[1:]...)
}

// streamGauge tells whether it pays to wait for a spacing to end. It counts what comes late in
// one: a stream goes on then, while those who only waited for their results have come again
// by that time. Who proposes one command after the other gains nothing by it, and is made
// to wait for a trial only.
type streamGauge struct {
	gain   float64   // commands in a gaugeSpan, a moving mean
	since  time.Time // when the look was taken; zero: none was, since the last batch
	before int       // commands that waited then
	trial  bool      // this spacing is waited for to see what it gains
	close  int       // batches since the last trial that followed the one before at once
	every  int       // so many of them are between two trials
	unseen int       // spacings since the last look
}

const (
	gaugeSpan    = 1500 * time.Microsecond
	worthWaiting = 0.4 // commands in a gaugeSpan
	worthStaying = 0.2 // the same, while it is waited
	gainWeight   = 1.0 / 4
	seenEvery    = 4   // spacings of a stream: each look wakes the batcher once more
	fewTrials    = 256 // batches between two, after one that gained nothing
	manyTrials   = 16
)

func (g *streamGauge) waits() bool { return g.trial || g.gain >= worthStaying }

// isToBeSeen reports whether this spacing is to be looked into.
func (g *streamGauge) isToBeSeen() bool {
	return g.since.IsZero() && (g.trial || g.gain < 4*worthWaiting || g.unseen >= seenEvery)
}

// look notes how many commands wait when everybody who waited for a result has come again.
func (g *streamGauge) look(now time.Time, waiting int) {
	g.since, g.before, g.unseen = now, waiting, 0
}

// proposed ends a spacing with a batch of n; isClose says that it follows the last one at
// once.
func (g *streamGauge) proposed(n int, now time.Time, isClose bool) {
	if span := now.Sub(g.since); !g.since.IsZero() && span > 0 {
		g.note(float64(n-g.before)*float64(gaugeSpan)/float64(max(span, gaugeSpan/4)), min(1, float64(span)/float64(gaugeSpan)))
	}
	g.since, g.trial = time.Time{}, false
	g.unseen++
	if g.gain < worthStaying && isClose {
		g.close++
		g.trial = g.close >= max(g.every, manyTrials)
	}
}

// note notes what would come in a gaugeSpan, if a part of that was seen.
func (g *streamGauge) note(gain, part float64) {
	if !g.trial {
		g.gain += gainWeight * part * (gain - g.gain)
		return
	}
	g.close = 0
	if gain >= worthWaiting {
		g.gain, g.every = gain, manyTrials
	} else {
		g.gain, g.every = 0, min(2*max(g.every, manyTrials), fewTrials)
	}
}
