package ntfy

import (
	"net/http"
	"strconv"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// A message over 4,096 bytes would become an attachment; a request over twice as much is refused.
const (
	maxTitle   = 250
	maxText    = 4000
	maxRequest = 8192
	usual      = 3 // priority of what is no failure
)

// Format is how ntfy is spoken to.
var Format = channel.Format{Render: render}

type publish struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags,omitempty"`
	Click    string   `json:"click,omitempty"`
}

func render(c fsm.ChannelSpec, m channel.Message, _ time.Time) (channel.Request, error) {
	k, _ := kinds.Find("ntfy")
	out := publish{Topic: c.Get("topic"), Title: message.Clip(m.Title, maxTitle), Priority: usual, Click: m.Link()}
	switch {
	case m.Good:
		out.Tags = []string{"white_check_mark"}
	case m.Tag == "UNHEARD":
		out.Tags = []string{"warning"}
	default:
		out.Tags = []string{"rotating_light"}
		out.Priority, _ = strconv.Atoi(k.Value(c, "priority"))
	}
	body, err := channel.FitJSON(maxRequest, maxText, func(most int) any {
		out.Message = m.Body(most)
		return out
	})
	header := map[string]string{"Content-Type": "application/json"}
	if token := c.Get("token"); token != "" {
		header["Authorization"] = "Bearer " + token
	}
	return channel.Request{URL: k.Value(c, "server"), Request: outgoing.Request{Method: http.MethodPost, Body: body, Header: header}}, err
}
