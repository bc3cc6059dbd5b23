package client

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/length"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func pingsCommand(p *cli.Program) *cobra.Command {
	params := heartbeat.PingsParams{Limit: 50}
	var bodies bool
	c := call.NewCommand(p, "pings NAME", "List a heartbeat's newest pings", usage.Needs("NAME"), call.OnID(call.HeartbeatOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return api.Pings(ctx, id, params)
	}), func(w *term.Table, v any) {
		if bodies {
			showBodies(w, v.([]*heartbeat.Ping))
		} else {
			showPings(w, v.([]*heartbeat.Ping))
		}
	}, call.CompleteHeartbeat, call.WithStale, call.WithWide)
	c.Flags().Var(flags.Between(&params.Limit, 1, 100), "limit", "how many, 1 to 100")
	c.Flags().BoolVar(&bodies, "body", false, "show all that came with each ping, not only its first line")
	return c
}

func showPings(w *term.Table, pings []*heartbeat.Ping) {
	if len(pings) == 0 {
		w.Row("no pings")
		return
	}
	late := anyLate(pings)
	head := []any{term.TimeHead("PINGED"), "KIND", "EXIT", "TOOK"}
	if late {
		head = append(head, "LATE")
	}
	if head = append(head, "FROM", "BODY"); w.Wide {
		head = append(head, "RUN", "ID")
	}
	w.Row(head...)
	for _, x := range pings {
		cells := []any{term.ColumnTime(&x.PingedAt), term.OrDash(x.Kind), term.Number(x.ExitCode), term.Took(x.DurationMs)}
		if late {
			cells = append(cells, lateBy(x))
		}
		if cells = append(cells, term.Free(term.OrDash(x.From)), term.Free(bodyLine(x))); w.Wide {
			cells = append(cells, term.OrDash(x.RunID), x.ID)
		}
		w.Row(cells...)
	}
}

func anyLate(pings []*heartbeat.Ping) bool {
	for _, x := range pings {
		if x.Late {
			return true
		}
	}
	return false
}

// lateBy is how long after it happened a ping came.
func lateBy(x *heartbeat.Ping) string {
	if !x.Late || x.ReceivedAt == nil {
		return "-"
	}
	return length.Show(x.ReceivedAt.Sub(x.PingedAt).Round(1e9))
}

// bodyLine is the first line of what came with a ping.
func bodyLine(x *heartbeat.Ping) string {
	if x.BodyDropped {
		return "(dropped)"
	}
	if x.CheckBroken != "" {
		return x.CheckBroken
	}
	line, _, _ := strings.Cut(strings.TrimSpace(x.Body), "\n")
	if len(x.Metrics) > 0 && line == "" {
		return inWords(x.Metrics)
	}
	return term.OrDash(strings.TrimSpace(line))
}

// showBodies shows each ping in a line, and under it all that came with it.
func showBodies(w *term.Table, pings []*heartbeat.Ping) {
	for i, x := range pings {
		if i > 0 {
			w.Row()
		}
		line := term.Time(&x.PingedAt) + "  " + term.OrDash(x.Kind)
		if x.ExitCode != nil {
			line += fmt.Sprintf(", exit status %d", *x.ExitCode)
		}
		if x.DurationMs != nil {
			line += ", took " + term.Took(x.DurationMs)
		}
		if len(x.Metrics) > 0 {
			line += ", " + inWords(x.Metrics)
		}
		if x.CheckBroken != "" {
			line += ", " + x.CheckBroken
		}
		if x.From != "" {
			line += ", from " + x.From
		}
		w.Row(term.Free(line))
		if x.BodyDropped {
			w.Row("  (what came with it was dropped: there was no room)")
		}
		for text := range strings.SplitSeq(strings.TrimRight(x.Body, "\r\n"), "\n") {
			if x.Body != "" {
				w.Row("  " + strings.TrimSuffix(text, "\r"))
			}
		}
	}
	if len(pings) == 0 {
		w.Row("no pings")
	}
}

func uptimeCommand(p *cli.Program) *cobra.Command {
	return call.NewCommand(p, "uptime NAME", "Show how long a heartbeat failed on each of the newest 90 days", usage.Needs("NAME"), call.OnID(call.HeartbeatOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return api.Uptime(ctx, id)
	}), showUptime, call.CompleteHeartbeat, call.WithStale)
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
