package client

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
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

// longestPause is how long a pause may be that ends by itself.
const longestPause = 366 * 24 * time.Hour

func pauseCommand(p *cli.Program) *cobra.Command {
	var forSecs flags.Seconds
	var until string
	var c *cobra.Command
	c = NewCommand(p, "pause NAME", "Stop judging a heartbeat; its pings are still recorded", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
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
			end, err := pauseEnd(until, time.Now())
			if err != nil {
				return nil, err
			}
			pause = func(ctx context.Context, id string) (*heartbeat.Heartbeat, error) {
				return api.PauseUntil(ctx, id, end)
			}
		}
		id, err := heartbeatOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return pause(ctx, id)
	}, showHeartbeat, completeHeartbeat)
	c.Flags().Var(&forSecs, "for", "it ends by itself after so long, 1s to 366d: 2h, 1d, 1w")
	c.Flags().Lookup("for").DefValue = ""
	c.Flags().StringVar(&until, "until", "", "it ends by itself at a `time`: 08:00 (the next one here), '2026-05-02 08:00', 2026-05-02T08:00:00Z")
	return c
}

// pauseEnd reads a time to come, in the zone of now unless it names one.
func pauseEnd(text string, now time.Time) (time.Time, error) {
	if at, err := time.ParseInLocation("15:04", text, now.Location()); err == nil {
		y, m, d := now.Date()
		end := time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, now.Location())
		if !end.After(now) {
			end = time.Date(y, m, d+1, at.Hour(), at.Minute(), 0, 0, now.Location())
		}
		return end, nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04"} {
		if end, err := time.ParseInLocation(form, text, now.Location()); err == nil {
			return end, nil // whether it is past is for the cluster's clock to say
		}
	}
	return time.Time{}, usage.Errorf("--until is %.40q: use a time like 08:00, '2026-05-02 08:00' or 2026-05-02T08:00:00Z", text)
}
