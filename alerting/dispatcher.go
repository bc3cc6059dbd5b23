package alerting

import (
	"context"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/smtp"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	maxConnections = 4           // to the SMTP server
	maxAttempts    = 16          // rows in flight: few more than keep the connections busy while others are claimed and settled
	warnEvery      = time.Minute // between loud lines about the same trouble
)

// dispatcher sends mail: it claims the rows that may be sent and hands them to a few workers.
type dispatcher struct {
	lane
	claimed     chan *delivery // for the next free worker
	gate        *smtp.Gate
	unaddressed unaddressedWarner
	channels    channelSenders
}

func newDispatcher(s *Service, term uint64) *dispatcher {
	d := &dispatcher{lane: newLane(s, term, "", maxAttempts), claimed: make(chan *delivery)}
	d.channels = channelSenders{s: s, term: term, running: map[string]*channelSender{}}
	d.gate = smtp.NewGate(maxAttempts, s.probeMailServer, d.wakeUp, d.probeFailed)
	return d
}

// probeFailed notes and logs that a probe failed.
func (d *dispatcher) probeFailed(err error) {
	d.s.mail.set(err)
	d.logSometimes("alerts cannot be sent; they wait, and the mail server is asked every few seconds: see to it, --smtp-url and --mail-from", "error", err)
}

func (d *dispatcher) run(ctx context.Context) {
	defer d.channels.parts.Wait()
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

// dispatch begins what can be done now, by mail and by channels, and returns when to look
// again.
func (d *dispatcher) dispatch(ctx context.Context) time.Duration {
	d.channels.wakeAll(ctx)
	d.unaddressed.warnAbout(d.s, d.s.store.Unaddressed())
	return d.look(ctx, d.gate.Room(), d.prepare)
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
