package alerting

import (
	"context"
	"errors"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// errNotLeading says that the fence was refused: another leader has the row.
var errNotLeading = errors.New("this node no longer leads")

// errNoFence says that the fence did not commit in time. Without a dot the server
// discards the message.
var errNoFence = errors.New("the fence was not confirmed in time")

// complete fences the row and sends the dot.
func (w *worker) complete(ctx context.Context, a fsm.Alert, n uint32) error {
	by := time.Now().Add(dotWindow)
	limited, cancel := context.WithDeadline(ctx, by)
	defer cancel()
	_, err := w.d.s.cluster.ProposeOnce(limited, w.d.term, fsm.Fence{Alert: a.ID, Term: w.d.term, Attempt: n})
	switch {
	case err == nil:
		w.d.s.step(PointFenced)
		return w.dot(ctx, by)
	case errors.Is(err, fsm.ErrRejected) || errors.Is(err, fsm.ErrNotLeader):
		w.hangUp()
		return errNotLeading
	}
	return errNoFence
}

// dot completes the message and waits for the answer, for a bounded time once this
// node no longer leads.
func (w *worker) dot(ctx context.Context, by time.Time) error {
	answered := make(chan struct{})
	defer close(answered)
	conn := w.conn
	stop := context.AfterFunc(ctx, func() {
		limit := time.AfterFunc(exLeaderWait, conn.abort)
		<-answered
		limit.Stop()
	})
	defer stop()
	return conn.finish(by)
}

// settle records an outcome. It goes on while this node leads, and tries once more
// after that: an ex-leader's word is accepted, and saves the next leader a doubt.
func (w *worker) settle(ctx context.Context, a fsm.Alert, n uint32, s fsm.Settle) {
	s.Alert, s.Term, s.Attempt = a.ID, w.d.term, n
	for {
		leading := ctx.Err() == nil
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
		_, err := w.d.s.cluster.Propose(limited, s)
		cancel()
		if err == nil || errors.Is(err, fsm.ErrRejected) || errors.Is(err, fsm.ErrNotFound) {
			return
		}
		w.log.Warn("the outcome of a delivery could not be recorded yet", "alert", a.ID.String(), "error", err)
		if !leading || errors.Is(err, fsm.ErrShutdown) {
			return
		}
	}
}
