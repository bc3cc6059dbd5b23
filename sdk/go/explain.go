package heartbeat

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Explanation says who is told of a heartbeat now, or would be if it failed.
type Explanation struct {
	HeartbeatID    string            `json:"heartbeat_id"`
	HeartbeatName  string            `json:"heartbeat_name"`
	Status         string            `json:"status"`
	Told           bool              `json:"told"`             // somebody is told
	Silent         *Silence          `json:"silent"`           // why nobody is; nil: somebody may be
	AlertsAt       *time.Time        `json:"alerts_at"`        // when it alerts if no ping comes, about; nil: it waits for none
	Incident       *OpenIncident     `json:"incident"`         // nil: none is open
	NextReminderAt *time.Time        `json:"next_reminder_at"` // nil: never
	Targets        []ExplainedTarget `json:"targets"`
	Overruled      []ExplainedTarget `json:"overruled"` // defaults that are not used, for others are chosen
}

// Silence is why nobody is told of a heartbeat.
type Silence struct {
	Reason string     `json:"reason"` // paused, acknowledged, snoozed, no_recipient, or what later versions add
	Words  string     `json:"words"`
	Until  *time.Time `json:"until"` // nil: it does not end by itself
	By     *string    `json:"by"`
}

// ExplainedTarget is one who is told of a heartbeat, or could be.
type ExplainedTarget struct {
	Channel     string   `json:"channel"`      // email, or the kind of a channel
	Recipient   string   `json:"recipient"`    // an address, or the name of a channel
	ChannelID   string   `json:"channel_id"`   // "": an address that is in no channel
	ChannelName string   `json:"channel_name"` // of the channel that it is, or is in
	By          string   `json:"by"`           // the rule: email, notify, tag, default, mail_to
	Because     string   `json:"because"`      // the rule in words
	Tag         string   `json:"tag"`          // that they share, of the rule tag
	On          []string `json:"on"`           // the kinds of alerts that it takes
	AfterSecs   int      `json:"after_secs"`

	Told     bool            `json:"told"`
	At       *time.Time      `json:"at"`     // nil: at once, or it is not told
	Reason   string          `json:"reason"` // why it is not told; "": it is
	Words    string          `json:"words"`  // the reason in words
	WaitsFor []ExplainedWait `json:"waits_for"`
	Alert    *ExplainedAlert `json:"alert"`   // the newest to it of the open incident; nil: none
	Trouble  string          `json:"trouble"` // what goes wrong in sending to it
}

// ExplainedWait is something that an alert waits for.
type ExplainedWait struct {
	Reason string     `json:"reason"`
	Words  string     `json:"words"`
	Until  *time.Time `json:"until"` // nil: nobody knows
}

// ExplainedAlert is what became of an alert.
type ExplainedAlert struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	State string `json:"state"`
	Error string `json:"error"`
}

// Explain says who is told of a heartbeat now, or would be if it failed: by what, when, and why not.
func (c *Client) Explain(ctx context.Context, id string) (*Explanation, error) {
	return result[Explanation](ctx, c, request{method: http.MethodGet, path: "/v1/heartbeats/" + url.PathEscape(id) + "/explain"}, nil)
}
