package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/spool"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/internal/unreachable"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func (p *program) spoolCommand() *cobra.Command {
	c := cli.Group("spool", "See to what 'quorumbeat run' could not tell the monitor")
	c.AddCommand(p.spoolFlushCommand())
	return c
}

func (p *program) spoolFlushCommand() *cobra.Command {
	var s spool.Folder
	var settings cli.Connection
	c := &cobra.Command{
		Use: "flush", Short: "Tell the monitor of what it was not told, with its own time", Args: usage.NoArguments,
		Long: "Tell the monitor of the runs that it was not told of, each with its own time, at the address that the run\n" +
			"had. Exit status 0 means that nothing is left.",
	}
	s.Register(c.Flags())
	c.Flags().StringVar(&settings.URL, "url", "", "send all to this `address` instead (QUORUMBEAT_URL is not asked)")
	c.Flags().BoolVar(&settings.JSON, "json", false, "print JSON for programs")
	c.RunE = func(c *cobra.Command, _ []string) error {
		url := settings.URL // not of the environment: entries know where they belong
		if err := p.Resolve(c.Flags()); err != nil {
			return err
		}
		p.Warn(c)
		f, err := p.flusher(url)
		if err != nil {
			return err
		}
		res, err := f.Flush(c.Context(), &s)
		if err != nil {
			return err
		}
		if err := p.Print(&settings, res, func(w *term.Table, _ any) {
			w.Row(fmt.Sprintf("%d delivered, %d dropped, %d left", res.Delivered, res.Dropped, res.Left))
		}); err != nil {
			return err
		}
		if res.Left > 0 {
			return fmt.Errorf("still to be delivered: %d; try again later: %w", res.Left, unreachable.Explain(orElse(f.Why, errNotMine)))
		}
		return nil
	}
	return c
}

// errNotMine is why something is left that was not even tried.
var errNotMine = errors.New("they cannot be read, or their address is not valid")

func orElse(err, other error) error {
	if err == nil {
		return other
	}
	return err
}

// flusher delivers all that there is, to url if there is one.
func (p *program) flusher(url string) (*spool.Flusher, error) {
	if url != "" {
		if _, err := cli.NewClient(url, ""); err != nil {
			return nil, err
		}
	}
	clients := map[string]*heartbeat.Client{}
	return &spool.Flusher{
		Say: p.Note,
		Client: func(e spool.Entry) *heartbeat.Client {
			to := e.URL
			if url != "" {
				to = url
			}
			if clients[to] == nil {
				clients[to], _ = cli.NewClient(to, "", heartbeat.WithRetries(cli.Retries))
			}
			return clients[to]
		},
	}, nil
}
