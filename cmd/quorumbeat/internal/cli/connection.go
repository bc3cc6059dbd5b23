package cli

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Connection holds the flags of commands that call the HTTP API.
type Connection struct {
	URL    string
	APIKey string
	JSON   bool // print JSON
	Stale  bool // read what the node has
	Wide   bool // show everything
}

// Retries are fewer than the SDK's: somebody waits.
const Retries = 2

// URLFlag adds --url.
func URLFlag(f *pflag.FlagSet, value *string) {
	f.StringVar(value, "url", heartbeat.DefaultBaseURL,
		"`address` of a load balancer or node, or of several with commas between, asked in turn (QUORUMBEAT_URL)")
}

// JSONFlag adds --json.
func JSONFlag(f *pflag.FlagSet, value *bool) {
	f.BoolVar(value, "json", false, "print JSON for programs, errors too")
}

// Client makes a client of what the flags say.
func (s *Connection) Client(opts ...heartbeat.Option) (*heartbeat.Client, error) {
	if s.Stale {
		opts = append(opts, heartbeat.WithStaleReads())
	}
	return NewClient(s.URL, s.APIKey, opts...)
}

// NewClient makes a client of the nodes that --url names.
func NewClient(urls, apiKey string, opts ...heartbeat.Option) (*heartbeat.Client, error) {
	if strings.TrimSpace(urls) == "" {
		return nil, usage.Errorf("--url and QUORUMBEAT_URL are empty: give the address of a node or a load balancer, like %s, or unset QUORUMBEAT_URL", heartbeat.DefaultBaseURL)
	}
	var list []string
	for u := range strings.SplitSeq(urls, ",") {
		if !strings.Contains(u, "://") { // not quoted: it may hold a password
			return nil, usage.Errorf("--url: an address lacks http:// or https:// before it: use http://HOST:PORT, several with commas between")
		}
		list = append(list, strings.TrimSpace(u))
	}
	c := heartbeat.New(apiKey, append(opts, heartbeat.WithBaseURL(list...))...)
	if err := c.Validate(); err != nil {
		return nil, usage.Errorf("--url: %v, several with commas between", err)
	}
	return c, nil
}

// TokenFlag adds --token and its file.
func TokenFlag(f *pflag.FlagSet, value *string) {
	settings.SecretFlag(f, value, "token", "the heartbeat's `token` (QUORUMBEAT_TOKEN, or a file: QUORUMBEAT_TOKEN_FILE)")
}
