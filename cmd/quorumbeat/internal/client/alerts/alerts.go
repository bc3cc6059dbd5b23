package alerts

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Commands are the commands about alerts.
func Commands(p *cli.Program) []*cobra.Command {
	return []*cobra.Command{incidentsCommand(p), alertsCommand(p), channelsCommand(p), windowsCommand(p), templatesCommand(p)}
}

var alertStates = []string{"pending", "claimed", "fenced", "sent", "failed", "held", "cancelled"}

func alertsCommand(p *cli.Program) *cobra.Command {
	c := listAlertsCommand(p, "alerts")
	c.AddCommand(
		listAlertsCommand(p, "list"), alertsTestCommand(p), explainCommand(p),
		alertCommand(p, "retry", "Send a failed or held alert again: by ID, or by its heartbeat's name", (*heartbeat.Client).RetryAlert, "failed", "held"),
		alertCommand(p, "deliver", "Send a pending alert, or its digest, at once", (*heartbeat.Client).DeliverAlert, "pending"),
		alertCommand(p, "hold", "Hold a pending alert back until it is sent (retry) or cancelled", (*heartbeat.Client).HoldAlert, "pending"),
		alertCommand(p, "cancel", "Cancel a pending alert, or one that is held by hand", (*heartbeat.Client).CancelAlert, "pending", "held"),
	)
	return c
}

func listAlertsCommand(p *cli.Program, use string) *cobra.Command {
	params := heartbeat.AlertsParams{Limit: 100}
	c := call.NewCommand(p, use, "List the newest alerts", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (_ any, err error) {
		chosen := params
		if chosen.HeartbeatID, err = call.HeartbeatIfGiven(ctx, api, chosen.HeartbeatID); err != nil {
			return nil, err
		}
		return api.Alerts(ctx, chosen)
	}, showAlerts, call.WithStale, call.WithWide, call.WithHeartbeat(&params.HeartbeatID))
	c.Flags().Var(flags.OneOf(&params.State, alertStates), "state", "only those in this `state`: pending, claimed, fenced, sent, failed, held, cancelled")
	c.Flags().Var(flags.Between(&params.Limit, 1, 1000), "limit", "how many, 1 to 1000")
	cli.CompleteWords(c, "state", alertStates)
	return c
}

// alertCommand makes a command that takes an alert in one of some states and does something about it.
func alertCommand(p *cli.Program, name, short string, do func(*heartbeat.Client, context.Context, string) (*heartbeat.Alert, error), states ...string) *cobra.Command {
	return call.NewCommand(p, name+" ALERT", short, usage.Needs("ALERT"), call.OnID(alertIn(states), func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return do(api, ctx, id)
	}), func(w *term.Table, v any) { w.Row(v.(*heartbeat.Alert).State) }, call.CompleteNames(alertIDs(states)))
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
		cells := []any{term.ColumnTime(&a.CreatedAt), a.Kind, term.Free(term.OrDash(a.HeartbeatName)), term.Free(term.OrDash(a.Recipient)), stateWords(a)}
		if failed {
			cells = append(cells, term.Free(term.OrDash(a.Error)))
		}
		if w.Wide {
			cells = append(cells, a.Attempts, term.ColumnTime(a.SentAt), a.ID)
		}
		w.Row(cells...)
	}
}

// stateWords says where an alert stands, and what it waits for.
func stateWords(a heartbeat.Alert) any {
	if a.WaitsFor == nil {
		return a.State
	}
	return term.Free(a.State + ", waits for " + a.WaitsFor.For + " " + a.WaitsFor.Name)
}

// errNotAccepted makes 'alerts test' fail, after it has shown why.
var errNotAccepted = errors.New("not every test mail was accepted: see to the mail server, --smtp-url, --mail-from and --smtp-helo")

func alertsTestCommand(p *cli.Program) *cobra.Command {
	var to string
	accepted := true
	c := call.NewCommand(p, "test", "Send a test mail from a node, and show what the mail server answered", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		results, err := api.TestMail(ctx, to)
		for _, r := range results {
			accepted = accepted && r.Accepted
		}
		return results, err
	}, func(w *term.Table, v any) {
		for _, r := range v.([]heartbeat.MailTest) {
			w.Row(r.Recipient, map[bool]string{true: "accepted", false: "NOT ACCEPTED"}[r.Accepted], r.Answer)
		}
	})
	c.Flags().StringVar(&to, "to", "", "`address` to send it to (default: each of the server's --mail-to)")
	send := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := send(c, args); err != nil || accepted {
			return err
		}
		return errNotAccepted
	}
	return c
}
