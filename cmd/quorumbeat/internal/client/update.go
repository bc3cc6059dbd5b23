package client

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func updateCommand(p *cli.Program) *cobra.Command {
	var h heartbeatFlags
	var c *cobra.Command
	c = call.NewCommand(p, "update NAME", "Change a heartbeat", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		u, err := h.changes(c.Flags())
		if err != nil {
			return nil, err
		}
		if err := nameDependencies(ctx, api, h.dependsOn); err != nil {
			return nil, err
		}
		id, err := call.HeartbeatOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return api.Update(ctx, id, u)
	}, showHeartbeat, call.CompleteHeartbeat)
	h.register(p, c, withoutDefaults)
	c.Flags().StringVar(&h.name, "name", "", "new `name`")
	return c
}

// longestPause is how long a pause may be that ends by itself.
const longestPause = 366 * 24 * time.Hour

func pauseCommand(p *cli.Program) *cobra.Command {
	var forSecs flags.Seconds
	var until string
	var c *cobra.Command
	c = call.NewCommand(p, "pause NAME", "Stop judging a heartbeat; its pings are still recorded", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		f := c.Flags()
		pause := api.Pause
		switch {
		case f.Changed("for") && f.Changed("until"):
			return nil, usage.Errorf("--for and --until say different things: give one of them")
		case f.Changed("for"):
			d := time.Duration(forSecs) * time.Second
			if d < time.Second || d > longestPause {
				return nil, usage.Errorf("--for is %s; it must be 1s to 366d", &forSecs)
			}
			pause = func(ctx context.Context, id string) (*heartbeat.Heartbeat, error) { return api.PauseFor(ctx, id, d) }
		case f.Changed("until"):
			end, err := call.TimeToCome(until, time.Now())
			if err != nil {
				return nil, err
			}
			pause = func(ctx context.Context, id string) (*heartbeat.Heartbeat, error) {
				return api.PauseUntil(ctx, id, end)
			}
		}
		id, err := call.HeartbeatOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return pause(ctx, id)
	}, showHeartbeat, call.CompleteHeartbeat)
	c.Flags().Var(&forSecs, "for", "it ends by itself after so long, 1s to 366d: 2h, 1d, 1w")
	c.Flags().Lookup("for").DefValue = ""
	c.Flags().StringVar(&until, "until", "", "it ends by itself at a `time`: 08:00 (the next one here), '2026-05-02 08:00', 2026-05-02T08:00:00Z")
	return c
}
