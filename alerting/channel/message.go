package channel

import (
	"context"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Message is an alert on its way to a channel.
type Message struct {
	message.Message
	Key     string      // the row's ID: the same on every attempt
	Alert   fsm.Alert   // the zero Alert, but for its time, in a test
	Members []fsm.Alert // of a digest
	Test    bool

	message.Options
}

// New makes the message of a row.
func New(a fsm.Alert, members []fsm.Alert, p message.Options) Message {
	return Message{Options: p, Message: message.Compose(a, members, p), Key: a.ID.String(), Alert: a, Members: members}
}

// NewTest makes a message that says that a channel works.
func NewTest(key, node, base string, now time.Time) Message {
	return Message{Message: message.ComposeTest(node), Key: key, Alert: fsm.Alert{CreatedAt: now}, Test: true, Options: message.Options{Base: base}}
}

// Link is the page about the heartbeat, or the list of alerts for a digest; "" if nobody
// knows where the dashboard is.
func (m Message) Link() string {
	return m.Page(m.Alert)
}

// Delivery is an alert that is ready to go out.
type Delivery interface {
	// Complete sends it, if it can begin before by, and returns the other end's answer. The end
	// of ctx ends it.
	Complete(ctx context.Context, by time.Time) (answer string, err error)
	// Close gives up what Complete has not used.
	Close()
}

// Referred is a Delivery whose service names the messages that it took, so that others can answer them.
type Referred interface{ Ref() string }

// Opener gets an alert ready for a kind of channels.
type Opener interface {
	Open(ctx context.Context, c fsm.ChannelSpec, m Message) (Delivery, error)
}
