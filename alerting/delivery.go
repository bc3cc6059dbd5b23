package alerting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/smtp"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	settleLimit = 10 * time.Second // for one try at recording an outcome
	firstRetry  = 5 * time.Second  // then twice as long each time
	lastRetry   = 5 * time.Minute  // at most

	messageRetry = 10 * time.Second // at most until a message is tried again over which there was trouble
	rulesRetry   = 20 * time.Second // likewise, if the server does not like this machine or sender, or has no space
)

// errUnmailable says that a message could not be written.
var errUnmailable = errors.New("the mail cannot be written")

// delivery is a row that is claimed, and its message.
type delivery struct {
	alert   fsm.Alert
	attempt uint32
	began   time.Time
	message []byte
}

// prepare claims a row, renders its message and hands it to a worker. The claims of several rows
// commit together, while the workers have others on the wire.
func (d *dispatcher) prepare(ctx context.Context, id fsm.AlertID) {
	a, err := d.s.store.Alert(id)
	if err != nil { // dropped meanwhile
		d.finish(ctx, id)
		return
	}
	m := &delivery{alert: a, attempt: a.Attempt + 1, began: time.Now()}
	d.s.passPoint(PointReady)
	if err := d.claim(ctx, m); err != nil {
		if errors.Is(err, fsm.ErrUnknownOutcome) { // give it back, if it was claimed
			d.settleRow(ctx, m, fsm.Settle{Outcome: fsm.OutcomeRetry, Error: "the claim was not confirmed"})
		}
		d.finish(ctx, id)
		return
	}
	d.s.passPoint(PointClaimed)
	// What a row tells may have changed until it was claimed.
	var members []fsm.Alert
	if m.alert, members, err = d.loadToSend(id); err != nil {
		d.finish(ctx, id)
		return
	}
	if m.alert.Channel() != (fsm.ChannelID{}) && m.alert.ChannelKind == "" {
		d.settleRow(ctx, m, fsm.Settle{Outcome: fsm.OutcomeFailed, Error: errChannelGone.Error()})
		d.finish(ctx, id)
		return
	}
	if m.message, err = message.Render(d.s.cfg.MailFrom, m.alert, members, d.s.messageOptions(m.alert)); err != nil {
		d.recordFailure(ctx, m, fmt.Errorf("%w: %w", errUnmailable, err))
		d.finish(ctx, id)
		return
	}
	select {
	case d.claimed <- m:
	case <-ctx.Done(): // the next leader claims it anew
	}
}

// recordFailure records the outcome of an attempt that failed.
func (d *dispatcher) recordFailure(ctx context.Context, m *delivery, err error) {
	v := classify(err)
	switch {
	case v == smtp.Unsent:
		d.s.log.Warn("an alert was not completed in time; it is tried again", "alert", m.alert.ID.String(), "error", err)
	case ctx.Err() == nil:
		d.logFailure(m.alert, v, err)
	}
	s := fsm.Settle{Error: clipError(err), RetryIn: retryIn(v, err, m.attempt).Milliseconds()}
	switch v {
	case smtp.Unsent, smtp.Trouble:
		s.Outcome = fsm.OutcomeRetry
	case smtp.Refused:
		s.Outcome, s.Refused = fsm.OutcomeRetry, true
	case smtp.Permanent:
		s.Outcome = fsm.OutcomeFailed
	case smtp.InDoubt:
		s.Outcome, s.Resend = fsm.OutcomeInDoubt, d.s.cfg.InDoubt == InDoubtResend
	}
	d.settleRow(ctx, m, s)
}

// classify returns the class of an error, also of one from before a server was asked.
func classify(err error) smtp.Class {
	if errors.Is(err, errUnmailable) {
		return smtp.Permanent
	}
	return smtp.Classify(err)
}

// retryIn is the wait of a row after an attempt that failed. What waits for the server is
// ready at once when the gate opens; what the server refuses waits longer each time.
func retryIn(v smtp.Class, err error, attempt uint32) time.Duration {
	switch {
	case v == smtp.Trouble && smtp.WhileConnecting(err):
		return smtp.FirstProbe
	case v == smtp.Trouble && errors.As(err, new(*smtp.Error)):
		return min(backoff(attempt), rulesRetry)
	case v == smtp.Trouble:
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

// linkFor is how long the link in a mail is good.
const linkFor = 7 * 24 * time.Hour

// messageOptions are where an alert leads, and in which words it is told.
func (s *Service) messageOptions(a fsm.Alert) message.Options {
	return message.Options{Base: s.cfg.PublicURL, Act: s.linkOf(a), Own: s.store.Templates(), OwnFailed: func(name string, err error) {
		s.log.Warn("a template of alerts failed: the alert goes out with the words that are built in; mend it with 'quorumbeat templates'",
			"template", name, "alert", a.ID.String(), "heartbeat", a.Heartbeat.String(), "channel", cmp.Or(a.ChannelName, "mail"), "error", err)
	}}
}

// linkOf is where whoever gets a mail may acknowledge its incident; "" for what is no alarm, and
// without --public-url.
func (s *Service) linkOf(a fsm.Alert) string {
	if !a.Kind.Alarms() || s.cfg.PublicURL == "" || s.cfg.SignLink == nil {
		return ""
	}
	token := s.cfg.SignLink(fsm.IncidentRef{Heartbeat: a.Heartbeat, Number: a.Incident}, a.CreatedAt.Add(linkFor))
	if token == "" {
		return ""
	}
	return strings.TrimSuffix(s.cfg.PublicURL, "/") + "/incident/" + token
}
