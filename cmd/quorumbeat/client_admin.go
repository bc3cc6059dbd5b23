package main

import (
	"context"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func (p *program) alertsCommand() *cobra.Command {
	var params heartbeat.AlertsParams
	c := p.client("alerts", "List the newest alerts", cobra.NoArgs, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		return api.Alerts(ctx, params)
	}, func(w *tabwriter.Writer, v any) {
		row(w, "ID", "CREATED", "KIND", "HEARTBEAT", "RECIPIENT", "STATE", "ATTEMPTS", "SENT", "ERROR")
		for _, a := range v.([]heartbeat.Alert) {
			row(w, a.ID, when(&a.CreatedAt), a.Kind, orDash(a.HeartbeatName), orDash(a.Recipient), a.State, a.Attempts, when(a.SentAt), orDash(a.Error))
		}
	})
	c.Flags().StringVar(&params.State, "state", "", "only those in this `state`: pending, claimed, fenced, sent, failed, held, cancelled")
	c.Flags().StringVar(&params.HeartbeatID, "heartbeat", "", "only those of this heartbeat `ID`")
	c.Flags().IntVar(&params.Limit, "limit", 100, "how many, 1 to 1000")
	c.AddCommand(p.alertsTestCommand(), p.client("retry ID", "Send a failed or held alert again", cobra.ExactArgs(1), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		return api.RetryAlert(ctx, args[0])
	}, func(w *tabwriter.Writer, v any) { row(w, v.(*heartbeat.Alert).State) }))
	return c
}

func (p *program) keysCommand() *cobra.Command {
	keys := &cobra.Command{Use: "keys", Short: "Manage API keys", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	keys.AddCommand(p.client("list", "List the API keys", cobra.NoArgs, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		return api.Keys(ctx)
	}, func(w *tabwriter.Writer, v any) {
		row(w, "ID", "NAME", "SCOPE", "HEARTBEATS", "CREATED")
		for _, k := range v.([]heartbeat.Key) {
			row(w, k.ID, k.Name, k.Scope, madeOf(k), when(&k.CreatedAt))
		}
	}))
	var scope string
	create := p.client("create NAME", "Make an API key; it is shown this once", cobra.ExactArgs(1), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		return api.CreateKey(ctx, args[0], scope)
	}, func(w *tabwriter.Writer, v any) {
		k := v.(*heartbeat.Key)
		row(w, "ID", k.ID)
		row(w, "Scope", k.Scope)
		row(w, "Key", k.Key)
	})
	create.Flags().StringVar(&scope, "scope", "admin", "admin (everything) or ping (pings by slug only)")
	limit := p.client("limit ID HEARTBEATS", "Set how many heartbeats made with a key may exist; 0: any number", cobra.ExactArgs(2), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 0 {
			return nil, usagef("the number of heartbeats is %q; it must be 0 or more", args[1])
		}
		return api.LimitKey(ctx, args[0], n)
	}, func(w *tabwriter.Writer, v any) { row(w, "Heartbeats", madeOf(*v.(*heartbeat.Key))) })
	keys.AddCommand(create, limit, p.client("delete ID", "Revoke an API key", cobra.ExactArgs(1), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		return map[string]string{"deleted": args[0]}, api.DeleteKey(ctx, args[0])
	}, say("deleted")))
	return keys
}

// madeOf is how many heartbeats a key has made, of how many it may.
func madeOf(k heartbeat.Key) string {
	if k.MaxHeartbeats == 0 {
		return strconv.Itoa(k.Heartbeats)
	}
	return fmt.Sprintf("%d of %d", k.Heartbeats, k.MaxHeartbeats)
}

func (p *program) clusterCommand() *cobra.Command {
	c := p.client("cluster", "Show the cluster as the answering node sees it", cobra.NoArgs, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		return api.Cluster(ctx)
	}, showCluster)
	var yes bool
	remove := p.client("remove NODE", "Take a node out of the cluster for good, by name or ID", cobra.ExactArgs(1), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		return p.removeNode(ctx, api, args[0], yes)
	}, say("removed"))
	remove.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.AddCommand(remove, p.recoverCommand())
	return c
}

func showCluster(w *tabwriter.Writer, v any) {
	c := v.(*heartbeat.Cluster)
	row(w, "Cluster", orDash(c.ClusterID))
	row(w, "Leader", orDash(c.Leader))
	row(w, "Term", c.Term)
	row(w, "Mail server", mailServerWords(c.MailServer))
	row(w)
	row(w, "NODE", "ROLE", "ALIVE", "HTTP", "CLUSTER", "VERSION", "ID")
	for _, n := range c.Nodes {
		role := "non-voter"
		switch {
		case n.Leader:
			role = "leader"
		case n.Voter:
			role = "voter"
		}
		row(w, orDash(n.Name), role, alive(n), orDash(n.HTTP), n.Cluster, orDash(n.Version), n.ID)
	}
	if len(c.IngestGaps) > 0 {
		row(w)
		row(w, "NO PING COULD BE TAKEN FROM", "TO")
		for _, g := range c.IngestGaps {
			to := when(&g.To)
			if g.To.Equal(g.From) {
				to = "unknown"
			}
			row(w, when(&g.From), to)
		}
	}
}

func alive(n heartbeat.Node) string {
	switch {
	case !n.Alive:
		return "no"
	case !n.Listener:
		return "yes, but takes no pings"
	}
	return "yes"
}
