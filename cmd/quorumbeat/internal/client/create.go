package client

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func createCommand(p *cli.Program) *cobra.Command {
	var h heartbeatFlags
	var c *cobra.Command
	c = NewCommand(p, "create NAME", "Create a heartbeat", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		params, err := h.params(c.Flags())
		if err != nil {
			return nil, err
		}
		params.Name = args[0]
		return api.Create(ctx, params)
	}, showHeartbeat)
	c.Long = "Create a heartbeat. Each call makes another one; a script that may run again takes 'quorumbeat ensure'."
	c.Example = "  quorumbeat create nightly-backup --interval 1d --grace 1h"
	h.register(c, withDefaults)
	return c
}
