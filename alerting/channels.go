package alerting

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/alertmanager"
	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/chat"
	"github.com/quorumbeat/quorumbeat/alerting/command"
	"github.com/quorumbeat/quorumbeat/alerting/ntfy"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/alerting/pagerduty"
	"github.com/quorumbeat/quorumbeat/alerting/telegram"
	"github.com/quorumbeat/quorumbeat/alerting/webhook"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// openersFor returns who speaks to the channels of each kind.
func openersFor(cfg Config, policy outgoing.Policy, wrote func()) map[string]channel.Opener {
	client := outgoing.New(policy)
	client.Wrote = wrote
	return map[string]channel.Opener{
		"webhook":      channel.HTTP(client, webhook.Format),
		"slack":        channel.HTTP(client, chat.Slack),
		"teams":        channel.HTTP(client, chat.Teams),
		"discord":      channel.HTTP(client, chat.Discord),
		"telegram":     channel.HTTP(client, telegram.Format),
		"ntfy":         channel.HTTP(client, ntfy.Format),
		"pagerduty":    channel.HTTP(client, pagerduty.Format),
		"alertmanager": channel.HTTP(client, alertmanager.Format),
		"command":      command.Opener{Allowed: cfg.AllowCommands, Began: wrote},
	}
}

// TestChannel sends a test by a channel, from this node and in the same way as an alert, but
// past the ledger. The error is ErrNotFound.
func (s *Service) TestChannel(ctx context.Context, id fsm.ChannelID) (TestResult, error) {
	c, err := s.store.Channel(id)
	if err != nil {
		return TestResult{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	answer, err := s.sendChannelTest(ctx, c.Spec)
	if err != nil {
		answer = clipError(err)
	}
	return TestResult{Recipient: c.Spec.Name, Accepted: err == nil, Answer: answer}, nil
}

func (s *Service) sendChannelTest(ctx context.Context, c fsm.ChannelSpec) (answer string, err error) {
	opener := s.openers[c.Kind]
	if opener == nil {
		return "", errKindUnknown
	}
	var id fsm.AlertID
	_, _ = rand.Read(id[:])
	d, err := opener.Open(ctx, c, channel.NewTest(id.String(), s.cfg.NodeName, s.cfg.PublicURL, time.Now()))
	if err != nil {
		return "", err
	}
	defer d.Close()
	answer, err = d.Complete(ctx, time.Now().Add(dotWindow))
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = errors.New("it did not answer within " + testLimit.String())
	}
	return answer, err
}
