package leader

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	barrierTimeout  = 5 * time.Second        // for starting the barrier
	barrierPause    = 100 * time.Millisecond // before another try
	commitTimeLimit = 10 * time.Second       // for one try of the leader's own commands
)

// passBarrier waits until everything of earlier terms is applied here; false if the
// leadership ended first.
func (l *Leadership) passBarrier(ctx context.Context, term uint64) bool {
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

// awaitBarrier gives up when ctx ends, because Raft may never finish a barrier.
func (l *Leadership) awaitBarrier(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- l.raft.Barrier(barrierTimeout).Error() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// recordGap has an ingest gap committed.
func (l *Leadership) recordGap(ctx context.Context, term uint64, gap fsm.RecordGap) {
	from, to := time.UnixMilli(gap.From), time.UnixMilli(gap.To)
	if gap.From == gap.To {
		l.log.Warn("this machine's clock is behind the newest entry, so nobody knows for how long no ping could be taken: "+
			"what is due next is excused once; see to the clock", "since", from, "clock", l.wallClock())
	} else {
		l.log.Warn("no ping could be taken for a while; deadlines stood still", "from", from, "to", to, "for", to.Sub(from))
	}
	l.commitOwn(ctx, term, "record the ingest gap", gap)
}

// nameCluster gives a new cluster its settings and then its ID, so that nothing runs under
// settings that nobody chose. A cluster that has its ID is complete.
func (l *Leadership) nameCluster(ctx context.Context, term uint64) {
	if !l.opt.Store.ClusterID().IsZero() {
		return
	}
	if l.opt.Settings != nil {
		l.commitOwn(ctx, term, "commit the settings", fsm.SetSettings{Settings: *l.opt.Settings})
	}
	l.commitOwn(ctx, term, "name the cluster", fsm.SetClusterID{ID: l.opt.ClusterID()})
}

// commitOwn has one of the leader's own commands committed. It tries again until the
// leadership ends, so the command must be one that may be repeated. what says what could
// not be done, after "could not".
func (l *Leadership) commitOwn(ctx context.Context, term uint64, what string, cmd fsm.Command) {
	for ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, commitTimeLimit)
		err := l.opt.Propose(limited, term, cmd)
		cancel()
		if err == nil {
			return
		}
		if !isTemporary(err) {
			l.log.Error("the leader could not "+what, "error", err)
			return
		}
		sleep(ctx, barrierPause)
	}
}

// isTemporary reports whether a command that failed may succeed when it is repeated.
func isTemporary(err error) bool {
	return errors.Is(err, fsm.ErrNotLeader) || errors.Is(err, fsm.ErrUnknownOutcome) || errors.Is(err, fsm.ErrStaleTerm)
}
