package client

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Commands are the commands that call the API.
func Commands(p *cli.Program) []*cobra.Command {
	return []*cobra.Command{
		createCommand(p), ensureCommand(p), listCommand(p), getCommand(p), updateCommand(p),
		pauseCommand(p),
		heartbeatCommand(p, "resume", "Judge a paused heartbeat again, from now on", (*heartbeat.Client).Resume),
		deleteCommand(p), pingCommand(p), pingsCommand(p), uptimeCommand(p), suggestCommand(p),
		previewCommand(p),
		eventsCommand(p), incidentsCommand(p), alertsCommand(p), channelsCommand(p), keysCommand(p), clusterCommand(p),
		statusPagesCommand(p), badgesCommand(p),
	}
}

// Func does a client command's work. What it returns is printed as JSON, or
// by its table.
type Func func(ctx context.Context, api *heartbeat.Client, args []string) (any, error)

// onID makes a Func of one that takes an ID: what find says that the first argument means.
func onID(find func(ctx context.Context, api *heartbeat.Client, word string) (id string, err error), do func(ctx context.Context, api *heartbeat.Client, id string) (any, error)) Func {
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
		p.WarnExposed()
		api, err := s.Client(heartbeat.WithRetries(cli.Retries))
		if err != nil {
			return err
		}
		out, err := do(c.Context(), api, args)
		if err != nil {
			return cli.Explain(s, err)
		}
		if out == nil {
			return nil
		}
		return p.Print(s, out, show)
	}
	return c
}

// withStale is the option of commands that only read.
func withStale(_ *cli.Program, c *cobra.Command, s *cli.Connection) {
	c.Flags().BoolVar(&s.Stale, "stale", false, "take what the node has, at once and also without a leader: it may lack the newest")
}

// withWide is the option of commands that print rows.
func withWide(_ *cli.Program, c *cobra.Command, s *cli.Connection) {
	c.Flags().BoolVarP(&s.Wide, "wide", "w", false, "show IDs and all else, and cut nothing")
}

// withHeartbeat is the option of lists that can be of one heartbeat.
func withHeartbeat(word *string) Option {
	return func(p *cli.Program, c *cobra.Command, s *cli.Connection) {
		c.Flags().StringVar(word, "heartbeat", "", "only those of this heartbeat: its `name`, slug or ID")
		completeFlag(p, c, s, "heartbeat", heartbeatNames)
	}
}

// showWord prints a word for what was done.
func showWord(word string) func(*term.Table, any) {
	return func(w *term.Table, _ any) { w.Row(word) }
}
