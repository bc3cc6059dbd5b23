package heartbeat

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultBaseURL is where a node on this machine listens.
const DefaultBaseURL = "http://127.0.0.1:8080"

// Limits of a call; see the package's documentation.
const (
	defaultRetries = 4                // rounds after the first
	aloneTimeout   = 15 * time.Second // of an attempt, with a single base URL: a node holds a ping for up to 10 s
	sharedTimeout  = 5 * time.Second  // of an attempt, when there are others to ask
	dialTimeout    = 3 * time.Second
	callTimeout    = time.Minute // no attempt begins later
	longestWait    = 30 * time.Second
)

// Client calls the nodes of a cluster, each of which passes on to the leader what
// it must. It is safe for concurrent use; make one and keep it.
type Client struct {
	apiKey  string
	http    *http.Client
	nodes   []node
	invalid error // what is wrong with a base URL; every call returns it
	retries int
	timeout time.Duration // of an attempt; 0: the defaults above
	stale   bool          // reads take what a node has

	answered atomic.Int32 // index of the node to ask first
}

// node is where requests go.
type node struct {
	url   string // without a slash at its end
	shown string // the same without a password
}

// Option changes a new Client.
type Option func(*Client)

// WithBaseURL sets the addresses of the nodes, or of a load balancer, with or
// without /v1 at their ends. The default is DefaultBaseURL.
func WithBaseURL(urls ...string) Option {
	return func(c *Client) {
		c.nodes, c.invalid = nil, nil
		for _, u := range urls {
			n, err := newNode(u)
			c.nodes, c.invalid = append(c.nodes, n), errors.Join(c.invalid, err)
		}
		if len(urls) == 0 {
			c.invalid = errors.New("no base URL is given")
		}
	}
}

func newNode(text string) (node, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" { // not quoted: it may hold a password
		return node{}, errors.New("a base URL cannot be understood: use http://HOST:PORT")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return node{}, fmt.Errorf("the base URL %q is not valid: use http://HOST:PORT", u.Redacted())
	}
	trim := func(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "/"), "/v1") }
	return node{trim(text), trim(u.Redacted())}, nil
}

// WithHTTPClient sets the client that sends the requests. Its Timeout, if it has
// one, bounds each attempt. Redirects are not followed, whatever its CheckRedirect says.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithRetries sets how often every node is asked again when none gave an answer.
// The default is 4; with 0 each node is asked once.
func WithRetries(n int) Option { return func(c *Client) { c.retries = max(0, n) } }

// WithAttemptTimeout sets for how long an attempt may make no progress. The default
// is 5 seconds with several base URLs, else 15; Create, which may not simply be
// repeated at another node, always has 15.
func WithAttemptTimeout(d time.Duration) Option { return func(c *Client) { c.timeout = d } }

// WithStaleReads has reads take what the node has that is asked, at once and also without
// a leader. It may lack what was acknowledged last.
func WithStaleReads() Option { return func(c *Client) { c.stale = true } }

// New makes a client. The key is not needed for pings.
func New(apiKey string, opts ...Option) *Client {
	c := &Client{apiKey: apiKey, retries: defaultRetries}
	WithBaseURL(DefaultBaseURL)(c)
	for _, o := range opts {
		o(c)
	}
	if c.http == nil {
		c.http = defaultHTTPClient()
	}
	return c
}

// Validate tells what is wrong with the base URLs; every call would return the same.
func (c *Client) Validate() error { return c.invalid }

// defaultHTTPClient is shared by all clients, so that its connections are, too.
var defaultHTTPClient = sync.OnceValue(func() *http.Client {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	return &http.Client{Transport: t}
})

// stay follows no redirect: whoever sends one must get neither the key nor the token, and
// a POST would become a GET without its body.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// String does not show the key.
func (c *Client) String() string {
	var shown []string
	for _, n := range c.nodes {
		shown = append(shown, n.shown)
	}
	return fmt.Sprintf("quorumbeat at %s", strings.Join(shown, ", "))
}
