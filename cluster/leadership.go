package cluster

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	settleTime     = 2 * time.Second        // in which held pings commit before serving time runs
	barrierTimeout = 5 * time.Second        // for starting the barrier
	barrierPause   = 100 * time.Millisecond // before another try
	dutyTimeout    = 10 * time.Second       // for one command of the new leader
)

// elector is the part of Raft that leadership needs.
type elector interface {
	Barrier(timeout time.Duration) raft.Future
	CurrentTerm() uint64
	State() raft.RaftState
}

// leadership runs what only a leader does, in this order: barrier; commands may
// be proposed; the ingest gap and the cluster's name are recorded; settle; the
// serving clock runs; the duties run until the leadership ends.
type leadership struct {
	raft    elector
	batcher *batcher
	store   *fsm.Store
	fsm     *fsmAdapter
	propose func(context.Context, fsm.Command) error
	cluster func() fsm.NodeID // the name to give to a cluster that has none
	changed func()            // called when the node began or ceased to lead
	early   []duty            // run once commands may be proposed
	duties  []duty            // run once the serving clock runs
	log     *slog.Logger
	faults  Faults

	mu     sync.Mutex
	cancel context.CancelFunc // of the current leadership
	wake   chan struct{}
	lead   bool
	before time.Time       // when this node last applied a batch before it was elected
	past   <-chan struct{} // closed when the duties of the last leadership have returned; run's alone
}

// duty is work of a leader; its ctx ends with the leadership of term.
type duty func(ctx context.Context, term uint64)

// drain follows Raft's notifications until they end. It blocks on nothing, for
// Raft waits for it.
func (l *leadership) drain(ctx context.Context, notify <-chan bool) {
	for {
		select {
		case lead := <-notify:
			_, at := l.fsm.progress() // now: the first commit of the new term comes soon
			l.mu.Lock()
			l.lead, l.before = lead, at
			if l.cancel != nil {
				l.cancel()
			}
			l.mu.Unlock()
			select {
			case l.wake <- struct{}{}:
			default:
			}
		case <-ctx.Done():
			return
		}
	}
}

// run leads whenever the node is elected, until ctx ends and all duties have
// returned.
func (l *leadership) run(ctx context.Context) {
	none := make(chan struct{})
	close(none)
	l.past = none
	defer func() { <-l.past }()
	for {
		select {
		case <-l.wake:
		case <-ctx.Done():
			return
		}
		if reign, before, ok := l.begin(ctx); ok {
			l.reign(reign, l.raft.CurrentTerm(), before)
		}
	}
}

// begin makes the context of a leadership, unless it is over already.
func (l *leadership) begin(ctx context.Context) (reign context.Context, before time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		l.cancel()
		l.cancel = nil
	}
	if !l.lead {
		return nil, time.Time{}, false
	}
	reign, l.cancel = context.WithCancel(ctx)
	return reign, l.before, true
}

// reign is one leadership from its beginning to its end.
func (l *leadership) reign(ctx context.Context, term uint64, lastApply time.Time) {
	log := l.log.With("term", term)
	log.Info("this node was elected leader")
	l.batcher.lead()
	l.changed()
	defer log.Info("this node no longer leads")
	defer l.changed()
	defer l.batcher.follow()
	if !l.barrier(ctx, term) {
		return
	}
	gap, gapped := gapAtElection(time.Now(), lastApply, l.store.LastWall(), l.faults.wall())
	l.batcher.open(term)

	start, ended := l.newDuties(ctx, term)
	defer ended()
	start(l.early...)
	if gapped {
		l.record(ctx, gap)
	}
	l.nameCluster(ctx)
	select {
	case <-time.After(settleTime):
	case <-ctx.Done():
		return
	}
	l.batcher.startClock(term)
	start(func(ctx context.Context, _ uint64) { watchClock(ctx, l.store.Serving, log) })
	start(l.duties...)
	<-ctx.Done()
}

// newDuties returns a function that starts duties of this leadership, each once
// those of the last one have returned, and a function that ends it. A duty may
// need a leader to come to its end, and this node may be the one that is elected:
// so nothing but the next duties waits for it.
func (l *leadership) newDuties(ctx context.Context, term uint64) (start func(...duty), ended func()) {
	var running sync.WaitGroup
	past, done := l.past, make(chan struct{})
	l.past = done
	start = func(fs ...duty) {
		for _, f := range fs {
			running.Go(func() {
				<-past
				if ctx.Err() == nil {
					f(ctx, term)
				}
			})
		}
	}
	return start, func() {
		go func() {
			<-past
			running.Wait()
			close(done)
		}()
	}
}

// barrier waits until everything of earlier terms is applied here; false if the
// leadership ended first.
func (l *leadership) barrier(ctx context.Context, term uint64) bool {
	for ctx.Err() == nil {
		err := l.awaitBarrier(ctx)
		if err == nil && l.raft.CurrentTerm() == term && l.raft.State() == raft.Leader {
			return true
		}
		if err != nil {
			l.log.Debug("the barrier of a new leader failed, trying again", "error", err)
		}
		select {
		case <-time.After(barrierPause):
		case <-ctx.Done():
		}
	}
	return false
}

// awaitBarrier gives up with ctx, for Raft may never answer one that it took.
func (l *leadership) awaitBarrier(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- l.raft.Barrier(barrierTimeout).Error() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// record commits an ingest gap.
func (l *leadership) record(ctx context.Context, gap fsm.RecordGap) {
	from, to := time.UnixMilli(gap.From), time.UnixMilli(gap.To)
	l.log.Warn("no ping could be taken for a while; deadlines stood still", "from", from, "to", to, "for", to.Sub(from))
	l.duty(ctx, "record the ingest gap", gap)
}

func (l *leadership) nameCluster(ctx context.Context) {
	if l.store.ClusterID().IsZero() {
		l.duty(ctx, "name the cluster", fsm.SetClusterID{ID: l.cluster()})
	}
}

// duty has one command of the leader committed, as long as it leads.
func (l *leadership) duty(ctx context.Context, what string, cmd fsm.Command) {
	limited, cancel := context.WithTimeout(ctx, dutyTimeout)
	defer cancel()
	if err := l.propose(limited, cmd); err != nil && ctx.Err() == nil {
		l.log.Warn("the new leader could not "+what, "error", err)
	}
}
