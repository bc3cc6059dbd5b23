package cluster

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

const (
	barrierTimeout  = 5 * time.Second        // for starting the barrier
	barrierPause    = 100 * time.Millisecond // before another try
	commitTimeLimit = 10 * time.Second       // for one try of the leader's own commands
)

// elector is the part of Raft that leadership needs.
type elector interface {
	Barrier(timeout time.Duration) raft.Future
	CurrentTerm() uint64
	State() raft.RaftState
}

// leadership runs what only a leader does, in this order: barrier; the ingest gap
// before the election and, in a new cluster, its settings and name are committed;
// everybody's commands may be proposed; settle; the serving clock runs; the duties
// run until the leadership ends.
type leadership struct {
	raft    elector
	batcher *commit.Batcher
	store   *store.Store
	fsm     *fsmAdapter
	propose func(ctx context.Context, term uint64, cmd fsm.Command) error // as the leader of term, or not at all
	changed func()                                                        // called when the node began or ceased to lead
	early   []duty                                                        // run once commands may be proposed
	duties  []duty                                                        // run once the serving clock runs
	log     *slog.Logger
	faults  Faults

	lookBack func(ctx context.Context, at time.Time) witness // what is known of the time before the election
	hears    func() bool                                     // whether any node takes pings
	trouble  lifecycle.Wakeup                                // has a value when the clock may have to stop
	cluster  func() fsm.NodeID                               // the name to give to a cluster that has none
	settings *fsm.Settings                                   // and its settings; nil: the defaults

	mu     sync.Mutex
	cancel context.CancelFunc // of the current leadership
	wake   lifecycle.Wakeup
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
			l.wake.Wake()
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
	l.batcher.Lead()
	l.changed()
	defer log.Info("this node no longer leads")
	defer l.changed()
	defer l.batcher.Follow()
	if !l.barrier(ctx, term) {
		return
	}
	l.batcher.Prepare(term)
	start, ended := l.newDuties(ctx, term)
	defer ended()
	if gap, ok := l.gapBefore(ctx, lastApply); ok {
		l.record(ctx, term, gap)
		if lastApply.IsZero() {
			start(func(ctx context.Context, term uint64) { l.watchWall(ctx, term, gap) })
		}
	}
	l.nameCluster(ctx, term)
	if ctx.Err() != nil {
		return
	}
	l.batcher.Open(term)
	start(l.early...)
	l.keepTime(ctx, term, sync.OnceFunc(func() {
		start(func(ctx context.Context, _ uint64) { watchClock(ctx, l.store.Serving, log) })
		start(l.duties...)
	}))
}

// gapBefore returns the gap that ends with this node's election.
func (l *leadership) gapBefore(ctx context.Context, lastApply time.Time) (fsm.RecordGap, bool) {
	stamp := l.store.LastWall()
	if stamp.IsZero() {
		return fsm.RecordGap{}, false
	}
	w := l.lookBack(ctx, lastApply)
	return gapAtElection(time.Now(), stamp, w, l.faults.wall())
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
func (l *leadership) record(ctx context.Context, term uint64, gap fsm.RecordGap) {
	from, to := time.UnixMilli(gap.From), time.UnixMilli(gap.To)
	if gap.From == gap.To {
		l.log.Warn("this machine's clock is behind the newest entry, so nobody knows for how long no ping could be taken: "+
			"what is due next is excused once; see to the clock", "since", from, "clock", l.wallClock())
	} else {
		l.log.Warn("no ping could be taken for a while; deadlines stood still", "from", from, "to", to, "for", to.Sub(from))
	}
	l.commit(ctx, term, "record the ingest gap", gap)
}

// nameCluster gives a new cluster its settings and its name, before anything runs
// under settings that nobody chose. The name comes last: with it the cluster is one.
func (l *leadership) nameCluster(ctx context.Context, term uint64) {
	if !l.store.ClusterID().IsZero() {
		return
	}
	if l.settings != nil {
		l.commit(ctx, term, "commit the settings", fsm.SetSettings{Settings: *l.settings})
	}
	l.commit(ctx, term, "name the cluster", fsm.SetClusterID{ID: l.cluster()})
}

// Commit has one of the leader's own commands committed. It tries again until the
// leadership ends, so the command must be one that may be repeated.
func (l *leadership) commit(ctx context.Context, term uint64, what string, cmd fsm.Command) {
	for ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, commitTimeLimit)
		err := l.propose(limited, term, cmd)
		cancel()
		if err == nil {
			return
		}
		if !passing(err) {
			l.log.Error("the leader could not "+what, "error", err)
			return
		}
		sleep(ctx, barrierPause)
	}
}

// passing reports whether a command that failed may succeed when it is repeated.
func passing(err error) bool {
	return errors.Is(err, fsm.ErrNotLeader) || errors.Is(err, fsm.ErrUnknownOutcome) || errors.Is(err, fsm.ErrStaleTerm)
}
