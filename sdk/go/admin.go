package heartbeat

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Alert is a row of the alert ledger: one mail for one recipient, or its part in a
// digest.
type Alert struct {
	ID            string     `json:"id"`
	IncidentID    string     `json:"incident_id"`
	HeartbeatID   string     `json:"heartbeat_id"`
	HeartbeatName string     `json:"heartbeat_name"`
	System        bool       `json:"system"` // of the monitor itself: HeartbeatID is that of no heartbeat
	Kind          string     `json:"kind"`   // down, failure, reminder, recovered, unheard, digest, canary
	Channel       string     `json:"channel"`
	Recipient     string     `json:"recipient"`  // an address, or the name of a channel
	ChannelID     string     `json:"channel_id"` // "": by mail
	State         string     `json:"state"`      // pending, claimed, fenced, sent, failed, held, cancelled
	Attempts      int        `json:"attempts"`
	InDoubt       bool       `json:"in_doubt"` // an earlier attempt may have been delivered
	MessageID     string     `json:"message_id"`
	DigestID      string     `json:"digest_id"`
	Error         string     `json:"error"`
	CreatedAt     time.Time  `json:"created_at"`
	SentAt        *time.Time `json:"sent_at"`
	NextAttemptAt *time.Time `json:"next_attempt_at"` // of a pending one that waits: not before about then
	WaitsFor      *Wait      `json:"waits_for"`       // of a pending one: what keeps it back, though its time has come
	Evidence      *Evidence  `json:"evidence"`        // nil for a digest
}

// Wait is what keeps an alert back.
type Wait struct {
	For  string `json:"for"` // window: a maintenance window; hours: those of its channel
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Evidence is what a mail tells of an incident.
type Evidence struct {
	Reason       string     `json:"reason"`      // silence, failure, hung_run, unheard; good_run: it ended
	Misses       int        `json:"misses"`      // in a row; of a recovery and a failure: in the incident
	Failures     int        `json:"failures"`    // of those: in the incident, with runs that did not finish
	DownSince    *time.Time `json:"down_since"`  // of those
	DownSecs     *int64     `json:"down_secs"`   // of a recovery
	SilentSecs   *int64     `json:"silent_secs"` // of an incident that began with silence, once that ended
	LastPingedAt *time.Time `json:"last_pinged_at"`
	LastFrom     string     `json:"last_from"`
	DueAt        *time.Time `json:"due_at"`
	RunStartedAt *time.Time `json:"run_started_at"` // of a run that did not finish
	ExitCode     *int       `json:"exit_code"`
	AlertRule    string     `json:"alert_rule"` // which miss was to alert: threshold, resumed, unheard
	ResumedAt    *time.Time `json:"resumed_at"`
	Flaps        int        `json:"flaps"` // incidents that followed another within its flap window; 0: this is no flapping
}

// AlertsParams chooses alerts; zero values choose all.
type AlertsParams struct {
	State       string
	HeartbeatID string
	Limit       int // 1 to 1000; 0: 100
}

// Alerts returns the newest rows of the ledger, newest first.
func (c *Client) Alerts(ctx context.Context, p AlertsParams) ([]Alert, error) {
	values := map[string]string{"state": p.State, "heartbeat_id": p.HeartbeatID}
	if p.Limit != 0 {
		values["limit"] = strconv.Itoa(p.Limit)
	}
	out, err := result[struct{ Alerts []Alert }](ctx, c, request{method: http.MethodGet, path: "/v1/alerts" + query(values)}, nil)
	if err != nil {
		return nil, err
	}
	return out.Alerts, nil
}

// Incident is one incident of a heartbeat, or a time in which it could not be heard.
type Incident struct {
	ID            string     `json:"id"`
	HeartbeatID   string     `json:"heartbeat_id"`
	HeartbeatName string     `json:"heartbeat_name"`
	System        bool       `json:"system"` // of the monitor itself: HeartbeatID is that of no heartbeat
	State         string     `json:"state"`  // open, ended
	Reason        string     `json:"reason"` // silence, failure, hung_run, unheard; of the monitor itself node_lost, outage, disk_low, certificate_expires
	Since         time.Time  `json:"since"`
	EndedAt       *time.Time `json:"ended_at"` // nil if it goes on, or was never open
	EndedBy       string     `json:"ended_by"` // recovered, paused, deleted; "": it goes on, or was never open
	Alerts        []Alert    `json:"alerts"`   // those that are kept, the oldest first

	AcknowledgedBy *string    `json:"acknowledged_by"` // who sees to it; nil: nobody
	AcknowledgedAt *time.Time `json:"acknowledged_at"`
	SnoozedUntil   *time.Time `json:"snoozed_until"` // it is silent until about then
	Misses         int64      `json:"misses"`
	Failures       int64      `json:"failures"`         // with runs that did not end in time
	Reminders      int64      `json:"reminders"`        // how often it was told again
	NextReminderAt *time.Time `json:"next_reminder_at"` // nil: it is not told again

	Story        []IncidentEvent `json:"story"`          // what happened, oldest first; of an incident that is shown alone
	StoryLeftOut int64           `json:"story_left_out"` // events that are no longer kept
}

// OpenIncident is the incident that a heartbeat has open.
type OpenIncident struct {
	ID             string     `json:"id"`
	Since          time.Time  `json:"since"`
	Reason         string     `json:"reason"`          // silence, failure, hung_run
	AcknowledgedBy *string    `json:"acknowledged_by"` // nil: nobody sees to it
	AcknowledgedAt *time.Time `json:"acknowledged_at"`
	SnoozedUntil   *time.Time `json:"snoozed_until"`
}

// IncidentEvent is one thing that happened in an incident.
type IncidentEvent struct {
	At       time.Time  `json:"at"`
	Event    string     `json:"event"` // began, failed, hung, alerted, acknowledged, withdrawn, snoozed, woke, edited, paused, resumed, good_run, recovered, deleted
	By       string     `json:"by"`
	Note     string     `json:"note"`
	Reason   string     `json:"reason"`    // began
	ExitCode *int       `json:"exit_code"` // began, failed
	Broke    string     `json:"broke"`     // failed: a check, in words
	Alert    string     `json:"alert"`     // alerted: its kind
	To       string     `json:"to"`        // alerted
	State    string     `json:"state"`     // alerted: sent, failed, held
	Until    *time.Time `json:"until"`     // snoozed
	Fields   string     `json:"fields"`    // edited
}

// IncidentsParams chooses incidents; zero values choose all.
type IncidentsParams struct {
	Open        bool // only those that go on
	HeartbeatID string
	Limit       int // 1 to 1000; 0: 100
}

// Incidents returns the newest incidents, newest first, with the alerts that told of them.
func (c *Client) Incidents(ctx context.Context, p IncidentsParams) ([]Incident, error) {
	values := map[string]string{"heartbeat_id": p.HeartbeatID}
	if p.Open {
		values["state"] = "open"
	}
	if p.Limit != 0 {
		values["limit"] = strconv.Itoa(p.Limit)
	}
	out, err := result[struct{ Incidents []Incident }](ctx, c, request{method: http.MethodGet, path: "/v1/incidents" + query(values)}, nil)
	if err != nil {
		return nil, err
	}
	return out.Incidents, nil
}

// Incident returns one incident, with its story.
func (c *Client) Incident(ctx context.Context, id string) (*Incident, error) {
	return result[Incident](ctx, c, request{method: http.MethodGet, path: incidentPath(id, "")}, nil)
}

// AckParams says who sees to an incident; zero values are left out.
type AckParams struct {
	By   string `json:"by,omitempty"` // "": the name of the key
	Note string `json:"note,omitempty"`
}

// AckIncident says that somebody sees to an incident: no alert but its recovery goes out any more.
func (c *Client) AckIncident(ctx context.Context, id string, p AckParams) (*Incident, error) {
	return result[Incident](ctx, c, request{method: http.MethodPost, path: incidentPath(id, "/ack")}, p)
}

// UnackIncident takes an acknowledgement or a snooze back: people are told again at once.
func (c *Client) UnackIncident(ctx context.Context, id, by string) (*Incident, error) {
	return result[Incident](ctx, c, request{method: http.MethodPost, path: incidentPath(id, "/unack")}, AckParams{By: by})
}

// SnoozeIncident silences an incident for a time, 1 second to 30 days. If it still goes on then,
// people are told again.
func (c *Client) SnoozeIncident(ctx context.Context, id string, forTime time.Duration, p AckParams) (*Incident, error) {
	body := struct {
		ForSecs int64 `json:"for_secs"`
		AckParams
	}{int64(forTime / time.Second), p}
	return result[Incident](ctx, c, request{method: http.MethodPost, path: incidentPath(id, "/snooze"), once: true}, body)
}

func incidentPath(id, act string) string { return "/v1/incidents/" + url.PathEscape(id) + act }

// RetryAlert has a failed or held alert sent again.
func (c *Client) RetryAlert(ctx context.Context, id string) (*Alert, error) {
	return c.alert(ctx, id, "/retry")
}

// DeliverAlert has a pending alert, or the digest that it is in, sent at once: it waits for no
// group, next attempt or channel any more.
func (c *Client) DeliverAlert(ctx context.Context, id string) (*Alert, error) {
	return c.alert(ctx, id, "/deliver")
}

// HoldAlert holds a pending alert back until it is sent by RetryAlert or cancelled, or a newer one
// takes its place.
func (c *Client) HoldAlert(ctx context.Context, id string) (*Alert, error) {
	return c.alert(ctx, id, "/hold")
}

// CancelAlert cancels a pending alert, or one that HoldAlert holds back: it is never sent.
func (c *Client) CancelAlert(ctx context.Context, id string) (*Alert, error) {
	return c.alert(ctx, id, "/cancel")
}

func (c *Client) alert(ctx context.Context, id, do string) (*Alert, error) {
	return result[Alert](ctx, c, request{method: http.MethodPost, path: "/v1/alerts/" + url.PathEscape(id) + do, once: true}, nil)
}

// MailTest is what became of a test mail.
type MailTest struct {
	Recipient string `json:"recipient"`
	Accepted  bool   `json:"accepted"`
	Answer    string `json:"answer"` // the mail server's, or why there is none
}

// TestMail has a node send a test mail to an address, or to each of the server's
// --mail-to if that is empty. It takes some seconds; a mail that was not accepted is no
// error.
func (c *Client) TestMail(ctx context.Context, to string) ([]MailTest, error) {
	in := struct {
		To string `json:"to"`
	}{to}
	out, err := result[struct{ Results []MailTest }](ctx, c, request{method: http.MethodPost, path: "/v1/alerts/test", once: true}, in)
	if err != nil {
		return nil, err
	}
	return out.Results, nil
}

// Key is an API key.
type Key struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Scope     string    `json:"scope"`         // one of those below
	Key       string    `json:"key,omitempty"` // only of a key that was just created
	CreatedAt time.Time `json:"created_at"`

	MaxHeartbeats int `json:"max_heartbeats"` // made with it, that may exist at a time; 0: any number
	Heartbeats    int `json:"heartbeats"`     // made with it, that exist
}

// The scopes of API keys. One that does not allow a call gets an error of status 403.
const (
	ScopeAdmin = "admin" // everything
	ScopeWrite = "write" // heartbeats and alerts; no keys, nodes and backups
	ScopeRead  = "read"  // looks only: Heartbeat.Token and PingURL are empty
	ScopePing  = "ping"  // pings by slug, nothing else
)

// Keys lists the API keys, without the keys themselves.
func (c *Client) Keys(ctx context.Context) ([]Key, error) {
	out, err := result[struct{ Keys []Key }](ctx, c, request{method: http.MethodGet, path: "/v1/keys"}, nil)
	if err != nil {
		return nil, err
	}
	return out.Keys, nil
}

// CreateKey makes an API key. Its Key is shown this once.
func (c *Client) CreateKey(ctx context.Context, name, scope string) (*Key, error) {
	in := map[string]string{"name": name, "scope": scope}
	return result[Key](ctx, c, request{method: http.MethodPost, path: "/v1/keys", once: true}, in)
}

// LimitKey sets how many heartbeats made with an API key may exist at a time; 0 is any
// number.
func (c *Client) LimitKey(ctx context.Context, id string, heartbeats int) (*Key, error) {
	in := map[string]int{"max_heartbeats": heartbeats}
	return result[Key](ctx, c, request{method: http.MethodPatch, path: "/v1/keys/" + url.PathEscape(id)}, in)
}

// DeleteKey revokes an API key.
func (c *Client) DeleteKey(ctx context.Context, id string) error {
	return c.call(ctx, request{method: http.MethodDelete, path: "/v1/keys/" + url.PathEscape(id)}, nil, nil)
}

// Cluster is the cluster as the answering node sees it.
type Cluster struct {
	ClusterID  string   `json:"cluster_id"`
	Term       uint64   `json:"term"`
	Leader     string   `json:"leader"` // a name, "" if none is known
	Nodes      []Node   `json:"nodes"`
	IngestGaps []Gap    `json:"ingest_gaps"`
	NotReady   string   `json:"not_ready"` // why the answering node takes no pings; "": it does
	Troubles   []string `json:"troubles"`  // what it has met lately and a person has to mend

	MailServer MailServer `json:"mail_server"`
	Outbound   Outbound   `json:"outbound"`
	TZData     string     `json:"tz_data"` // which rules of time zones the answering node uses
}

// Outbound is how the answering node, while it leads, tells another monitor that the cluster is well.
type Outbound struct {
	State         string     `json:"state"`           // "ok", "withheld" or "failing"; "resting": the node does not lead; "off": there is no such monitor
	Reason        string     `json:"reason"`          // why it is withheld or fails
	LastSuccessAt *time.Time `json:"last_success_at"` // when it last took a ping of this node's; nil: never
}

// MailServer is the mail server as the answering node sees it.
type MailServer struct {
	State     string     `json:"state"`      // "ok", "failing" or "unknown"
	CheckedAt *time.Time `json:"checked_at"` // nil: not yet
	Error     string     `json:"error"`
}

// Node is one node of a cluster.
type Node struct {
	Name          string `json:"name"`
	ID            string `json:"id"`
	HTTP          string `json:"http"`
	Cluster       string `json:"cluster"`
	Voter         bool   `json:"voter"`
	Alive         bool   `json:"alive"`
	Listener      bool   `json:"listener"` // its public listener is not known not to answer
	Leader        bool   `json:"leader"`
	Disk          string `json:"disk"`            // "ok", "low" or "full"; "" if it is not known
	AppliedIndex  uint64 `json:"applied_index"`   // of the answering node, else 0
	LastContactMs *int64 `json:"last_contact_ms"` // likewise
	Version       string `json:"version"`

	LagEntries     *uint64  `json:"lag_entries"`     // of the log, that it has yet to apply; nil: the answering node has not heard of it lately
	ClockSkewMs    *int64   `json:"clock_skew_ms"`   // its wall clock less that of the answering node; nil likewise
	SettingsDiffer []string `json:"settings_differ"` // flags that it was started with and that the cluster does not run under
}

// Gap is a time in which no ping could be taken.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Cluster returns the state of the cluster.
func (c *Client) Cluster(ctx context.Context) (*Cluster, error) {
	return result[Cluster](ctx, c, request{method: http.MethodGet, path: "/v1/cluster"}, nil)
}

// Backup streams the whole state of the cluster, for `quorumbeat restore`. The last
// bytes are a checksum: a stream that ends early does not restore. Close it. It may
// take as long as it needs, if it goes on.
func (c *Client) Backup(ctx context.Context) (body io.ReadCloser, err error) {
	r := request{method: http.MethodGet, path: "/v1/backup", stream: true}
	err = c.try(ctx, false, func(ctx context.Context, n node, limit time.Duration) error {
		res, err := c.open(ctx, n, max(limit, aloneTimeout), r)
		if err == nil {
			body = res.Body
		}
		return err
	})
	return body, err
}

// RemoveNode takes a node out of the cluster for good, by name or ID.
func (c *Client) RemoveNode(ctx context.Context, nameOrID string) error {
	return c.call(ctx, request{method: http.MethodDelete, path: "/v1/cluster/nodes/" + url.PathEscape(nameOrID)}, nil, nil)
}
