package client

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func updateCommand(p *cli.Program) *cobra.Command {
	var h heartbeatFlags
	var c *cobra.Command
	c = NewCommand(p, "update NAME", "Change a heartbeat", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		u, err := h.changes(c.Flags())
		if err != nil {
			return nil, err
		}
		id, err := heartbeatOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return api.Update(ctx, id, u)
	}, showHeartbeat, completeHeartbeat)
	h.register(c, withoutDefaults)
	c.Flags().StringVar(&h.name, "name", "", "new `name`")
	return c
}
