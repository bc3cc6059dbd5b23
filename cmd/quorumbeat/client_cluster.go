package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func (p *program) clusterCommand() *cobra.Command {
	c := p.client("cluster", "Show the cluster as the answering node sees it", noArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		return api.Cluster(ctx)
	}, showCluster, lists)
	var yes bool
	remove := p.client("remove NODE", "Take a node out of the cluster for good, by name or ID", needs("NODE"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		return p.removeNode(ctx, api, args[0], yes)
	}, say("removed"), complete(nodeNames))
	remove.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.AddCommand(remove, p.recoverCommand())
	return c
}

func showCluster(w *table, v any) {
	c := v.(*heartbeat.Cluster)
	row(w, "Cluster", orDash(c.ClusterID))
	row(w, "Leader", orDash(c.Leader))
	row(w, "Term", c.Term)
	row(w, "Mail server", folded(mailServerWords(c.MailServer)))
	row(w)
	head := []any{"NODE", "ROLE", "ALIVE", "HTTP", "VERSION"}
	if w.wide {
		head = append(head, "CLUSTER", "ID")
	}
	row(w, head...)
	byName := func(a, b heartbeat.Node) int { return strings.Compare(a.Name, b.Name) }
	for _, n := range slices.SortedStableFunc(slices.Values(c.Nodes), byName) {
		role := "non-voter"
		switch {
		case n.Leader:
			role = "leader"
		case n.Voter:
			role = "voter"
		}
		cells := []any{free(orDash(n.Name)), role, free(alive(n)), free(orDash(n.HTTP)), free(orDash(n.Version))}
		if w.wide {
			cells = append(cells, n.Cluster, n.ID)
		}
		row(w, cells...)
	}
	if len(c.IngestGaps) > 0 {
		row(w)
		row(w, timeHead("NO PING COULD BE TAKEN FROM"), timeHead("TO"))
		for _, g := range c.IngestGaps {
			to := inColumn(&g.To)
			if g.To.Equal(g.From) {
				to = "unknown"
			}
			row(w, inColumn(&g.From), to)
		}
	}
	if c.NotReady != "" {
		row(w)
		row(w, "Not ready: "+c.NotReady)
	}
	for _, trouble := range c.Troubles {
		row(w)
		row(w, "Trouble: "+trouble)
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
