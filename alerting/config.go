package alerting

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/alerting/smtp"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// What to do with a message that may have been delivered (Config.InDoubt).
const (
	InDoubtResend = "resend" // send it again, with the same Message-ID and a word about it
	InDoubtHold   = "hold"   // leave it for a person to decide
)

// ErrConfig is wrapped by errors that the operator mends by changing a setting.
var ErrConfig = fsm.ErrConfig

// Config says what a leader sends, how, and to whom.
type Config struct {
	Settings  fsm.Settings // made the cluster's by each new leader
	SMTPURL   string       // see ParseSMTPURL; "stdout:" shows mails on Terminal
	SMTPHelo  string       // the name for EHLO; "": this machine's
	MailFrom  string       // the sender's bare address
	InDoubt   string       // InDoubtResend or InDoubtHold
	PublicURL string       // where the dashboard is; "": messages have no links

	// SignLink returns the token of a link by which an incident is acknowledged, until a time; "" if
	// there are none. The same each time, for every attempt of a mail is the same bytes. nil: no links.
	SignLink func(ref fsm.IncidentRef, until time.Time) string

	Zone func(name string) (*time.Location, error) // the rules of a time zone; nil: times are told in UTC

	WebhookAllow  []string // networks that channels may reach beside public addresses
	AllowCommands bool     // channels of the kind command run programs of this node

	NodeName   string                // shown in the mails
	Terminal   io.Writer             // for "stdout:"
	Logger     *slog.Logger          // nil: silent
	Registerer prometheus.Registerer // nil: no metrics

	Step func(point string) // for tests only: told of each Point that a delivery reaches; may end the process
}

// DefaultConfig leaves SMTPURL to be set.
func DefaultConfig() Config {
	return Config{Settings: fsm.DefaultSettings(), MailFrom: "quorumbeat@localhost", InDoubt: InDoubtResend}
}

// Validate tells the first thing that is wrong, and what to do about it.
func (c Config) Validate() error {
	target, err := smtp.ParseURL(c.SMTPURL)
	if err != nil {
		return err
	}
	if _, err := smtp.ReadCA(target.CA); err != nil {
		return fmt.Errorf("%w: %v", ErrConfig, err)
	}
	if err := smtp.ValidateHelo(c.SMTPHelo); err != nil {
		return err
	}
	if err := fsm.ValidateEmail(c.MailFrom); err != nil {
		return fmt.Errorf("%w: --mail-from: %v", ErrConfig, err)
	}
	if c.InDoubt != InDoubtResend && c.InDoubt != InDoubtHold {
		return fmt.Errorf("%w: --in-doubt is %q: use %s or %s", ErrConfig, c.InDoubt, InDoubtResend, InDoubtHold)
	}
	if _, err := outgoing.ParsePolicy(c.WebhookAllow); err != nil {
		return fmt.Errorf("%w: --webhook-allow: %v", ErrConfig, err)
	}
	if err := c.Settings.Validate(); err != nil {
		return fmt.Errorf("%w: --%v", ErrConfig, err)
	}
	return nil
}

func (c Config) logger() *slog.Logger {
	if c.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Logger
}
