package client

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/length"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func uptimeCommand(p *cli.Program) *cobra.Command {
	return NewCommand(p, "uptime NAME", "Show how long a heartbeat failed on each of the newest 90 days", usage.Needs("NAME"), onID(heartbeatOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return api.Uptime(ctx, id)
	}), showUptime, completeHeartbeat, withStale)
}

// showUptime lists the days on which it failed or was paused; the others are as they should be.
func showUptime(w *term.Table, v any) {
	u := v.(*heartbeat.Uptime)
	w.Row("Uptime", percent(u.Uptime))
	w.Row()
	shown := 0
	for _, d := range u.Days {
		if d.DownSecs == 0 && d.PausedSecs == 0 {
			continue
		}
		if shown++; shown == 1 {
			w.Row("DAY (UTC)", "UPTIME", "FAILED", "PAUSED")
		}
		w.Row(d.Date, percent(d.Uptime), secondsOrDash(d.DownSecs), secondsOrDash(d.PausedSecs))
	}
	if shown == 0 {
		w.Row("it did not fail, and was not paused")
	}
}

func percent(part *float64) string {
	if part == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", *part*100)
}

func secondsOrDash(secs int) string {
	if secs == 0 {
		return "-"
	}
	return length.Show(time.Duration(secs) * time.Second)
}
