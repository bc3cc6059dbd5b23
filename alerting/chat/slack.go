package chat

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Slack cuts texts over 40,000 characters, and asks for 4,000 at most.
const (
	slackTitle = 300
	slackBody  = 3500
)

// Slack is how Slack, Mattermost and the like are spoken to.
var Slack = channel.Format{Render: renderSlack}

type slackMessage struct {
	Text        string            `json:"text"`
	Attachments []slackAttachment `json:"attachments"`
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
	return post(c, m, slackMessage{Text: title, Attachments: []slackAttachment{a}})
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
	body, err := json.Marshal(v)
	return channel.Request{URL: c.Get("url"), Request: outgoing.Request{
		Method: http.MethodPost, Body: body,
		Header: map[string]string{"Content-Type": "application/json", "Idempotency-Key": m.Key},
	}}, err
}
