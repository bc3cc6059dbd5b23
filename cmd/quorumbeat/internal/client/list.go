package client

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func listCommand(p *cli.Program) *cobra.Command {
	var params heartbeat.ListParams
	c := call.NewCommand(p, "list", "List the heartbeats, newest first", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		return api.ListMatching(ctx, params)
	}, showHeartbeats, call.WithStale, call.WithWide)
	f := c.Flags()
	f.Var(flags.OneOf(&params.Status, statuses), "status", "only those that are active, failing or paused")
	f.StringVar(&params.Tag, "tag", "", "only those with this `tag`")
	f.StringVarP(&params.Query, "query", "q", "", "only those with this `text` in their name or slug, in any case")
	cli.CompleteWords(c, "status", statuses)
	call.CompleteFlag(p, c, "tag", call.TagNames)
	return c
}

var statuses = []string{heartbeat.StatusActive, heartbeat.StatusFailing, heartbeat.StatusPaused}

func showHeartbeats(w *term.Table, v any) {
	all := v.([]*heartbeat.Heartbeat)
	if len(all) == 0 {
		w.Row("no heartbeats")
		return
	}
	head := []any{"NAME", "STATUS", "EVERY", "MISSES", term.TimeHead("LAST PING"), term.TimeHead("NEXT")}
	if w.Wide {
		head = append(head, "GRACE", "SLUG", "TAGS", "ID")
	}
	w.Row(head...)
	for _, h := range all {
		cells := []any{term.Free(h.Name), h.Status, every(h), h.ConsecutiveMisses, term.ColumnTime(h.LastPingedAt), term.ColumnTime(h.NextExpectedAt)}
		if w.Wide {
			cells = append(cells, term.Seconds(h.GraceSecs), h.Slug, term.OrDash(strings.Join(h.Tags, ",")), h.ID)
		}
		w.Row(cells...)
	}
}

// every is how often a heartbeat is expected, in a column.
func every(h *heartbeat.Heartbeat) any {
	if len(h.Schedule) > 0 {
		return term.Free(strings.Join(h.Schedule, "; "))
	}
	return term.Seconds(h.IntervalSecs)
}
