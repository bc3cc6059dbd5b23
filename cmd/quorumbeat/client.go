package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// clientSettings are those of every command that calls the HTTP API.
type clientSettings struct {
	url    string
	apiKey string
	json   bool
}

// clientFunc does a client command's work. What it returns is printed as JSON, or
// by its table.
type clientFunc func(ctx context.Context, api *heartbeat.Client, args []string) (any, error)

// client makes a command that calls the API and prints the answer.
func (p *program) client(use, short string, args cobra.PositionalArgs, do clientFunc, table func(*tabwriter.Writer, any)) *cobra.Command {
	s := &clientSettings{}
	c := &cobra.Command{Use: use, Short: short, Args: args}
	f := c.Flags()
	registerURL(f, &s.url)
	registerSecret(f, &s.apiKey, "api-key", "API `key` (QUORUMBEAT_API_KEY)")
	f.BoolVar(&s.json, "json", false, "print JSON for programs")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := p.resolve(c.Flags()); err != nil {
			return err
		}
		p.warnExposed()
		api, err := newClient(s.url, s.apiKey, heartbeat.WithRetries(clientRetries))
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
		return p.print(s, out, table)
	}
	return c
}

// clientRetries are fewer than the SDK's: somebody waits.
const clientRetries = 2

func registerURL(f *pflag.FlagSet, value *string) {
	f.StringVar(value, "url", heartbeat.DefaultBaseURL,
		"`address` of a load balancer or node, or of several with commas between, asked in turn (QUORUMBEAT_URL)")
}

// newClient makes a client of the nodes that --url names.
func newClient(urls, apiKey string, opts ...heartbeat.Option) (*heartbeat.Client, error) {
	var list []string
	for u := range strings.SplitSeq(urls, ",") {
		list = append(list, strings.TrimSpace(u))
	}
	c := heartbeat.New(apiKey, append(opts, heartbeat.WithBaseURL(list...))...)
	if err := c.Validate(); err != nil {
		return nil, usagef("--url: %v, several with commas between", err)
	}
	return c, nil
}

// explain says what to do about an error of the API.
func explain(s *clientSettings, err error) error {
	var netErr net.Error
	var dial *net.OpError
	switch {
	case errors.Is(err, errUsage):
		return err
	case heartbeat.IsUnauthorized(err) && s.apiKey == "":
		return errors.New("an API key is needed: set QUORUMBEAT_API_KEY or --api-key")
	case heartbeat.IsUnauthorized(err):
		return fmt.Errorf("%s does not know this API key: see QUORUMBEAT_API_KEY or --api-key", s.url)
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("no node answers at %s: %v; see QUORUMBEAT_URL or --url", s.url, dial.Err)
	case errors.As(err, &netErr) && netErr.Timeout():
		return fmt.Errorf("%s did not answer in time: try again, or another node with --url", s.url)
	}
	return err
}

func (p *program) print(s *clientSettings, v any, table func(*tabwriter.Writer, any)) error {
	if s.json {
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.stdout, string(b))
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	table(w, v)
	return w.Flush()
}

func row(w *tabwriter.Writer, cells ...any) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, c)
	}
	fmt.Fprintln(w)
}

// when shows a time in the local zone, "-" for none.
func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// length shows seconds as a length of time.
func length(secs int) string {
	s := seconds(secs)
	return s.String()
}

// took shows how long a run took, "-" if that is not known.
func took(ms *int64) string {
	if ms == nil {
		return "-"
	}
	return (time.Duration(*ms) * time.Millisecond).String()
}

func number(n *int) string {
	if n == nil {
		return "-"
	}
	return strconv.Itoa(*n)
}
