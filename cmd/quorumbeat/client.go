package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

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
	f.StringVar(&s.url, "url", heartbeat.DefaultBaseURL, "`address` of a node or load balancer (QUORUMBEAT_URL)")
	f.StringVar(&s.apiKey, "api-key", "", "API `key` (QUORUMBEAT_API_KEY)")
	f.BoolVar(&s.json, "json", false, "print JSON for programs")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := p.resolve(c.Flags()); err != nil {
			return err
		}
		if u, err := url.Parse(s.url); err != nil || u.Host == "" {
			return usagef("--url is %q: use http://HOST:PORT", s.url)
		}
		out, err := do(c.Context(), heartbeat.New(s.apiKey, heartbeat.WithBaseURL(s.url)), args)
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
func length(secs int64) string {
	s := seconds(secs)
	return s.String()
}
