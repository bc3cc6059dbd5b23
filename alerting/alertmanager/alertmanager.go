package alertmanager

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	lasts        = 365 * 24 * time.Hour // how long an alert stays that nothing ends
	unheardLasts = time.Hour            // and a notice, which nothing ends
	testLasts    = 5 * time.Minute
	clockSkew    = time.Minute // that Alertmanager's clock may be behind
	maxMembers   = 10_000
)

// Format is how Alertmanager is spoken to.
var Format = channel.Format{Render: render}

type alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    string            `json:"startsAt"`
	EndsAt      string            `json:"endsAt"`
	URL         string            `json:"generatorURL,omitempty"`
}

func render(c fsm.ChannelSpec, m channel.Message, now time.Time) (channel.Request, error) {
	body, err := channel.JSON(alertsOf(m, now))
	header := map[string]string{"Content-Type": "application/json"}
	switch {
	case c.Get("token") != "":
		header["Authorization"] = "Bearer " + c.Get("token")
	case c.Get("username") != "":
		header["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Get("username")+":"+c.Get("password")))
	}
	return channel.Request{
		URL:     strings.TrimSuffix(c.Get("url"), "/") + "/api/v2/alerts",
		Request: outgoing.Request{Method: http.MethodPost, Body: body, Header: header},
	}, err
}

func alertsOf(m channel.Message, now time.Time) []alert {
	switch {
	case m.Test:
		return []alert{{
			Labels:      map[string]string{"alertname": "QuorumbeatTest", "test": m.Key},
			Annotations: map[string]string{"summary": m.Title, "description": m.Body(4000)},
			StartsAt:    stamp(m.Alert.CreatedAt), EndsAt: stamp(m.Alert.CreatedAt.Add(testLasts)), URL: m.Link(),
		}}
	case m.Alert.Kind == fsm.AlertDigest:
		var list []alert
		for _, a := range newest(m.Members) {
			list = append(list, alertOf(channel.New(a, nil, m.Options), now))
		}
		return list
	}
	return []alert{alertOf(m, now)}
}

// newest leaves the newest news of each incident, for one list may not name an alert twice.
func newest(members []fsm.Alert) (list []fsm.Alert) {
	at := map[string]int{}
	for _, a := range members[:min(len(members), maxMembers)] {
		key := a.IncidentID() + nameOf(a)
		if i, known := at[key]; known {
			if a.Newer(list[i]) {
				list[i] = a
			}
			continue
		}
		at[key] = len(list)
		list = append(list, a)
	}
	return list
}

// alertOf names an incident by labels that cannot change while it goes on: a heartbeat's name
// can, so that is an annotation.
func alertOf(m channel.Message, now time.Time) alert {
	a, e := m.Alert, m.Alert.Evidence
	starts, ends := a.CreatedAt, now.Add(lasts)
	if !e.Since.IsZero() {
		starts = e.Since
	}
	switch a.Kind {
	case fsm.AlertRecovered:
		// An end that lies in the future of Alertmanager's clock would count as none.
		if ends = a.CreatedAt.Add(-clockSkew); ends.Before(starts) {
			ends = starts
		}
	case fsm.AlertUnheard:
		ends = now.Add(unheardLasts)
	}
	notes := map[string]string{"summary": m.Title, "heartbeat": message.OneLine(e.Name), "description": m.Body(4000)}
	for name, value := range map[string]string{
		"owner": message.OneLine(a.About.Owner), "runbook_url": a.About.Runbook, "tags": message.OneLine(strings.Join(a.About.Tags, ", ")), "pause": m.Command,
	} {
		if value != "" {
			notes[name] = value
		}
	}
	return alert{
		Labels:      map[string]string{"alertname": nameOf(a), "heartbeat_id": a.Heartbeat.String(), "incident_id": a.IncidentID(), "source": "quorumbeat"},
		Annotations: notes,
		StartsAt:    stamp(starts), EndsAt: stamp(ends), URL: m.Link(),
	}
}

func nameOf(a fsm.Alert) string {
	switch {
	case a.OfSystem():
		return "QuorumbeatTrouble"
	case a.Kind == fsm.AlertUnheard:
		return "HeartbeatUnheard"
	}
	return "HeartbeatDown"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
