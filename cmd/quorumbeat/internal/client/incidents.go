package client

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func incidentsCommand(p *cli.Program) *cobra.Command {
	params := heartbeat.IncidentsParams{Limit: 100}
	c := NewCommand(p, "incidents", "List the newest incidents, and how far their alerts got", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (_ any, err error) {
		chosen := params
		if chosen.HeartbeatID != "" {
			chosen.HeartbeatID, err = heartbeatOf(ctx, api, chosen.HeartbeatID)
		}
		if err != nil {
			return nil, err
		}
		return api.Incidents(ctx, chosen)
	}, showIncidents, withStale, withWide, withHeartbeat(&params.HeartbeatID))
	c.Flags().BoolVar(&params.Open, "open", false, "only those that go on")
	c.Flags().Var(flags.Between(&params.Limit, 1, 1000), "limit", "how many, 1 to 1000")
	return c
}

func showIncidents(w *term.Table, v any) {
	incidents := v.([]heartbeat.Incident)
	if len(incidents) == 0 {
		w.Row("no incidents")
		return
	}
	head := []any{term.TimeHead("SINCE"), "STATE", "HEARTBEAT", "REASON", "ALERTS"}
	if w.Wide {
		head = append(head, term.TimeHead("ENDED"), "ID")
	}
	w.Row(head...)
	for _, in := range incidents {
		cells := []any{term.ColumnTime(&in.Since), in.State, term.Free(term.OrDash(in.HeartbeatName)), in.Reason, alertsOf(in)}
		if w.Wide {
			cells = append(cells, term.ColumnTime(in.EndedAt), in.ID)
		}
		w.Row(cells...)
	}
}

// alertsOf tells how many of an incident's alerts were sent, and what is amiss with others.
func alertsOf(in heartbeat.Incident) string {
	count := map[string]int{}
	for _, a := range in.Alerts {
		count[a.State]++
	}
	words := fmt.Sprintf("%d of %d sent", count["sent"], len(in.Alerts)-count["cancelled"])
	for _, state := range []string{"failed", "held"} {
		if n := count[state]; n > 0 {
			words += fmt.Sprintf(", %d %s", n, state)
		}
	}
	return words
}
