package heartbeat

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// StatusPage shows to anybody how some heartbeats are, at its URL.
type StatusPage struct {
	Slug       string          `json:"slug"`
	Title      string          `json:"title"`
	Tags       []string        `json:"tags"` // all heartbeats with one of them are on it
	Heartbeats []PageHeartbeat `json:"heartbeats"`
	URL        string          `json:"url"`
	CreatedAt  time.Time       `json:"created_at"`
}

// PageHeartbeat is a heartbeat that a status page names.
type PageHeartbeat struct {
	ID    string `json:"id"`
	Alias string `json:"alias"` // what the page calls it; "": its name
}

// StatusPageParams describes a status page: it needs a Title, and Tags or Heartbeats.
type StatusPageParams struct {
	Title      string          `json:"title"`
	Slug       string          `json:"slug,omitempty"` // "": made of the title
	Tags       []string        `json:"tags,omitempty"`
	Heartbeats []PageHeartbeat `json:"heartbeats,omitempty"`
}

// Badge is a small picture of how a heartbeat is, or those of a tag. Nobody can guess its
// ID: whoever has it sees the badge.
type Badge struct {
	ID            string    `json:"id"`
	HeartbeatID   string    `json:"heartbeat_id"`   // "": of Tag
	HeartbeatName string    `json:"heartbeat_name"` // "": of Tag, or it was deleted
	Tag           string    `json:"tag"`
	Label         string    `json:"label"`
	SVGURL        string    `json:"svg_url"`
	JSONURL       string    `json:"json_url"` // for shields.io
	CreatedAt     time.Time `json:"created_at"`
}

// BadgeParams describes a badge, of a heartbeat or of a tag.
type BadgeParams struct {
	HeartbeatID string `json:"heartbeat_id,omitempty"`
	Tag         string `json:"tag,omitempty"`
	Label       string `json:"label,omitempty"` // "": the heartbeat's name, or the tag
}

// StatusPages lists the status pages by slug.
func (c *Client) StatusPages(ctx context.Context) ([]StatusPage, error) {
	out, err := result[struct {
		StatusPages []StatusPage `json:"status_pages"`
	}](ctx, c, request{method: http.MethodGet, path: "/v1/status-pages"}, nil)
	if err != nil {
		return nil, err
	}
	return out.StatusPages, nil
}

// CreateStatusPage publishes a status page.
func (c *Client) CreateStatusPage(ctx context.Context, p StatusPageParams) (*StatusPage, error) {
	return result[StatusPage](ctx, c, request{method: http.MethodPost, path: "/v1/status-pages", once: true}, p)
}

// DeleteStatusPage takes a status page back.
func (c *Client) DeleteStatusPage(ctx context.Context, slug string) error {
	return c.call(ctx, request{method: http.MethodDelete, path: "/v1/status-pages/" + url.PathEscape(slug)}, nil, nil)
}

// Badges lists the badges, newest first.
func (c *Client) Badges(ctx context.Context) ([]Badge, error) {
	out, err := result[struct{ Badges []Badge }](ctx, c, request{method: http.MethodGet, path: "/v1/badges"}, nil)
	if err != nil {
		return nil, err
	}
	return out.Badges, nil
}

// CreateBadge publishes a badge.
func (c *Client) CreateBadge(ctx context.Context, p BadgeParams) (*Badge, error) {
	return result[Badge](ctx, c, request{method: http.MethodPost, path: "/v1/badges", once: true}, p)
}

// DeleteBadge takes a badge back.
func (c *Client) DeleteBadge(ctx context.Context, id string) error {
	return c.call(ctx, request{method: http.MethodDelete, path: "/v1/badges/" + url.PathEscape(id)}, nil, nil)
}
