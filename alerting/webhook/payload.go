package webhook

import (
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	maxMembers = 1000 // of a digest are listed
	maxText    = 8000 // bytes
)

// payload is the body of a request. Fields are added, never changed or taken away.
type payload struct {
	Type      string `json:"type"` // incident.down, .recovered, .unheard, .failure; digest; test
	Timestamp string `json:"timestamp"`
	Data      data   `json:"data"`
}

type data struct {
	event
	Title   string  `json:"title"`
	Text    string  `json:"text"`
	Repeat  bool    `json:"may_be_repeat"`    // an earlier attempt with the same ID got no answer
	Groups  []group `json:"groups,omitempty"` // of a digest: what failed together
	Alerts  []event `json:"alerts,omitempty"`
	Dropped int     `json:"alerts_dropped,omitempty"` // alerts of the digest that are not listed
	Pause   string  `json:"pause_command,omitempty"`
}

// group is what some heartbeats of a digest have in common.
type group struct {
	By         string `json:"by"` // address, tag or name_prefix
	Value      string `json:"value"`
	Heartbeats int    `json:"heartbeats"`
}

// event is what happened to one heartbeat.
type event struct {
	Incident  *incident  `json:"incident,omitempty"`
	Heartbeat *heartbeat `json:"heartbeat,omitempty"`
	Evidence  *evidence  `json:"evidence,omitempty"`
	Kind      string     `json:"kind,omitempty"`   // in a digest
	System    *system    `json:"system,omitempty"` // of the monitor itself: instead of heartbeat and evidence
	URL       string     `json:"url,omitempty"`
}

type incident struct {
	ID    string  `json:"id"`
	Since *string `json:"since"`
}

type system struct {
	Reason string `json:"reason"`
	Node   string `json:"node,omitempty"`
	Detail string `json:"detail,omitempty"`
}

type heartbeat struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Slug        string   `json:"slug,omitempty"`
	Description string   `json:"description,omitempty"` // not in a digest
	Owner       string   `json:"owner,omitempty"`
	RunbookURL  string   `json:"runbook_url,omitempty"`
	Tags        []string `json:"tags"`
	TZ          string   `json:"tz,omitempty"`
}

type evidence struct {
	LastPing *string  `json:"last_ping_at"`
	LastFrom string   `json:"last_ping_from,omitempty"`
	Due      *string  `json:"due_at"`
	Interval int64    `json:"interval_secs"`
	Grace    int64    `json:"grace_secs"`
	Schedule string   `json:"schedule,omitempty"`
	LastGood *string  `json:"last_good_run_at,omitempty"`
	Misses   int64    `json:"misses"`
	Failures int64    `json:"failures"` // in the incident so far, with runs that did not end
	Failed   bool     `json:"reported_failure"`
	Broke    string   `json:"broken_check,omitempty"` // the job took itself for a good run
	Exit     *int     `json:"exit_status"`            // null: none was reported
	Started  *string  `json:"run_began_at"`
	Took     *float64 `json:"run_secs,omitempty"`
	Usual    *float64 `json:"usual_run_secs,omitempty"`
	DownSecs *float64 `json:"down_secs"` // null: it has only begun
	With     []string `json:"fails_with,omitempty"`
	Output   string   `json:"output,omitempty"`
}

func payloadOf(m channel.Message) payload {
	p := payload{Type: typeOf(m), Timestamp: stamp(m.Alert.CreatedAt), Data: data{Title: m.Title, Text: m.Body(maxText), Repeat: m.Repeat, Pause: m.Command}}
	switch {
	case m.Test:
		p.Data.URL = m.Link()
	case m.Alert.Kind == fsm.AlertDigest:
		p.Data.URL = m.Link()
		for _, g := range m.Groups {
			p.Data.Groups = append(p.Data.Groups, group(g))
		}
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
	case m.Alert.Kind == fsm.AlertCanary:
		return "canary"
	}
	return "incident." + m.Alert.Kind.String()
}

func eventOf(a fsm.Alert, base string) event {
	x := event{
		Kind:      a.Kind.String(),
		Incident:  &incident{ID: a.IncidentID(), Since: timeOf(a.Evidence.Since)},
		Heartbeat: heartbeatOf(a),
		Evidence:  evidenceOf(a),
		URL:       message.Options{Base: base}.Page(a),
	}
	if s := a.Evidence.System; a.OfSystem() {
		x.Heartbeat, x.Evidence, x.System = nil, nil, &system{s.Kind.String(), s.Node, s.Detail}
	}
	if x.Incident.Since == nil && a.Kind != fsm.AlertRecovered {
		x.Incident.Since = timeOf(a.CreatedAt)
	}
	return x
}

func heartbeatOf(a fsm.Alert) *heartbeat {
	b := a.About
	h := &heartbeat{ID: a.Heartbeat.String(), Name: a.Evidence.Name, Slug: b.Slug, Owner: b.Owner, RunbookURL: b.Runbook, Tags: []string{}, TZ: b.TZ}
	h.Tags = append(h.Tags, b.Tags...)
	if a.Digest == (fsm.AlertID{}) {
		h.Description = b.Description
	}
	return h
}

func evidenceOf(a fsm.Alert) *evidence {
	e := a.Evidence
	x := &evidence{
		LastPing: timeOf(e.LastPing), LastFrom: e.LastFrom, Due: timeOf(e.Due), Interval: e.Interval, Grace: e.Grace, Schedule: e.Schedule,
		LastGood: timeOf(a.About.LastGood), Misses: e.Misses, Failures: e.Failures, Failed: e.Failed, Broke: e.Broke, Started: timeOf(e.Started),
		Took: secondsOf(a.About.Took), Usual: secondsOf(a.About.Usual), DownSecs: secondsOf(e.Down), With: a.About.FailsWith, Output: e.Output,
	}
	if a.Kind != fsm.AlertUnheard {
		x.Failures = e.FailuresSoFar()
	}
	if e.Exit > 0 || e.Clean {
		x.Exit = &e.Exit
	}
	return x
}

// secondsOf is null for what is not known.
func secondsOf(d time.Duration) *float64 {
	if d <= 0 {
		return nil
	}
	secs := d.Seconds()
	return &secs
}

func timeOf(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := stamp(t)
	return &text
}

// stamp writes times as the API does, always with three decimals.
func stamp(t time.Time) string { return t.UTC().Format(fsm.TimeLayout) }
