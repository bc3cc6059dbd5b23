package call

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Func does a client command's work. What it returns is printed as JSON, or
// by its table.
type Func func(ctx context.Context, api *heartbeat.Client, args []string) (any, error)

// OnID makes a Func of one that takes an ID: what find says that the first argument means.
func OnID(find func(ctx context.Context, api *heartbeat.Client, word string) (id string, err error), do func(ctx context.Context, api *heartbeat.Client, id string) (any, error)) Func {
	return func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		id, err := find(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return do(ctx, api, id)
	}
}

// Option adds to a client command what not all of them have.
type Option func(*cli.Program, *cobra.Command, *cli.Connection)

// NewCommand makes a command that calls the API and prints the answer.
func NewCommand(p *cli.Program, use, short string, args cobra.PositionalArgs, do Func, show func(*term.Table, any), options ...Option) *cobra.Command {
	s := &cli.Connection{}
	c := &cobra.Command{Use: use, Short: short, Args: args, ValidArgsFunction: cobra.NoFileCompletions}
	f := c.Flags()
	cli.URLFlag(f, &s.URL)
	settings.SecretFlag(f, &s.APIKey, "api-key", "API `key` (QUORUMBEAT_API_KEY, or a file: QUORUMBEAT_API_KEY_FILE)")
	cli.JSONFlag(f, &s.JSON)
	for _, o := range options {
		o(p, c, s)
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := p.Resolve(c.Flags()); err != nil {
			return err
		}
		p.Warn(c)
		api, err := s.Client(heartbeat.WithRetries(cli.Retries))
		if err != nil {
			return err
		}
		out, err := do(c.Context(), api, args)
		if err != nil {
			if !s.JSON {
				sayFlags(c.Flags(), err)
				sayWhatIsNotThere(args, err)
			}
			return cli.Explain(s, err)
		}
		if out == nil {
			return nil
		}
		return p.Print(s, out, show)
	}
	return c
}

// Group makes a command that has others below it, and does by itself what the first of those does: look.
// first makes a command by its name.
func Group(name, short, look string, first func(use string) *cobra.Command) *cobra.Command {
	c := first(name)
	c.Short = short
	c.AddCommand(first(look))
	return c
}

// WithStale is the option of commands that only read.
func WithStale(_ *cli.Program, c *cobra.Command, s *cli.Connection) {
	c.Flags().BoolVar(&s.Stale, "stale", false, "take what the node has, at once and also without a leader: it may lack the newest")
}

// WithWide is the option of commands that print rows.
func WithWide(_ *cli.Program, c *cobra.Command, s *cli.Connection) {
	c.Flags().BoolVarP(&s.Wide, "wide", "w", false, "show IDs and all else, and cut nothing")
}

// WithHeartbeat is the option of lists that can be of one heartbeat.
func WithHeartbeat(word *string) Option {
	return func(p *cli.Program, c *cobra.Command, _ *cli.Connection) {
		c.Flags().StringVar(word, "heartbeat", "", "only those of this heartbeat: its `name`, slug or ID")
		CompleteFlag(p, c, "heartbeat", HeartbeatNames)
	}
}

// ShowWord prints a word for what was done.
func ShowWord(word string) func(*term.Table, any) {
	return func(w *term.Table, _ any) { w.Row(word) }
}

// SetIfGiven sets a field of an update if its flag was.
func SetIfGiven[T any](f *pflag.FlagSet, name string, field **T, value *T) {
	if f.Changed(name) {
		*field = value
	}
}
