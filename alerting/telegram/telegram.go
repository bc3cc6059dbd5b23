package telegram

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// maxText is 4,096 characters, of which none takes less than a byte.
const maxText = 4096

// Format is how the Bot API is spoken to.
var Format = channel.Format{Render: render, ReadBody: readAnswer}

type sendMessage struct {
	Chat    string `json:"chat_id"`
	Thread  int64  `json:"message_thread_id,omitempty"`
	Text    string `json:"text"`
	Preview struct {
		Off bool `json:"is_disabled"`
	} `json:"link_preview_options"`
	Silent bool `json:"disable_notification,omitempty"`
}

func render(c fsm.ChannelSpec, m channel.Message, _ time.Time) (channel.Request, error) {
	k, _ := kinds.Find("telegram")
	out := sendMessage{Chat: c.Get("chat_id"), Silent: m.Good && !m.Test}
	out.Thread, _ = strconv.ParseInt(c.Get("thread_id"), 10, 64)
	out.Preview.Off = true
	title, link := message.Clip(m.Title, 400), m.Link()
	if link != "" {
		link = "\n\n" + link
	}
	out.Text = title + "\n\n" + m.Body(maxText-len(title)-len(link)-2) + link
	body, err := channel.JSON(out)
	return channel.Request{
		URL: strings.TrimSuffix(k.Value(c, "api_url"), "/") + "/bot" + c.Get("token") + "/sendMessage",
		Request: outgoing.Request{
			Method: http.MethodPost, Body: body, Header: map[string]string{"Content-Type": "application/json"},
		},
	}, err
}

// readAnswer reads the answer, which says itself whether the message was taken.
func readAnswer(a outgoing.Answer) (v channel.BodyStatus) {
	var body struct {
		OK         bool   `json:"ok"`
		Words      string `json:"description"`
		Parameters struct {
			RetryAfter int64 `json:"retry_after"` // seconds
		} `json:"parameters"`
	}
	switch err := json.Unmarshal(a.Body, &body); {
	case err != nil && a.Status < 300:
		v.Refusal = "its answer is not that of the Bot API"
	case err == nil && !body.OK:
		v.Refusal = cmp.Or(body.Words, "it does not say why")
		v.Final = a.Status < 300
	}
	v.After = time.Duration(min(body.Parameters.RetryAfter, 3600)) * time.Second
	return v
}
