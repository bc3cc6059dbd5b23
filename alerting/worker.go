package alerting

import (
	"context"
	"errors"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/smtp"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	dotWindow    = 2 * time.Second  // from proposing a fence to its dot
	idleLimit    = 10 * time.Second // of a connection without a message
	exLeaderWait = 5 * time.Second  // for an answer to the dot, once this node no longer leads
)

var (
	// errNotLeading says that the fence was refused: another leader has the row.
	errNotLeading = errors.New("this node no longer leads")

	// errNoFence says that the fence did not commit in time, or the outcome of the
	// message before. Without a dot the server discards the message.
	errNoFence = errors.New("the fence was not confirmed in time")
)

// worker sends one message after the other over one connection. While the outcome of
// one is being recorded the next is transferred, but its dot waits: so no more
// than one message of a connection is ever in doubt.
type worker struct {
	d          *dispatcher
	conn       smtp.Session    // nil: none
	allSettled <-chan struct{} // closes when the outcomes of all messages so far are recorded; nil: there are none
}

func (w *worker) run(ctx context.Context) {
	defer w.hangUp()
	idle := time.NewTimer(idleLimit)
	defer idle.Stop()
	for {
		select {
		case m := <-w.d.claimed:
			w.deliver(ctx, m)
		case <-idle.C:
			w.hangUp()
		case <-ctx.Done():
			return
		}
		idle.Reset(idleLimit)
	}
}

func (w *worker) hangUp() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

// deliver takes a message through transfer, fence and dot, and has its outcome
// recorded while it goes on.
func (w *worker) deliver(ctx context.Context, m *delivery) {
	err := w.transfer(ctx, m)
	if err == nil {
		w.d.s.passPoint(PointTransferred)
		err = w.fenceAndComplete(ctx, m)
	}
	if ctx.Err() == nil {
		w.d.learnFrom(err)
	}
	switch {
	case err == nil:
		w.d.s.met.observeDelivery("email", time.Since(m.began))
		w.d.s.passPoint(PointTaken)
		w.recordMeanwhile(ctx, m, func() {
			w.d.settleRow(ctx, m, fsm.Settle{Outcome: fsm.OutcomeSent})
			w.d.s.passPoint(PointSettled)
		})
	case errors.Is(err, errNotLeading):
		w.hangUp()
		w.d.finish(ctx, m.alert.ID)
	default:
		w.hangUp()
		w.recordMeanwhile(ctx, m, func() { w.d.recordFailure(ctx, m, err) })
	}
}

// recordMeanwhile runs f, which records the outcome of a message, in the background.
func (w *worker) recordMeanwhile(ctx context.Context, m *delivery, f func()) {
	before, settled := w.allSettled, make(chan struct{})
	w.allSettled = settled
	w.d.parts.Go(func() {
		f()
		w.d.finish(ctx, m.alert.ID)
		if before != nil {
			<-before
		}
		close(settled)
	})
}

// transfer sends everything but the final dot. A connection that turns out to be
// dead when it is used again is replaced once: nothing was sent over it yet.
func (w *worker) transfer(ctx context.Context, m *delivery) error {
	reused := w.conn != nil
	for {
		if w.conn == nil {
			if why := w.d.gate.Closed(); why != nil { // since the row was claimed
				return why
			}
			conn, err := w.d.s.server.Open(ctx)
			if err != nil {
				return err
			}
			w.conn = conn
		}
		err := w.conn.Transfer(ctx, w.d.s.cfg.MailFrom, m.alert.Address(), m.message)
		if err == nil || !reused || smtp.Classify(err) != smtp.Trouble || ctx.Err() != nil {
			return err
		}
		reused = false
		w.hangUp()
	}
}

// fenceAndComplete fences the row, waits for the outcome of the message before, and sends the
// dot.
func (w *worker) fenceAndComplete(ctx context.Context, m *delivery) error {
	by := time.Now().Add(dotWindow)
	limited, cancel := context.WithDeadline(ctx, by)
	defer cancel()
	_, err := w.d.s.cluster.ProposeOnce(limited, w.d.term, fsm.Fence{Alert: m.alert.ID, Term: w.d.term, Attempt: m.attempt})
	switch {
	case err == nil:
		w.d.s.passPoint(PointFenced)
		if !w.awaitSettled(limited) {
			return errNoFence
		}
		return w.completeMessage(ctx, by)
	case errors.Is(err, fsm.ErrRejected) || errors.Is(err, fsm.ErrNotLeader):
		return errNotLeading
	}
	return errNoFence
}

// awaitSettled waits until the outcome of the message before is recorded. It was
// proposed before the fence, and so it is through already, but for strange cases.
func (w *worker) awaitSettled(ctx context.Context) bool {
	if w.allSettled == nil {
		return true
	}
	select {
	case <-w.allSettled:
		return true
	case <-ctx.Done():
		return false
	}
}

// completeMessage sends the dot and waits for the answer, for a bounded time once this node
// no longer leads.
func (w *worker) completeMessage(ctx context.Context, by time.Time) error {
	answered := make(chan struct{})
	defer close(answered)
	conn := w.conn
	stop := context.AfterFunc(ctx, func() {
		limit := time.AfterFunc(exLeaderWait, conn.Abort)
		<-answered
		limit.Stop()
	})
	defer stop()
	return conn.Complete(by)
}
