package alerting

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/smtp"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	maxConnections = 4                // to the SMTP server
	maxAttempts    = 16               // rows in flight: few more than keep the connections busy while others are claimed and settled
	workLimit      = 64               // rows and digests looked at in one go
	lookEvery      = time.Second      // for what nothing announces
	doubtWait      = 10 * time.Second // for the settle of an ex-leader
	warnEvery      = time.Minute      // between loud lines about the same trouble
)

// dispatcher claims the rows that may be sent and hands them to a few workers, forms
// digests, and resolves doubts. It reads the ledger anew each time, so it holds
// nothing that could be lost.
type dispatcher struct {
	s           *Service
	term        uint64
	claimed     chan *delivery // for the next free worker
	ended       chan fsm.AlertID
	inFlight    int                       // attempts
	busy        map[fsm.AlertID]bool      // what is under way: attempts (true), and steps of the ledger
	doubts      map[fsm.AlertID]time.Time // rows in doubt, since when
	gate        *smtp.Gate
	wake        chan struct{} // has a value after a change of the gate
	unaddressed unaddressedWarner
	parts       sync.WaitGroup

	mu          sync.Mutex
	lastWarning time.Time
}

func newDispatcher(s *Service, term uint64) *dispatcher {
	d := &dispatcher{
		s: s, term: term,
		claimed: make(chan *delivery), ended: make(chan fsm.AlertID, maxAttempts),
		busy: map[fsm.AlertID]bool{}, doubts: map[fsm.AlertID]time.Time{},
		wake: make(chan struct{}, 1),
	}
	d.gate = smtp.NewGate(maxAttempts, s.probeMailServer, d.wakeUp, d.probeFailed)
	return d
}

// wakeUp makes the dispatcher look for work at once.
func (d *dispatcher) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// probeFailed notes and logs that a probe failed.
func (d *dispatcher) probeFailed(err error) {
	d.s.mail.set(err)
	d.logSometimes("alerts cannot be sent; they wait, and the mail server is asked every few seconds: see to it, --smtp-url and --mail-from", "error", err)
}

func (d *dispatcher) run(ctx context.Context) {
	defer d.parts.Wait()
	for range maxConnections {
		w := &worker{d: d}
		d.parts.Go(func() { w.run(ctx) })
	}
	d.parts.Go(func() { d.gate.Run(ctx) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-d.wake:
		case <-d.s.store.LedgerChanged():
		case id := <-d.ended:
			d.forget(id)
		case <-ctx.Done():
			return
		}
		timer.Reset(d.dispatch(ctx))
	}
}

// start runs f for a row that is not busy: an attempt, or a step of the ledger.
func (d *dispatcher) start(ctx context.Context, id fsm.AlertID, attempt bool, f func()) {
	d.busy[id] = attempt
	if attempt {
		d.inFlight++
	}
	d.parts.Go(func() {
		f()
		if !attempt { // which ends with its settle
			d.finish(ctx, id)
		}
	})
}

// finish reports that a row is no longer busy. From any goroutine.
func (d *dispatcher) finish(ctx context.Context, id fsm.AlertID) {
	select {
	case d.ended <- id:
	case <-ctx.Done():
	}
}

// forget drops a row that is no longer busy.
func (d *dispatcher) forget(id fsm.AlertID) {
	if d.busy[id] {
		d.inFlight--
	}
	delete(d.busy, id)
}

// dispatch begins what can be done now, and returns when to look again.
func (d *dispatcher) dispatch(ctx context.Context) time.Duration {
	w := d.s.store.Work(d.term, workLimit)
	for _, f := range w.Digests {
		if _, busy := d.busy[f.ID]; !busy {
			d.start(ctx, f.ID, false, func() { d.proposeStep(ctx, f) })
		}
	}
	d.resolveDoubts(ctx, w.Doubt)
	room := d.gate.Room()
	for _, id := range w.Ready {
		if d.inFlight >= room {
			break
		}
		if _, busy := d.busy[id]; !busy {
			d.start(ctx, id, true, func() { d.prepare(ctx, id) })
		}
	}
	d.unaddressed.warnAbout(d.s, d.s.store.Unaddressed())
	d.s.awaited.Store(w.Next)
	wait := lookEvery
	if w.Next > 0 {
		wait = min(wait, time.Duration(w.Next-d.s.store.Serving())*time.Millisecond)
	}
	return max(wait, 10*time.Millisecond)
}

// resolveDoubts decides about rows that an ex-leader fenced, after waiting for its settle.
func (d *dispatcher) resolveDoubts(ctx context.Context, doubt []fsm.Alert) {
	now := time.Now()
	for _, a := range doubt {
		since, known := d.doubts[a.ID]
		if !known {
			d.doubts[a.ID] = now
			continue
		}
		if _, busy := d.busy[a.ID]; busy || now.Sub(since) < doubtWait {
			continue
		}
		resend := d.s.cfg.InDoubt == InDoubtResend
		d.s.log.Warn("an alert may or may not have been delivered: its sender was lost before the server's answer was recorded",
			"alert", a.ID.String(), "resend", resend)
		decision := fsm.ResolveDoubt{Alert: a.ID, Term: a.Term, Attempt: a.Attempt, Resend: resend}
		d.start(ctx, a.ID, false, func() { d.proposeStep(ctx, decision) })
		delete(d.doubts, a.ID)
	}
}

func (d *dispatcher) proposeStep(ctx context.Context, cmd fsm.Command) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := d.s.cluster.Propose(ctx, cmd); err != nil && !errors.Is(err, fsm.ErrRejected) && !errors.Is(err, fsm.ErrExists) {
		d.s.log.Debug("a step of the ledger did not commit, trying again", "error", err)
	}
}

// logFailure logs a failed attempt by what it means.
func (d *dispatcher) logFailure(a fsm.Alert, v smtp.Class, err error) {
	what := map[smtp.Class]string{
		smtp.Trouble:   "alerts cannot be sent; they wait and are tried again: see to the mail server, --smtp-url, --mail-from and --smtp-helo",
		smtp.Refused:   "the mail server refuses an alert for now; it is tried again for a day",
		smtp.Permanent: "the mail server refuses an alert for good: see to its recipient, then retry it with 'quorumbeat alerts retry'",
		smtp.InDoubt:   "the mail server was lost before it confirmed an alert, which may have been delivered",
	}[v]
	about := []any{"alert", a.ID.String(), "kind", a.Kind.String(), "attempt", a.Attempt + 1, "error", err}
	if v == smtp.Permanent {
		d.s.log.Error(what, about...)
		return
	}
	d.logSometimes(what, about...)
}

// logSometimes logs an error, at most once in warnEvery.
func (d *dispatcher) logSometimes(what string, about ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Since(d.lastWarning) >= warnEvery {
		d.lastWarning = time.Now()
		d.s.log.Error(what, about...)
	}
}

// learnFrom updates the gate and the health of the mail server by how a message ended.
func (d *dispatcher) learnFrom(err error) {
	d.gate.Learn(err)
	switch v := smtp.Classify(err); {
	case err == nil || v == smtp.Refused:
		d.s.mail.set(nil)
	case v == smtp.Trouble:
		d.s.mail.set(err)
	}
}
