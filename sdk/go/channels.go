package heartbeat

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// Channel is a way to tell people beside mail: a webhook, a chat, a pager.
type Channel struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Kind      string    `json:"kind"`       // webhook, slack, teams, discord, telegram, ntfy, pagerduty, alertmanager, command
	Default   bool      `json:"default"`    // told of heartbeats for which no channel is chosen otherwise
	Tags      []string  `json:"tags"`       // told of heartbeats that have one of them
	On        []string  `json:"on"`         // down, recovered, unheard
	Hours     []Hours   `json:"hours"`      // when it is told; nil: at any time
	AfterSecs int       `json:"after_secs"` // how long an incident must last before it is told
	Version   int       `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	// Settings are those of its kind, like url. A secret reads "•••", but for one that was made
	// for a new webhook: that is shown this once.
	Settings map[string]string `json:"-"`
}

// Hours are times of some days in which a channel is told. What falls outside waits, and comes as a digest.
type Hours struct {
	Days []string `json:"days,omitempty"` // mon, tue, wed, thu, fri, sat, sun; nil: every day
	From string   `json:"from"`           // like 08:00
	To   string   `json:"to"`             // not after From: on the next day
	TZ   string   `json:"tz,omitempty"`   // "": UTC
}

// UnmarshalJSON takes what is none of the fields as a setting.
func (c *Channel) UnmarshalJSON(b []byte) error {
	type plain Channel
	var all map[string]any
	if err := json.Unmarshal(b, (*plain)(c)); err != nil {
		return err
	}
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	c.Settings = map[string]string{}
	for name, v := range all {
		if text, ok := v.(string); ok && !channelFields[name] {
			c.Settings[name] = text
		}
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (c Channel) MarshalJSON() ([]byte, error) {
	type plain Channel
	return flatten(plain(c), c.Settings)
}

var channelFields = map[string]bool{"id": true, "name": true, "kind": true, "created_at": true, "updated_at": true, "hours": true}

// flatten writes an object with settings beside its fields.
func flatten(v any, settings map[string]string) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil || len(settings) == 0 {
		return b, err
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	for name, value := range settings {
		all[name] = value
	}
	return json.Marshal(all)
}

// ChannelParams are the fields of a channel that are to be set; nil leaves one as it is.
type ChannelParams struct {
	Name      *string   `json:"name,omitempty"`
	Kind      string    `json:"kind,omitempty"` // needed for a new one, and never changed
	Default   *bool     `json:"default,omitempty"`
	Tags      *[]string `json:"tags,omitempty"`
	On        *[]string `json:"on,omitempty"`
	AfterSecs *int      `json:"after_secs,omitempty"`
	Hours     *[]Hours  `json:"hours,omitempty"` // of nil: at any time

	// Settings are those of the kind; an empty one is taken away.
	Settings map[string]string `json:"-"`
}

// MarshalJSON writes the settings beside the fields.
func (p ChannelParams) MarshalJSON() ([]byte, error) {
	type plain ChannelParams
	return flatten(plain(p), maps.Clone(p.Settings))
}

// Channels returns all channels, newest first.
func (c *Client) Channels(ctx context.Context) ([]Channel, error) {
	out, err := result[struct{ Channels []Channel }](ctx, c, request{method: http.MethodGet, path: "/v1/channels"}, nil)
	if err != nil {
		return nil, err
	}
	return out.Channels, nil
}

// Channel returns one channel.
func (c *Client) Channel(ctx context.Context, id string) (*Channel, error) {
	return result[Channel](ctx, c, request{method: http.MethodGet, path: channelPath(id)}, nil)
}

// CreateChannel makes a channel; Name and Kind are needed.
func (c *Client) CreateChannel(ctx context.Context, p ChannelParams) (*Channel, error) {
	return result[Channel](ctx, c, request{method: http.MethodPost, path: "/v1/channels", once: true}, p)
}

// UpdateChannel changes the fields of a channel that are set.
func (c *Client) UpdateChannel(ctx context.Context, id string, p ChannelParams) (*Channel, error) {
	return result[Channel](ctx, c, request{method: http.MethodPatch, path: channelPath(id)}, p)
}

// DeleteChannel deletes a channel. What waits for it fails.
func (c *Client) DeleteChannel(ctx context.Context, id string) error {
	_, err := result[struct{}](ctx, c, request{method: http.MethodDelete, path: channelPath(id)}, nil)
	return err
}

// ChannelTest is what became of a test.
type ChannelTest struct {
	Accepted bool   `json:"accepted"`
	Answer   string `json:"answer"` // of the other end, or why there is none
}

// TestChannel has a node send a test by a channel. It takes some seconds; a test that was
// not accepted is no error.
func (c *Client) TestChannel(ctx context.Context, id string) (*ChannelTest, error) {
	return result[ChannelTest](ctx, c, request{method: http.MethodPost, path: channelPath(id) + "/test", once: true}, nil)
}

func channelPath(id string) string { return "/v1/channels/" + url.PathEscape(id) }
