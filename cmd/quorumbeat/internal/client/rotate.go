package client

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// longestOverlap is how long an old token may work.
const longestOverlap = 366 * 24 * time.Hour

func rotateCommand(p *cli.Program) *cobra.Command {
	overlap := flags.Seconds(24 * 3600)
	length := func() time.Duration { return time.Duration(overlap) * time.Second }
	c := call.NewCommand(p, "rotate-token NAME", "Give a heartbeat a new ping URL; the old one works on for a day", usage.Needs("NAME"), call.OnID(call.HeartbeatOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		if d := length(); d < 0 || d > longestOverlap {
			return nil, usage.Errorf("--overlap is %s; it must be 0s to 366d", &overlap)
		}
		return api.RotateToken(ctx, id, length())
	}), func(w *term.Table, v any) {
		h := v.(*heartbeat.Heartbeat)
		showHeartbeat(w, h)
		w.Row()
		if overlap == 0 {
			w.Row("The old URL has ended: jobs that call it get 404.")
			return
		}
		end := h.UpdatedAt.Add(length())
		w.Row("The old URL works until " + term.Time(&end) + ".")
	}, call.CompleteHeartbeat)
	c.Flags().Var(&overlap, "overlap", "how long the old URL works on, 0s to 366d; 0s: a leaked one ends at once")
	return c
}
