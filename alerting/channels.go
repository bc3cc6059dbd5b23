package alerting

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/alertmanager"
	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/chat"
	"github.com/quorumbeat/quorumbeat/alerting/command"
	"github.com/quorumbeat/quorumbeat/alerting/ntfy"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/alerting/pagerduty"
	"github.com/quorumbeat/quorumbeat/alerting/shoutrrr"
	"github.com/quorumbeat/quorumbeat/alerting/telegram"
	"github.com/quorumbeat/quorumbeat/alerting/webhook"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// openersFor returns who speaks to the channels of each kind.
func openersFor(cfg Config, policy outgoing.Policy, wrote func()) map[string]channel.Opener {
	client := outgoing.New(policy)
	client.Wrote = wrote
	return openersBy(client, cfg)
}

func openersBy(client *outgoing.Client, cfg Config) map[string]channel.Opener {
	return map[string]channel.Opener{
		"webhook":      channel.HTTP(client, webhook.Format),
		"slack":        channel.HTTP(client, chat.Slack),
		"teams":        channel.HTTP(client, chat.Teams),
		"discord":      channel.HTTP(client, chat.Discord),
		"telegram":     channel.HTTP(client, telegram.Format),
		"ntfy":         channel.HTTP(client, ntfy.Format),
		"pagerduty":    channel.HTTP(client, pagerduty.Format),
		"alertmanager": channel.HTTP(client, alertmanager.Format),
		"shoutrrr":     channel.HTTP(client, shoutrrr.Format),
		"command":      command.Opener{Allowed: cfg.AllowCommands, Began: client.Wrote},
	}
}

// CheckChannel says whether the URLs of a channel can be asked at all, as far as that is known without looking
// names up. The error is for people.
func (s *Service) CheckChannel(c fsm.ChannelSpec) error {
	for _, f := range c.Fields {
		host := ""
		if u, err := kinds.ParseURL(f.Value); err == nil {
			host = u.Hostname()
		} else if x, err := kinds.ParseShoutrrr(f.Value); err == nil && c.Kind == "shoutrrr" {
			host = x.Server()
		}
		if host == "" {
			continue
		}
		if err := s.policy.CheckHost(host); err != nil {
			return fmt.Errorf("%s: %s may not be asked: %w", f.Name, host, err)
		}
	}
	return nil
}

// TestChannel sends a test by a channel, from this node and in the same way as an alert, but
// past the ledger. The error is ErrNotFound.
func (s *Service) TestChannel(ctx context.Context, id fsm.ChannelID) (TestResult, error) {
	c, err := s.store.Channel(id)
	if err != nil {
		return TestResult{}, err
	}
	if c.Spec.Kind == fsm.KindEmail {
		return s.testMailChannel(ctx, c.Spec), nil
	}
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	answer, err := s.sendChannelTest(ctx, c.Spec)
	if err != nil {
		answer = clipError(err)
	}
	return TestResult{Recipient: c.Spec.Name, Accepted: err == nil, Answer: answer}, nil
}

// testMailChannel sends a test mail to each address of a channel.
func (s *Service) testMailChannel(ctx context.Context, c fsm.ChannelSpec) TestResult {
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	out := TestResult{Recipient: c.Name, Accepted: true}
	var answers []string
	for _, to := range c.Addresses() {
		answer, err := s.sendTest(ctx, to)
		if err != nil {
			out.Accepted, answer = false, clipError(err)
		}
		answers = append(answers, to+": "+answer)
	}
	out.Answer = strings.Join(answers, "; ")
	return out
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
