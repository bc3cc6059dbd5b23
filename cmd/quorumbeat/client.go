package main

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// clientSettings are those of every command that calls the HTTP API.
type clientSettings struct {
	url    string
	apiKey string
	json   bool
	stale  bool
	wide   bool
}

// clientFunc does a client command's work. What it returns is printed as JSON, or
// by its table.
type clientFunc func(ctx context.Context, api *heartbeat.Client, args []string) (any, error)

// clientOption adds to a client command what not all of them have.
type clientOption func(*program, *cobra.Command, *clientSettings)

// client makes a command that calls the API and prints the answer.
func (p *program) client(use, short string, args cobra.PositionalArgs, do clientFunc, show func(*term.Table, any), options ...clientOption) *cobra.Command {
	s := &clientSettings{}
	c := &cobra.Command{Use: use, Short: short, Args: args, ValidArgsFunction: cobra.NoFileCompletions}
	f := c.Flags()
	registerURL(f, &s.url)
	settings.Secret(f, &s.apiKey, "api-key", "API `key` (QUORUMBEAT_API_KEY, or a file: QUORUMBEAT_API_KEY_FILE)")
	registerJSON(f, &s.json)
	for _, o := range options {
		o(p, c, s)
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := p.resolve(c.Flags()); err != nil {
			return err
		}
		p.warnExposed()
		api, err := s.client(heartbeat.WithRetries(clientRetries))
		if err != nil {
			return err
		}
		out, err := do(c.Context(), api, args)
		if err != nil {
			return explain(s, err)
		}
		if out == nil {
			return nil
		}
		return p.print(s, out, show)
	}
	return c
}

// reads is the option of commands that only read.
func reads(_ *program, c *cobra.Command, s *clientSettings) {
	c.Flags().BoolVar(&s.stale, "stale", false, "take what the node has, at once and also without a leader: it may lack the newest")
}

// lists is the option of commands that print rows.
func lists(_ *program, c *cobra.Command, s *clientSettings) {
	c.Flags().BoolVarP(&s.wide, "wide", "w", false, "show IDs and all else, and cut nothing")
}

// clientRetries are fewer than the SDK's: somebody waits.
const clientRetries = 2

func registerURL(f *pflag.FlagSet, value *string) {
	f.StringVar(value, "url", heartbeat.DefaultBaseURL,
		"`address` of a load balancer or node, or of several with commas between, asked in turn (QUORUMBEAT_URL)")
}

func registerJSON(f *pflag.FlagSet, value *bool) {
	f.BoolVar(value, "json", false, "print JSON for programs, errors too")
}

func (s *clientSettings) client(opts ...heartbeat.Option) (*heartbeat.Client, error) {
	if s.stale {
		opts = append(opts, heartbeat.WithStaleReads())
	}
	return newClient(s.url, s.apiKey, opts...)
}

// newClient makes a client of the nodes that --url names.
func newClient(urls, apiKey string, opts ...heartbeat.Option) (*heartbeat.Client, error) {
	var list []string
	for u := range strings.SplitSeq(urls, ",") {
		list = append(list, strings.TrimSpace(u))
	}
	c := heartbeat.New(apiKey, append(opts, heartbeat.WithBaseURL(list...))...)
	if err := c.Validate(); err != nil {
		return nil, usage.Errorf("--url: %v, several with commas between", err)
	}
	return c, nil
}

func (p *program) print(s *clientSettings, v any, show func(*term.Table, any)) error {
	if s.json {
		return p.printJSON(v)
	}
	w := &term.Table{Wide: s.wide}
	show(w, v)
	return w.Write(p.stdout, p.columns())
}

func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// say prints a word for what was done.
func say(word string) func(*term.Table, any) {
	return func(w *term.Table, _ any) { w.Row(word) }
}
