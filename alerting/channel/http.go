package channel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const maxAnswer = 300 // bytes of an answer that are kept

// Request is an HTTP request and where it goes.
type Request struct {
	URL string
	outgoing.Request
}

// Format is how one service is spoken to.
type Format struct {
	// Render writes the request. Attempts of one message differ in nothing but what says that it
	// may be a repeat, and when it is sent.
	Render func(c fsm.ChannelSpec, m Message, now time.Time) (Request, error)
	// ReadBody reads what an answer says beside its status; nil goes by the status alone.
	ReadBody func(a outgoing.Answer) BodyStatus
	// Ref reads, of an answer to what it took, how the service names the message; nil: it does not.
	Ref func(c fsm.ChannelSpec, m Message, a outgoing.Answer) string
}

// BodyStatus is what became of a request, as the answer's body says.
type BodyStatus struct {
	Refusal string        // why the service did not take it, though the status may say that it did; "": it did
	Final   bool          // and never will
	Doubt   bool          // or it may have, as it says itself
	After   time.Duration // that it asks to wait
}

// HTTP opens deliveries that are one request.
func HTTP(client *outgoing.Client, f Format) Opener { return &httpOpener{client, f} }

type httpOpener struct {
	client *outgoing.Client
	format Format
}

type httpDelivery struct {
	conn    *outgoing.Conn
	request outgoing.Request
	format  Format
	channel fsm.ChannelSpec
	message Message
	ref     string
}

func (o *httpOpener) Open(ctx context.Context, c fsm.ChannelSpec, m Message) (Delivery, error) {
	r, err := o.format.Render(c, m, time.Now())
	if err != nil {
		return nil, redacted(c, WithClass(Refused, fmt.Errorf("the message cannot be written: %w", err)))
	}
	u, err := outgoing.ParseURL(r.URL)
	if err != nil {
		return nil, WithClass(Refused, fmt.Errorf("the channel's URL is not right: %w", err))
	}
	conn, err := o.client.Open(ctx, u)
	if err != nil {
		return nil, redacted(c, WithClass(Trouble, err))
	}
	return &httpDelivery{conn: conn, request: r.Request, format: o.format, channel: c, message: m}, nil
}

func (d *httpDelivery) Close() { d.conn.Close() }

// Ref is how the service names the message that it took.
func (d *httpDelivery) Ref() string { return d.ref }

func (d *httpDelivery) Complete(ctx context.Context, by time.Time) (string, error) {
	a, err := d.conn.Do(ctx, by, d.request)
	if err != nil {
		return "", redacted(d.channel, WithClass(Classify(err), err))
	}
	answer, err := d.outcomeOf(a, time.Now())
	if err == nil && d.format.Ref != nil {
		d.ref = d.format.Ref(d.channel, d.message, a)
	}
	return message.Clip(Redact(d.channel, answer), maxAnswer), redacted(d.channel, err)
}

// outcomeOf says what became of a request, by its status and by what the service says beside.
func (d *httpDelivery) outcomeOf(a outgoing.Answer, now time.Time) (answer string, err error) {
	answer = strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)))
	body := Redact(d.channel, string(a.Body)) // before it is cut, or a piece of a secret may be left
	if text := strings.TrimSpace(message.OneLine(strings.ToValidUTF8(body, "\uFFFD"))); text != "" {
		answer += ": " + message.Clip(text, maxAnswer)
	}
	var v BodyStatus
	if d.format.ReadBody != nil {
		v = d.format.ReadBody(a)
	}
	after := max(v.After, a.RetryAfter(now))
	switch class, refused := classOf(a.Status); {
	case v.Doubt:
		return answer, WithClass(InDoubt, errors.New("it answered that it may have taken it: "+v.Refusal))
	case !refused && v.Refusal == "":
		return answer, nil
	case refused && class == Trouble && !v.Final, !refused && !v.Final:
		return answer, &Error{Trouble, after, errors.New(reason(answer, v, refused))}
	}
	return answer, &Error{Refused, 0, errors.New(reason(answer, v, true))}
}

func reason(answer string, v BodyStatus, byStatus bool) string {
	if v.Refusal != "" && !byStatus {
		return "it answered that it did not take it: " + v.Refusal
	}
	return "it answered " + answer
}

// classOf says what a status means; refused is false for success.
func classOf(status int) (c Class, refused bool) {
	switch {
	case status >= 200 && status < 300:
		return Trouble, false
	case status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests || status >= 500:
		return Trouble, true
	}
	return Refused, true
}

// redacted returns an error whose text holds no secret of the channel.
func redacted(c fsm.ChannelSpec, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Class: Classify(err), After: RetryAfter(err), err: err}
	if clean := Redact(c, err.Error()); clean != err.Error() {
		e.err = errors.New(clean)
	}
	return e
}
