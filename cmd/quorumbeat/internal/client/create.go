package client

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func createCommand(p *cli.Program) *cobra.Command {
	var h heartbeatFlags
	var c *cobra.Command
	c = call.NewCommand(p, "create NAME", "Create a heartbeat", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		params, err := h.params(c.Flags())
		if err != nil {
			return nil, err
		}
		if err := nameDependencies(ctx, api, params.DependsOn); err != nil {
			return nil, err
		}
		params.Name = args[0]
		return api.Create(ctx, params)
	}, showHeartbeat)
	c.Long = "Create a heartbeat. Each call makes another one; a script that may run again takes 'quorumbeat ensure'."
	c.Example = "  quorumbeat create nightly-backup --interval 1d --grace 1h"
	h.register(p, c, withDefaults)
	return c
}

func ensureCommand(p *cli.Program) *cobra.Command {
	var h heartbeatFlags
	var c *cobra.Command
	c = call.NewCommand(p, "ensure SLUG", "Create a heartbeat unless it is there, else change it", usage.Needs("SLUG"),
		func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
			params, err := h.params(c.Flags())
			if err != nil {
				return nil, err
			}
			if err := nameDependencies(ctx, api, params.DependsOn); err != nil {
				return nil, err
			}
			params.Name = h.name
			return api.Ensure(ctx, args[0], params)
		}, showHeartbeat)
	c.Long = "Create the heartbeat of a slug unless there is one; then give it what the flags say, and leave the rest as it is.\n" +
		"For scripts and deployments: however often it is called, and on how many machines, there is one heartbeat."
	c.Example = "  quorumbeat ensure nightly-backup --interval 1d --grace 1h"
	h.register(p, c, withDefaults)
	c.Flags().Lookup("slug").Hidden = true
	c.Flags().StringVar(&h.name, "name", "", "what people call it (default: of a new one the slug)")
	return c
}
