package client

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// errNotAccepted makes 'alerts test' fail, after it has shown why.
var errNotAccepted = errors.New("not every test mail was accepted: see to the mail server, --smtp-url, --mail-from and --smtp-helo")

func alertsTestCommand(p *cli.Program) *cobra.Command {
	var to string
	accepted := true
	c := NewCommand(p, "test", "Send a test mail from a node, and show what the mail server answered", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		results, err := api.TestMail(ctx, to)
		for _, r := range results {
			accepted = accepted && r.Accepted
		}
		return results, err
	}, func(w *term.Table, v any) {
		for _, r := range v.([]heartbeat.MailTest) {
			w.Row(r.Recipient, map[bool]string{true: "accepted", false: "NOT ACCEPTED"}[r.Accepted], r.Answer)
		}
	})
	c.Flags().StringVar(&to, "to", "", "`address` to send it to (default: each of the server's --mail-to)")
	send := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := send(c, args); err != nil || accepted {
			return err
		}
		return errNotAccepted
	}
	return c
}
