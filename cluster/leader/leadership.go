package leader

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// elector is the part of Raft that a leadership needs.
type elector interface {
	Barrier(timeout time.Duration) raft.Future
	CurrentTerm() uint64
	State() raft.RaftState
}

// Leadership runs what only a leader does. See the package's comment for the order.
type Leadership struct {
	opt        Options
	log        *slog.Logger
	raft       elector
	earlyTasks []Task           // see AddEarlyTask
	tasks      []Task           // see AddTask
	recheck    lifecycle.Wakeup // woken when the serving clock may have to stop

	mu           sync.Mutex
	cancel       context.CancelFunc // of the current term's context
	wake         lifecycle.Wakeup   // woken when this node was elected, or no longer leads
	elected      bool
	lastApply    time.Time       // as it was at the election
	lastTermDone <-chan struct{} // closed when the tasks of the last term have returned; only Run's goroutine uses it
}

// New returns a leadership that does not run yet.
func New(o Options) *Leadership {
	if o.WallOffset == nil {
		o.WallOffset = func() time.Duration { return 0 }
	}
	return &Leadership{opt: o, log: o.Log, wake: lifecycle.NewWakeup(), recheck: lifecycle.NewWakeup()}
}

// AddEarlyTask has a task run in every term, once everybody's commands may be proposed.
// Call it before Run.
func (l *Leadership) AddEarlyTask(task Task) { l.earlyTasks = append(l.earlyTasks, task) }

// AddTask has a task run in every term, once the serving clock runs. Call it before Run.
func (l *Leadership) AddTask(task Task) { l.tasks = append(l.tasks, task) }

// Task is work of a leader. Its ctx ends with the leadership of term.
type Task func(ctx context.Context, term uint64)

// FollowNotices notes when Raft says that this node leads or no longer does, until ctx
// ends. It never blocks, because Raft waits for it.
func (l *Leadership) FollowNotices(ctx context.Context, notify <-chan bool) {
	for {
		select {
		case lead := <-notify:
			at := l.opt.LastApply() // now, because the first commit of the new term comes soon
			l.mu.Lock()
			l.elected, l.lastApply = lead, at
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

// Run leads whenever this node is elected, until ctx ends and all tasks have returned.
func (l *Leadership) Run(ctx context.Context, r elector) {
	l.raft = r
	none := make(chan struct{})
	close(none)
	l.lastTermDone = none
	defer func() { <-l.lastTermDone }()
	for {
		select {
		case <-l.wake:
		case <-ctx.Done():
			return
		}
		if inTerm, lastApply, ok := l.beginTerm(ctx); ok {
			l.leadTerm(inTerm, l.raft.CurrentTerm(), lastApply)
		}
	}
}

// beginTerm makes the context that ends with the leadership; false if it has ended.
func (l *Leadership) beginTerm(ctx context.Context) (inTerm context.Context, lastApply time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		l.cancel()
		l.cancel = nil
	}
	if !l.elected {
		return nil, time.Time{}, false
	}
	inTerm, l.cancel = context.WithCancel(ctx)
	return inTerm, l.lastApply, true
}

// leadTerm leads until ctx ends.
func (l *Leadership) leadTerm(ctx context.Context, term uint64, lastApply time.Time) {
	log := l.log.With("term", term)
	log.Info("this node was elected leader")
	l.opt.Batcher.Lead()
	l.opt.OnChange()
	defer log.Info("this node no longer leads")
	defer l.opt.OnChange()
	defer l.opt.Batcher.Follow()
	if !l.passBarrier(ctx, term) {
		return
	}
	l.opt.Batcher.Prepare(term)
	start, ended := l.newTasks(ctx, term)
	defer ended()
	if gap, ok := l.gapBefore(ctx, lastApply); ok {
		l.recordGap(ctx, term, gap)
		if lastApply.IsZero() {
			start(func(ctx context.Context, term uint64) { l.correctGap(ctx, term, gap) })
		}
	}
	l.nameCluster(ctx, term)
	if ctx.Err() != nil {
		return
	}
	l.opt.Batcher.Open(term)
	start(l.earlyTasks...)
	l.runClock(ctx, term, sync.OnceFunc(func() {
		start(func(ctx context.Context, _ uint64) { warnOfSlowClock(ctx, l.opt.Store.Serving, log) })
		start(l.tasks...)
	}))
}

// gapBefore returns the gap that ends with this node's election.
func (l *Leadership) gapBefore(ctx context.Context, lastApply time.Time) (fsm.RecordGap, bool) {
	stamp := l.opt.Store.LastWall()
	if stamp.IsZero() {
		return fsm.RecordGap{}, false
	}
	w := l.opt.LookBack(ctx, lastApply)
	return gapAtElection(time.Now(), stamp, w, l.opt.WallOffset())
}

// newTasks returns a function that starts tasks of this term, each once those of the last
// term have returned, and a function to call at the end of the term. A task may need a
// leader before it can return, and this node may be the next leader. So nothing but the
// next term's tasks waits for it.
func (l *Leadership) newTasks(ctx context.Context, term uint64) (start func(...Task), ended func()) {
	var running sync.WaitGroup
	lastTermDone, done := l.lastTermDone, make(chan struct{})
	l.lastTermDone = done
	start = func(fs ...Task) {
		for _, f := range fs {
			running.Go(func() {
				<-lastTermDone
				if ctx.Err() == nil {
					f(ctx, term)
				}
			})
		}
	}
	return start, func() {
		go func() {
			<-lastTermDone
			running.Wait()
			close(done)
		}()
	}
}
