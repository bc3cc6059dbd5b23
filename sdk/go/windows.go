package heartbeat

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Window is a maintenance window: while it is on, nobody is told that the heartbeats with one of its
// tags fail. One that comes once has From and To, any other a Schedule.
type Window struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Tags      []string   `json:"tags"`
	From      *time.Time `json:"from"`
	To        *time.Time `json:"to"`
	Schedule  Schedule   `json:"schedule"`
	TZ        string     `json:"tz"`
	ForSecs   int        `json:"for_secs"`
	On        bool       `json:"on"`        // now
	BeginsAt  *time.Time `json:"begins_at"` // the one that is on, or else the next; nil: none is known
	EndsAt    *time.Time `json:"ends_at"`
	CreatedAt time.Time  `json:"created_at"`
	Warnings  []string   `json:"warnings,omitempty"` // of CreateWindow alone: tags that no heartbeat has, windows that hold the same already
}

// WindowParams describes a maintenance window: once, with To and maybe From, or by a Schedule, with
// ForSecs.
type WindowParams struct {
	Name     string     `json:"name"`
	Tags     []string   `json:"tags"`
	From     *time.Time `json:"from,omitempty"` // nil: now
	To       *time.Time `json:"to,omitempty"`
	Schedule Schedule   `json:"schedule,omitempty"`
	TZ       string     `json:"tz,omitempty"`       // of the schedule; "": UTC
	ForSecs  int        `json:"for_secs,omitempty"` // how long it is each time
}

// Windows returns all maintenance windows, newest first.
func (c *Client) Windows(ctx context.Context) ([]Window, error) {
	out, err := result[struct{ Windows []Window }](ctx, c, request{method: http.MethodGet, path: "/v1/windows"}, nil)
	if err != nil {
		return nil, err
	}
	return out.Windows, nil
}

// CreateWindow makes a maintenance window.
func (c *Client) CreateWindow(ctx context.Context, p WindowParams) (*Window, error) {
	return result[Window](ctx, c, request{method: http.MethodPost, path: "/v1/windows", once: true}, p)
}

// DeleteWindow deletes a maintenance window. What it kept back is told at once.
func (c *Client) DeleteWindow(ctx context.Context, id string) error {
	_, err := result[struct{}](ctx, c, request{method: http.MethodDelete, path: "/v1/windows/" + url.PathEscape(id)}, nil)
	return err
}
