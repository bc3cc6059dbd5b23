package pagerduty

import (
	"net/http"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

const maxSummary = 1024 // characters

// Format is how the Events API is spoken to.
var Format = channel.Format{Render: render}

type event struct {
	Key     string   `json:"routing_key"`
	Action  string   `json:"event_action"`
	Dedup   string   `json:"dedup_key"`
	Client  string   `json:"client,omitempty"`
	URL     string   `json:"client_url,omitempty"`
	Links   []link   `json:"links,omitempty"`
	Payload *payload `json:"payload,omitempty"` // not needed to resolve
}

type link struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

type payload struct {
	Summary   string            `json:"summary"`
	Source    string            `json:"source"`
	Severity  string            `json:"severity"`
	Timestamp string            `json:"timestamp"`
	Component string            `json:"component,omitempty"`
	Class     string            `json:"class"`
	Details   map[string]string `json:"custom_details"`
}

func render(c fsm.ChannelSpec, m channel.Message, _ time.Time) (channel.Request, error) {
	k, _ := kinds.Find("pagerduty")
	out := event{Key: c.Get("routing_key"), Action: "trigger", Dedup: dedupKey(m), Client: "quorumbeat", URL: m.Link()}
	if m.Alert.Kind == fsm.AlertRecovered {
		out.Action = "resolve"
	}
	severity := k.Value(c, "severity")
	if m.Test || m.Alert.Kind == fsm.AlertUnheard {
		severity = "info"
	}
	details := map[string]string{"text": m.Body(8000)}
	for _, f := range m.Facts {
		details[f.Label] = f.Value
	}
	out.Payload = &payload{
		Summary: message.Clip(m.Title, maxSummary), Source: "quorumbeat", Severity: severity, Component: m.Alert.Evidence.Name,
		Timestamp: m.Alert.CreatedAt.UTC().Format(time.RFC3339), Class: m.Tag, Details: details,
	}
	if runbook := m.Alert.About.Runbook; runbook != "" {
		out.Links = []link{{runbook, "Runbook"}}
	}
	body, err := channel.JSON(out)
	return channel.Request{URL: k.Value(c, "url"), Request: outgoing.Request{
		Method: http.MethodPost, Body: body, Header: map[string]string{"Content-Type": "application/json"},
	}}, err
}

// dedupKey names an incident. A notice that a job was unheard is a thing of its own, which
// nothing resolves.
func dedupKey(m channel.Message) string {
	switch {
	case m.Test, m.Alert.Kind == fsm.AlertDigest:
		return m.Key
	case m.Alert.Kind == fsm.AlertUnheard:
		return m.Alert.IncidentID() + "_unheard"
	}
	return m.Alert.IncidentID()
}
