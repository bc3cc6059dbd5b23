package alerting

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/smtp"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	settleLimit = 10 * time.Second // for one try at recording an outcome
	firstRetry  = 5 * time.Second  // then twice as long each time
	lastRetry   = 5 * time.Minute  // at most
)

// mailing is a row that is claimed, and its message.
type mailing struct {
	a       fsm.Alert
	attempt uint32
	began   time.Time
	message []byte
}

// attempt takes one row as far as a worker's hands. The claims of several rows
// commit together, while the workers have others on the wire.
func (d *dispatcher) attempt(ctx context.Context, id fsm.AlertID) {
	a, _, err := d.load(id)
	if err != nil { // dropped meanwhile
		d.end(ctx, id)
		return
	}
	m := &mailing{a: a, attempt: a.Attempt + 1, began: time.Now()}
	d.s.step(PointReady)
	if err := d.claim(ctx, m); err != nil {
		if errors.Is(err, fsm.ErrUnknownOutcome) { // give it back, if it was claimed
			d.settle(ctx, m, fsm.Settle{Outcome: fsm.OutcomeRetry, Error: "the claim was not confirmed"})
		}
		d.end(ctx, id)
		return
	}
	d.s.step(PointClaimed)
	// What a row tells may have changed until it was claimed.
	var members []fsm.Alert
	if m.a, members, err = d.load(id); err != nil {
		d.end(ctx, id)
		return
	}
	if m.message, err = message.Render(d.s.cfg.MailFrom, m.a, members); err != nil {
		d.fail(ctx, m, fmt.Errorf("%w: %w", errUnmailable, err))
		d.end(ctx, id)
		return
	}
	select {
	case d.mails <- m:
	case <-ctx.Done(): // the next leader claims it anew
	}
}

// load reads a row and, of a digest, its members.
func (d *dispatcher) load(id fsm.AlertID) (a fsm.Alert, members []fsm.Alert, err error) {
	if a, err = d.s.store.Alert(id); err != nil {
		return a, nil, err
	}
	for _, m := range a.Members {
		if x, err := d.s.store.Alert(m); err == nil {
			members = append(members, x)
		}
	}
	return a, members, nil
}

func (d *dispatcher) claim(ctx context.Context, m *mailing) error {
	_, err := d.s.cluster.ProposeOnce(ctx, d.term, fsm.Claim{Alert: m.a.ID, Term: d.term, Attempt: m.attempt})
	return err
}

// fail records how an attempt ended that did not end well.
func (d *dispatcher) fail(ctx context.Context, m *mailing, err error) {
	v := judge(err)
	switch {
	case v == unsent:
		d.s.log.Warn("an alert was not completed in time; it is tried again", "alert", m.a.ID.String(), "error", err)
	case ctx.Err() == nil:
		d.trouble(m.a, v, err)
	}
	s := fsm.Settle{Error: clipError(err), RetryIn: retryIn(v, err, m.attempt).Milliseconds()}
	switch v {
	case unsent, trouble:
		s.Outcome = fsm.OutcomeRetry
	case refused:
		s.Outcome, s.Refused = fsm.OutcomeRetry, true
	case lasting:
		s.Outcome = fsm.OutcomeFailed
	case doubtful:
		s.Outcome, s.Resend = fsm.OutcomeInDoubt, d.s.cfg.InDoubt == InDoubtResend
	}
	d.settle(ctx, m, s)
}

// settle records an outcome. It goes on while this node leads, and tries once more
// after that: an ex-leader's word is accepted, and saves the next leader a doubt.
func (d *dispatcher) settle(ctx context.Context, m *mailing, s fsm.Settle) {
	s.Alert, s.Term, s.Attempt = m.a.ID, d.term, m.attempt
	for {
		leading := ctx.Err() == nil
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
		_, err := d.s.cluster.Propose(limited, s)
		cancel()
		if err == nil || errors.Is(err, fsm.ErrRejected) || errors.Is(err, fsm.ErrNotFound) {
			return
		}
		d.s.log.Warn("the outcome of a delivery could not be recorded yet", "alert", m.a.ID.String(), "error", err)
		if !leading || errors.Is(err, fsm.ErrShutdown) {
			return
		}
	}
}

// retryIn is the wait of a row after an attempt that failed. What waits for the server is
// ready at once when the gate opens; what the server refuses waits longer each time.
func retryIn(v verdict, err error, attempt uint32) time.Duration {
	var se *sendError
	switch isSend := errors.As(err, &se); {
	case v == trouble && isSend && se.phase == phaseConnect:
		return firstProbe
	case v == trouble && errors.As(err, new(*smtp.Error)):
		return min(backoff(attempt), rulesRetry)
	case v == trouble:
		return min(backoff(attempt), messageRetry)
	}
	return backoff(attempt)
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
	s := message.OneLine(err.Error())
	return s[:min(len(s), fsm.MaxErrorLen)]
}
