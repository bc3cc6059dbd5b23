package alerting

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	maxConnections = 4                // to the SMTP server
	maxAttempts    = 16               // rows in hand: few more than keep the connections busy while others are claimed and settled
	workLimit      = 64               // rows and digests looked at in one go
	lookEvery      = time.Second      // for what nothing announces
	doubtWait      = 10 * time.Second // for the settle of an ex-leader
	warnEvery      = time.Minute      // between loud lines about the same trouble
)

// dispatcher claims the rows that may be sent and hands them to a few workers, forms
// digests, and resolves doubts. It reads the ledger anew each time, so it holds
// nothing that could be lost.
type dispatcher struct {
	s        *Service
	term     uint64
	mails    chan *mailing // claimed, for the next free worker
	over     chan fsm.AlertID
	attempts int
	busy     map[fsm.AlertID]bool      // what is under way: attempts (true), and steps of the ledger
	seen     map[fsm.AlertID]time.Time // rows in doubt, since when
	gate     *gate
	opened   chan struct{} // has one after a change of the gate
	nobody   nobody
	parts    sync.WaitGroup

	mu     sync.Mutex
	warned time.Time
}

func newDispatcher(s *Service, term uint64) *dispatcher {
	d := &dispatcher{
		s: s, term: term,
		mails: make(chan *mailing), over: make(chan fsm.AlertID, maxAttempts),
		busy: map[fsm.AlertID]bool{}, seen: map[fsm.AlertID]time.Time{},
		opened: make(chan struct{}, 1),
	}
	d.gate = newGate(s.probe, d.look, d.probed)
	return d
}

// look has the dispatcher look at once for what it can do.
func (d *dispatcher) look() {
	select {
	case d.opened <- struct{}{}:
	default:
	}
}

// probed is told of a probe that failed.
func (d *dispatcher) probed(err error) {
	d.s.health.note(err)
	d.loud("alerts cannot be sent; they wait, and the mail server is asked every few seconds: see to it, --smtp-url and --mail-from", "error", err)
}

func (d *dispatcher) run(ctx context.Context) {
	defer d.parts.Wait()
	for range maxConnections {
		w := &worker{d: d}
		d.parts.Go(func() { w.run(ctx) })
	}
	d.parts.Go(func() { d.gate.run(ctx) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-d.opened:
		case <-d.s.store.LedgerChanged():
		case id := <-d.over:
			d.ended(id)
		case <-ctx.Done():
			return
		}
		timer.Reset(d.dispatch(ctx))
	}
}

// begin runs one thing about a row that is not under way yet.
func (d *dispatcher) begin(ctx context.Context, id fsm.AlertID, attempt bool, f func()) {
	d.busy[id] = attempt
	if attempt {
		d.attempts++
	}
	d.parts.Go(func() {
		f()
		if !attempt { // which ends with its settle
			d.end(ctx, id)
		}
	})
}

// end tells that what was under way about a row is not any more.
func (d *dispatcher) end(ctx context.Context, id fsm.AlertID) {
	select {
	case d.over <- id:
	case <-ctx.Done():
	}
}

func (d *dispatcher) ended(id fsm.AlertID) {
	if d.busy[id] {
		d.attempts--
	}
	delete(d.busy, id)
}

// dispatch begins what can be done now, and returns when to look again.
func (d *dispatcher) dispatch(ctx context.Context) time.Duration {
	w := d.s.store.Work(d.term, workLimit)
	for _, f := range w.Digests {
		if _, busy := d.busy[f.ID]; !busy {
			d.begin(ctx, f.ID, false, func() { d.propose(ctx, f) })
		}
	}
	d.resolve(ctx, w.Doubt)
	room := d.gate.room()
	for _, id := range w.Ready {
		if d.attempts >= room {
			break
		}
		if _, busy := d.busy[id]; !busy {
			d.begin(ctx, id, true, func() { d.attempt(ctx, id) })
		}
	}
	d.nobody.look(d.s, d.s.store.Unaddressed())
	d.s.awaited.Store(w.Next)
	wait := lookEvery
	if w.Next > 0 {
		wait = min(wait, time.Duration(w.Next-d.s.store.Serving())*time.Millisecond)
	}
	return max(wait, 10*time.Millisecond)
}

// resolve decides about rows that an ex-leader fenced, after waiting for its word.
func (d *dispatcher) resolve(ctx context.Context, doubt []fsm.Alert) {
	now := time.Now()
	for _, a := range doubt {
		since, known := d.seen[a.ID]
		if !known {
			d.seen[a.ID] = now
			continue
		}
		if _, busy := d.busy[a.ID]; busy || now.Sub(since) < doubtWait {
			continue
		}
		resend := d.s.cfg.InDoubt == InDoubtResend
		d.s.log.Warn("an alert may or may not have been delivered: its sender was lost before the server's answer was recorded",
			"alert", a.ID.String(), "resend", resend)
		decision := fsm.ResolveDoubt{Alert: a.ID, Term: a.Term, Attempt: a.Attempt, Resend: resend}
		d.begin(ctx, a.ID, false, func() { d.propose(ctx, decision) })
		delete(d.seen, a.ID)
	}
}

func (d *dispatcher) propose(ctx context.Context, cmd fsm.Command) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := d.s.cluster.Propose(ctx, cmd); err != nil && !errors.Is(err, fsm.ErrRejected) && !errors.Is(err, fsm.ErrExists) {
		d.s.log.Debug("a step of the ledger did not commit, trying again", "error", err)
	}
}

// trouble tells of a failing delivery.
func (d *dispatcher) trouble(a fsm.Alert, v verdict, err error) {
	what := map[verdict]string{
		trouble:  "alerts cannot be sent; they wait and are tried again: see to the mail server, --smtp-url, --mail-from and --smtp-helo",
		refused:  "the mail server refuses an alert for now; it is tried again for a day",
		lasting:  "the mail server refuses an alert for good: see to its recipient, then retry it with 'quorumbeat alerts retry'",
		doubtful: "the mail server was lost before it confirmed an alert, which may have been delivered",
	}[v]
	about := []any{"alert", a.ID.String(), "kind", a.Kind.String(), "attempt", a.Attempt + 1, "error", err}
	if v == lasting {
		d.s.log.Error(what, about...)
		return
	}
	d.loud(what, about...)
}

// loud logs, but not often.
func (d *dispatcher) loud(what string, about ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Since(d.warned) >= warnEvery {
		d.warned = time.Now()
		d.s.log.Error(what, about...)
	}
}

// learn takes what became of a message as a word about the mail server.
func (d *dispatcher) learn(err error) {
	d.gate.note(err)
	switch v := judge(err); {
	case err == nil || v == refused:
		d.s.health.note(nil)
	case v == trouble:
		d.s.health.note(err)
	}
}
