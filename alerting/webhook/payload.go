package webhook

import (
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// maxMembers bounds the list of a digest.
const maxMembers = 1000

// payload is the body of a request. Fields are added, never changed or taken away.
type payload struct {
	Type      string    `json:"type"` // incident.down, .recovered, .unheard, .failure; digest; test
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	event
	Title   string  `json:"title"`
	Text    string  `json:"text"`
	Repeat  bool    `json:"may_be_repeat"` // an earlier attempt with the same ID got no answer
	Alerts  []event `json:"alerts,omitempty"`
	Dropped int     `json:"alerts_dropped,omitempty"` // alerts of the digest that are not listed
}

// event is what happened to one heartbeat.
type event struct {
	Incident  *incident  `json:"incident,omitempty"`
	Heartbeat *heartbeat `json:"heartbeat,omitempty"`
	Evidence  *evidence  `json:"evidence,omitempty"`
	Kind      string     `json:"kind,omitempty"` // in a digest
	URL       string     `json:"url,omitempty"`
}

type incident struct {
	ID    string     `json:"id"`
	Since *time.Time `json:"since"`
}

type heartbeat struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type evidence struct {
	LastPing *time.Time `json:"last_ping_at"`
	LastFrom string     `json:"last_ping_from,omitempty"`
	Due      *time.Time `json:"due_at"`
	Interval int64      `json:"interval_secs"`
	Grace    int64      `json:"grace_secs"`
	Misses   int64      `json:"misses"`
	Failures int64      `json:"failures"`
	Failed   bool       `json:"reported_failure"`
	Exit     int        `json:"exit_status"`
	Started  *time.Time `json:"run_began_at"`
	DownSecs float64    `json:"down_secs"`
	Output   string     `json:"output,omitempty"`
}

func payloadOf(m channel.Message) payload {
	p := payload{Type: typeOf(m), Timestamp: m.Alert.CreatedAt.UTC(), Data: data{Title: m.Title, Text: m.Body(8000), Repeat: m.Repeat}}
	switch {
	case m.Test:
		p.Data.URL = m.Link()
	case m.Alert.Kind == fsm.AlertDigest:
		p.Data.URL = m.Link()
		for _, a := range m.Members[:min(len(m.Members), maxMembers)] {
			p.Data.Alerts = append(p.Data.Alerts, eventOf(a, m.Base))
		}
		p.Data.Dropped = len(m.Members) - len(p.Data.Alerts)
	default:
		p.Data.event = eventOf(m.Alert, m.Base)
		p.Data.Kind = ""
	}
	return p
}

func typeOf(m channel.Message) string {
	switch {
	case m.Test:
		return "test"
	case m.Alert.Kind == fsm.AlertDigest:
		return "digest"
	}
	return "incident." + m.Alert.Kind.String()
}

func eventOf(a fsm.Alert, base string) event {
	e := a.Evidence
	x := event{
		Kind:      a.Kind.String(),
		Incident:  &incident{ID: a.IncidentID(), Since: timeOf(e.Since)},
		Heartbeat: &heartbeat{a.Heartbeat.String(), e.Name},
		Evidence: &evidence{
			LastPing: timeOf(e.LastPing), LastFrom: e.LastFrom, Due: timeOf(e.Due), Interval: e.Interval, Grace: e.Grace,
			Misses: e.Misses, Failures: e.Failures, Failed: e.Failed, Exit: e.Exit, Started: timeOf(e.Started),
			DownSecs: e.Down.Seconds(), Output: e.Output,
		},
	}
	if x.Incident.Since == nil && a.Kind != fsm.AlertRecovered {
		x.Incident.Since = timeOf(a.CreatedAt)
	}
	if base != "" {
		x.URL = channel.Message{Alert: a, Base: base}.Link()
	}
	return x
}

func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
