package alerting

import (
	"context"
	"errors"
	"time"

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
	d       *dispatcher
	conn    session         // nil: none
	settled <-chan struct{} // closes when the outcomes of all messages so far are recorded; nil: there are none
}

func (w *worker) run(ctx context.Context) {
	defer w.hangUp()
	idle := time.NewTimer(idleLimit)
	defer idle.Stop()
	for {
		select {
		case m := <-w.d.mails:
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
		w.conn.close()
		w.conn = nil
	}
}

// deliver takes a message through transfer, fence and dot, and has its outcome
// recorded while it goes on.
func (w *worker) deliver(ctx context.Context, m *mailing) {
	err := w.transfer(ctx, m)
	if err == nil {
		w.d.s.step(PointTransferred)
		err = w.complete(ctx, m)
	}
	if ctx.Err() == nil {
		w.d.learn(err)
	}
	switch {
	case err == nil:
		w.d.s.met.delivered(time.Since(m.began))
		w.d.s.step(PointTaken)
		w.record(ctx, m, func() {
			w.d.settle(ctx, m, fsm.Settle{Outcome: fsm.OutcomeSent})
			w.d.s.step(PointSettled)
		})
	case errors.Is(err, errNotLeading):
		w.hangUp()
		w.d.end(ctx, m.a.ID)
	default:
		w.hangUp()
		w.record(ctx, m, func() { w.d.fail(ctx, m, err) })
	}
}

// record runs what records the outcome of a message.
func (w *worker) record(ctx context.Context, m *mailing, f func()) {
	before, settled := w.settled, make(chan struct{})
	w.settled = settled
	w.d.parts.Go(func() {
		f()
		w.d.end(ctx, m.a.ID)
		if before != nil {
			<-before
		}
		close(settled)
	})
}

// transfer sends everything but the final dot. A connection that turns out to be
// dead when it is used again is replaced once: nothing was sent over it yet.
func (w *worker) transfer(ctx context.Context, m *mailing) error {
	reused := w.conn != nil
	for {
		if w.conn == nil {
			if why := w.d.gate.closed(); why != nil { // since the row was claimed
				return at(phaseConnect, why)
			}
			conn, err := w.d.s.transport.open(ctx)
			if err != nil {
				return err
			}
			w.conn = conn
		}
		err := w.conn.begin(ctx, w.d.s.cfg.MailFrom, m.a.Recipient, m.message)
		if err == nil || !reused || judge(err) != trouble || ctx.Err() != nil {
			return err
		}
		reused = false
		w.hangUp()
	}
}

// complete fences the row and sends the dot.
func (w *worker) complete(ctx context.Context, m *mailing) error {
	by := time.Now().Add(dotWindow)
	limited, cancel := context.WithDeadline(ctx, by)
	defer cancel()
	_, err := w.d.s.cluster.ProposeOnce(limited, w.d.term, fsm.Fence{Alert: m.a.ID, Term: w.d.term, Attempt: m.attempt})
	switch {
	case err == nil:
		w.d.s.step(PointFenced)
		if !w.lastSettled(limited) {
			return errNoFence
		}
		return w.dot(ctx, by)
	case errors.Is(err, fsm.ErrRejected) || errors.Is(err, fsm.ErrNotLeader):
		return errNotLeading
	}
	return errNoFence
}

// lastSettled waits for the outcome of the message before to be recorded. It was
// proposed before the fence, and so it is through already, but for strange cases.
func (w *worker) lastSettled(ctx context.Context) bool {
	if w.settled == nil {
		return true
	}
	select {
	case <-w.settled:
		return true
	case <-ctx.Done():
		return false
	}
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
