package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

var alertStates = []string{"pending", "claimed", "fenced", "sent", "failed", "held", "cancelled"}

func (p *program) alertsCommand() *cobra.Command {
	params := heartbeat.AlertsParams{Limit: 100}
	c := p.client("alerts", "List the newest alerts", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		chosen := params
		if chosen.HeartbeatID != "" {
			id, err := heartbeatOf(ctx, api, chosen.HeartbeatID)
			if err != nil {
				return nil, err
			}
			chosen.HeartbeatID = id
		}
		return api.Alerts(ctx, chosen)
	}, showAlerts, reads, lists, func(p *program, c *cobra.Command, s *clientSettings) {
		c.Flags().StringVar(&params.HeartbeatID, "heartbeat", "", "only those of this heartbeat: its `name`, slug or ID")
		p.completeFlag(c, s, "heartbeat", heartbeatNames)
	})
	c.Flags().Var(flags.OneOf(&params.State, alertStates), "state", "only those in this `state`: pending, claimed, fenced, sent, failed, held, cancelled")
	c.Flags().Var(flags.Between(&params.Limit, 1, 1000), "limit", "how many, 1 to 1000")
	completeWords(c, "state", alertStates)
	c.AddCommand(p.alertsTestCommand(), p.client("retry ALERT", "Send a failed or held alert again: by ID, or by its heartbeat's name", usage.Needs("ALERT"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		id, err := alertOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return api.RetryAlert(ctx, id)
	}, func(w *term.Table, v any) { w.Row(v.(*heartbeat.Alert).State) }, complete(alertIDs)))
	return c
}

func showAlerts(w *term.Table, v any) {
	alerts := v.([]heartbeat.Alert)
	if len(alerts) == 0 {
		w.Row("no alerts")
		return
	}
	failed := w.Wide
	for _, a := range alerts {
		failed = failed || a.Error != ""
	}
	head := []any{term.TimeHead("CREATED"), "KIND", "HEARTBEAT", "RECIPIENT", "STATE"}
	if failed {
		head = append(head, "ERROR")
	}
	if w.Wide {
		head = append(head, "ATTEMPTS", term.TimeHead("SENT"), "ID")
	}
	w.Row(head...)
	for _, a := range alerts {
		cells := []any{term.ColumnTime(&a.CreatedAt), a.Kind, term.Free(term.OrDash(a.HeartbeatName)), term.Free(term.OrDash(a.Recipient)), a.State}
		if failed {
			cells = append(cells, term.Free(term.OrDash(a.Error)))
		}
		if w.Wide {
			cells = append(cells, a.Attempts, term.ColumnTime(a.SentAt), a.ID)
		}
		w.Row(cells...)
	}
}

func (p *program) keysCommand() *cobra.Command {
	keys := &cobra.Command{Use: "keys", Short: "Manage API keys", Args: usage.NoArguments, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	keys.AddCommand(p.client("list", "List the API keys", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		return api.Keys(ctx)
	}, showKeys, reads))
	scope, scopes := "admin", []string{"admin", "ping"}
	create := p.client("create NAME", "Make an API key; it is shown this once", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		return api.CreateKey(ctx, args[0], scope)
	}, func(w *term.Table, v any) {
		k := v.(*heartbeat.Key)
		w.Row("ID", k.ID)
		w.Row("Scope", k.Scope)
		w.Row("Key", k.Key)
	})
	create.Flags().Var(flags.OneOf(&scope, scopes), "scope", "admin (everything) or ping (pings by slug only)")
	completeWords(create, "scope", scopes)
	limit := p.client("limit KEY HEARTBEATS", "Set how many heartbeats made with a key may exist; 0: any number", usage.Needs("KEY", "HEARTBEATS"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 0 {
			return nil, usage.Errorf("the number of heartbeats is %q; it must be 0 or more", args[1])
		}
		id, err := keyOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return api.LimitKey(ctx, id, n)
	}, func(w *term.Table, v any) { w.Row("Heartbeats", madeOf(*v.(*heartbeat.Key))) }, complete(keyNames))
	keys.AddCommand(create, limit, p.client("delete KEY", "Revoke an API key, by name or ID", usage.Needs("KEY"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		id, err := keyOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return map[string]string{"deleted": id}, api.DeleteKey(ctx, id)
	}, say("deleted"), complete(keyNames)))
	return keys
}

func showKeys(w *term.Table, v any) {
	keys := v.([]heartbeat.Key)
	if len(keys) == 0 {
		w.Row("no API keys but the nodes' admin key")
		return
	}
	w.Row("NAME", "SCOPE", "MADE", term.TimeHead("CREATED"), "ID")
	for _, k := range keys {
		w.Row(term.Free(k.Name), k.Scope, madeOf(k), term.ColumnTime(&k.CreatedAt), k.ID)
	}
}

// madeOf is how many heartbeats a key has made, of how many it may.
func madeOf(k heartbeat.Key) string {
	if k.MaxHeartbeats == 0 {
		return strconv.Itoa(k.Heartbeats)
	}
	return fmt.Sprintf("%d of %d", k.Heartbeats, k.MaxHeartbeats)
}
