package heartbeat

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// DefaultBaseURL is where a node on this machine listens.
const DefaultBaseURL = "http://127.0.0.1:8080"

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 30

// Client calls one node, which passes on to the leader what it must. It is safe
// for concurrent use.
type Client struct {
	base   string
	apiKey string
	http   *http.Client
}

// Option changes a new Client.
type Option func(*Client)

// WithBaseURL sets the address of the node or load balancer, with or without /v1
// at its end. The default is DefaultBaseURL.
func WithBaseURL(url string) Option {
	return func(c *Client) {
		c.base = strings.TrimSuffix(strings.TrimRight(url, "/"), "/v1")
	}
}

// WithHTTPClient sets the client that sends the requests. The default gives up
// after 30 seconds.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// New makes a client. The key is not needed for pings.
func New(apiKey string, opts ...Option) *Client {
	c := &Client{base: DefaultBaseURL, apiKey: apiKey, http: &http.Client{Timeout: 30 * time.Second}}
	for _, o := range opts {
		o(c)
	}
	return c
}

// call sends a request and decodes its answer into out, unless that is nil.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.apiKey != "" {
		req.Header.Set("Authorization", "Bearer "+c.apiKey)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", c.base, err)
	}
	if res.StatusCode >= 300 {
		return newAPIError(res, answer)
	}
	if out == nil || res.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s does not answer like quorumbeat: %w", c.base, err)
	}
	return nil
}
