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
	parts    sync.WaitGroup

	mu     sync.Mutex
	warned time.Time
}

func newDispatcher(s *Service, term uint64) *dispatcher {
	return &dispatcher{
		s: s, term: term,
		mails: make(chan *mailing), over: make(chan fsm.AlertID, maxAttempts),
		busy: map[fsm.AlertID]bool{}, seen: map[fsm.AlertID]time.Time{},
	}
}

func (d *dispatcher) run(ctx context.Context) {
	defer d.parts.Wait()
	for range maxConnections {
		w := &worker{d: d}
		d.parts.Go(func() { w.run(ctx) })
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
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
	for _, id := range w.Ready {
		if d.attempts == maxAttempts {
			break
		}
		if _, busy := d.busy[id]; !busy {
			d.begin(ctx, id, true, func() { d.attempt(ctx, id) })
		}
	}
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

// trouble tells of failing deliveries, loudly but not often.
func (d *dispatcher) trouble(a fsm.Alert, v verdict, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if v != lasting && time.Since(d.warned) < warnEvery {
		return
	}
	d.warned = time.Now()
	what := map[verdict]string{
		passing:  "alerts cannot be sent; they wait and are tried again: see to the SMTP server and --smtp-url",
		refused:  "the mail server refuses an alert for now; it is tried again for a day",
		lasting:  "the mail server refuses an alert for good: see to its recipient, then retry it with 'quorumbeat alerts retry'",
		doubtful: "the mail server was lost before it confirmed an alert, which may have been delivered",
	}[v]
	d.s.log.Error(what, "alert", a.ID.String(), "kind", a.Kind.String(), "attempt", a.Attempt+1, "error", err)
}
