package chat

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// Slack cuts texts over 40,000 characters, and asks for 4,000 at most.
const (
	slackTitle = 300
	slackBody  = 3500
)

// Slack is how Slack, Mattermost and the like are spoken to.
// With the token of a bot it is Slack's API, which says how it names a message: then recoveries and
// reminders go into the thread of the alert.
var Slack = channel.Format{Render: renderSlack, ReadBody: readSlackAnswer, Ref: refOfSlack}

type slackMessage struct {
	Text        string            `json:"text"`
	Attachments []slackAttachment `json:"attachments"`

	// Of the API alone.
	Channel   string `json:"channel,omitempty"`
	Thread    string `json:"thread_ts,omitempty"`
	Broadcast bool   `json:"reply_broadcast,omitempty"` // a recovery shows in the channel, too
}

type slackAttachment struct {
	Fallback string `json:"fallback"`
	Color    string `json:"color"`
	Text     string `json:"text"`
	Link     string `json:"title_link,omitempty"`
	Title    string `json:"title,omitempty"`
	Time     int64  `json:"ts"`
}

func renderSlack(c fsm.ChannelSpec, m channel.Message, _ time.Time) (channel.Request, error) {
	title := escapeSlack(message.Clip(m.Title, slackTitle))
	a := slackAttachment{Fallback: title, Color: colour(m), Text: message.Clip(escapeSlack(m.Body(slackBody)), 2*slackBody), Time: m.Alert.CreatedAt.Unix()}
	if link := m.Link(); link != "" {
		a.Title, a.Link = "Open", link
	}
	out := slackMessage{Text: title, Attachments: []slackAttachment{a}}
	if !kinds.IsSlackBot(c) {
		return post(c, m, out)
	}
	out.Channel, out.Thread = c.Get("channel"), threadIn(c, m)
	out.Broadcast = out.Thread != "" && m.Good
	k, _ := kinds.Find("slack")
	r, err := post(c, m, out)
	r.URL = strings.TrimSuffix(k.Value(c, "api_url"), "/") + "/chat.postMessage"
	r.Header["Authorization"], r.Header["Content-Type"] = "Bearer "+c.Get("token"), "application/json; charset=utf-8"
	return r, err
}

// threadIn is the thread that a message answers, if that is in the channel where it goes.
func threadIn(c fsm.ChannelSpec, m channel.Message) string {
	where, thread, _ := strings.Cut(m.Alert.Thread, " ")
	if where != c.Get("channel") {
		return ""
	}
	return thread
}

type slackAnswer struct {
	OK    *bool  `json:"ok"`
	Error string `json:"error"`
	TS    string `json:"ts"`
}

// temporaryErrors are those of Slack's API after which another attempt may succeed.
var temporaryErrors = []string{"ratelimited", "rate_limited", "message_limit_exceeded", "service_unavailable", "request_timeout"}

// ambiguousErrors are those of which Slack says that a part of the call may have been done.
var ambiguousErrors = []string{"internal_error", "fatal_error"}

// readSlackAnswer reads the answer of the API, which says itself whether the message was taken. Those of webhooks
// are no JSON.
func readSlackAnswer(a outgoing.Answer) (v channel.BodyStatus) {
	var x slackAnswer
	if json.Unmarshal(a.Body, &x) != nil || x.OK == nil || *x.OK {
		return v
	}
	v.Refusal = cmp.Or(x.Error, "it does not say why")
	v.Doubt = slices.Contains(ambiguousErrors, x.Error)
	v.Final = a.Status < 300 && !slices.Contains(temporaryErrors, x.Error)
	return v
}

// refOfSlack names the thread: the one that the message answers, else the message itself.
func refOfSlack(c fsm.ChannelSpec, m channel.Message, a outgoing.Answer) string {
	var x slackAnswer
	if !kinds.IsSlackBot(c) || json.Unmarshal(a.Body, &x) != nil {
		return ""
	}
	if thread := cmp.Or(threadIn(c, m), x.TS); thread != "" {
		return c.Get("channel") + " " + thread
	}
	return ""
}

// escapeSlack writes the three characters that Slack reads as its own, so that a name can
// neither be a link nor call everybody.
func escapeSlack(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// colour is red for what fails, amber for what nobody knows, and green for what is well.
func colour(m channel.Message) string {
	switch {
	case m.Good:
		return "#2e7d32"
	case m.Tag == "UNHEARD":
		return "#b26a00"
	}
	return "#c62828"
}

// post makes the request of a chat.
func post(c fsm.ChannelSpec, m channel.Message, v any) (channel.Request, error) {
	body, err := channel.JSON(v)
	return request(c, m, body), err
}

func request(c fsm.ChannelSpec, m channel.Message, body []byte) channel.Request {
	return channel.Request{URL: c.Get("url"), Request: outgoing.Request{
		Method: http.MethodPost, Body: body,
		Header: map[string]string{"Content-Type": "application/json", "Idempotency-Key": m.Key},
	}}
}
