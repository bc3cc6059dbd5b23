package alerting

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	dotWindow    = 2 * time.Second  // from proposing a fence to its dot
	idleLimit    = 10 * time.Second // of a connection without a message
	exLeaderWait = 5 * time.Second  // for an answer to the dot, once this node no longer leads
	settleLimit  = 10 * time.Second // for one try at recording an outcome
	firstRetry   = 5 * time.Second  // then twice as long each time
	lastRetry    = 5 * time.Minute  // at most
)

// worker sends one row at a time over one connection.
type worker struct {
	d    *dispatcher
	log  *slog.Logger
	conn session // nil: none
}

func (w *worker) run(ctx context.Context) {
	defer w.hangUp()
	idle := time.NewTimer(idleLimit)
	defer idle.Stop()
	for {
		select {
		case id, ok := <-w.d.jobs:
			if !ok {
				return
			}
			w.attempt(ctx, id)
			select {
			case w.d.done <- id:
			case <-ctx.Done():
			}
		case <-idle.C:
			w.hangUp()
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

// attempt takes one row through claim, transfer, fence, dot and settle.
func (w *worker) attempt(ctx context.Context, id fsm.AlertID) {
	a, members, err := w.load(id)
	if err != nil {
		return // dropped meanwhile
	}
	n, began := a.Attempt+1, time.Now()
	w.d.s.step(PointReady)
	claim := fsm.Claim{Alert: id, Term: w.d.term, Attempt: n}
	if _, err := w.d.s.cluster.ProposeOnce(ctx, w.d.term, claim); err != nil {
		if errors.Is(err, fsm.ErrUnknownOutcome) { // give it back, if it was claimed
			w.settle(ctx, a, n, fsm.Settle{Outcome: fsm.OutcomeRetry, Error: "the claim was not confirmed"})
		}
		return
	}
	w.d.s.step(PointClaimed)
	message, err := render(w.d.s.cfg.MailFrom, a, members)
	if err == nil {
		err = w.transfer(ctx, a.Recipient, message)
	}
	if err == nil {
		w.d.s.step(PointTransferred)
		err = w.complete(ctx, a, n)
	}
	if err == errNotLeading {
		return
	}
	if err != nil {
		w.hangUp()
		w.failed(ctx, a, n, err)
		return
	}
	w.d.s.met.delivered(time.Since(began))
	w.d.s.step(PointTaken)
	w.settle(ctx, a, n, fsm.Settle{Outcome: fsm.OutcomeSent})
	w.d.s.step(PointSettled)
}

// load reads a row and, of a digest, its members.
func (w *worker) load(id fsm.AlertID) (a fsm.Alert, members []fsm.Alert, err error) {
	if a, err = w.d.s.store.Alert(id); err != nil {
		return a, nil, err
	}
	for _, m := range a.Members {
		if x, err := w.d.s.store.Alert(m); err == nil {
			members = append(members, x)
		}
	}
	return a, members, nil
}

// transfer sends everything but the final dot. A connection that turns out to be
// dead when it is used again is replaced once: nothing was sent over it yet.
func (w *worker) transfer(ctx context.Context, to string, message []byte) error {
	reused := w.conn != nil
	for {
		if w.conn == nil {
			conn, err := w.d.s.transport.open(ctx)
			if err != nil {
				return err
			}
			w.conn = conn
		}
		err := w.conn.begin(ctx, w.d.s.cfg.MailFrom, to, message)
		if err == nil || !reused || judge(err) != passing || ctx.Err() != nil {
			return err
		}
		reused = false
		w.hangUp()
	}
}

// failed records how an attempt ended that did not end well.
func (w *worker) failed(ctx context.Context, a fsm.Alert, n uint32, err error) {
	v := judge(err)
	if errors.Is(err, errNoFence) {
		w.log.Warn("an alert was not completed, for the cluster did not confirm it in time; it is tried again", "alert", a.ID.String())
	} else {
		w.d.trouble(w.log, a, v, err)
	}
	s := fsm.Settle{Error: clipError(err), RetryIn: backoff(n).Milliseconds()}
	switch v {
	case passing:
		s.Outcome = fsm.OutcomeRetry
	case refused:
		s.Outcome, s.Refused = fsm.OutcomeRetry, true
	case lasting:
		s.Outcome = fsm.OutcomeFailed
	case doubtful:
		s.Outcome, s.Resend = fsm.OutcomeInDoubt, w.d.s.cfg.InDoubt == InDoubtResend
	}
	w.settle(ctx, a, n, s)
}

// backoff is the wait after the n-th attempt, with jitter so that what failed
// together does not come back together.
func backoff(n uint32) time.Duration {
	d := lastRetry
	if n < 8 {
		d = min(firstRetry<<(n-1), lastRetry)
	}
	return d*3/4 + rand.N(d/2)
}

func clipError(err error) string {
	s := oneLine(err.Error())
	return s[:min(len(s), fsm.MaxErrorLen)]
}
