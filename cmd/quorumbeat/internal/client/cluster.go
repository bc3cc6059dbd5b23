package client

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func clusterCommand(p *cli.Program) *cobra.Command {
	c := call.NewCommand(p, "cluster", "Show the cluster as the answering node sees it", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		return api.Cluster(ctx)
	}, showCluster, call.WithWide)
	var yes bool
	remove := call.NewCommand(p, "remove NODE", "Take a node out of the cluster for good, by name or ID", usage.Needs("NODE"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		return removeNode(p, ctx, api, args[0], yes)
	}, call.ShowWord("removed"), call.CompleteNames(nodeNames))
	remove.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.AddCommand(remove)
	return c
}

func showCluster(w *term.Table, v any) {
	c := v.(*heartbeat.Cluster)
	w.Row("Cluster", term.OrDash(c.ClusterID))
	w.Row("Leader", term.OrDash(c.Leader))
	w.Row("Term", c.Term)
	w.Row("Mail server", term.Folded(mailServerWords(c.MailServer)))
	if words := outboundWords(c.Outbound); words != "" {
		w.Row("Other monitor", term.Folded(words))
	}
	if c.TZData != "" {
		w.Row("Time zones", term.Free("by the rules of "+c.TZData))
	}
	showNodes(w, c.Nodes)
	showGaps(w, c.IngestGaps)
	if c.NotReady != "" {
		w.Row()
		w.Row("Not ready: " + c.NotReady)
	}
	for _, trouble := range c.Troubles {
		w.Row()
		w.Row("Trouble: " + trouble)
	}
}

func showNodes(w *term.Table, nodes []heartbeat.Node) {
	w.Row()
	head := []any{"NODE", "ROLE", "ALIVE", "HTTP", "VERSION"}
	if w.Wide {
		head = append(head, "CLUSTER", "ID")
	}
	w.Row(head...)
	byName := func(a, b heartbeat.Node) int { return strings.Compare(a.Name, b.Name) }
	for _, n := range slices.SortedStableFunc(slices.Values(nodes), byName) {
		role := "non-voter"
		switch {
		case n.Leader:
			role = "leader"
		case n.Voter:
			role = "voter"
		}
		cells := []any{term.Free(term.OrDash(n.Name)), role, term.Free(aliveInWords(n)), term.Free(term.OrDash(n.HTTP)), term.Free(term.OrDash(n.Version))}
		if w.Wide {
			cells = append(cells, n.Cluster, n.ID)
		}
		w.Row(cells...)
	}
}

// showGaps shows when the cluster could take no ping.
func showGaps(w *term.Table, gaps []heartbeat.Gap) {
	if len(gaps) == 0 {
		return
	}
	w.Row()
	w.Row(term.TimeHead("NO PING COULD BE TAKEN FROM"), term.TimeHead("TO"))
	for _, g := range gaps {
		to := term.ColumnTime(&g.To)
		if g.To.Equal(g.From) {
			to = "unknown"
		}
		w.Row(term.ColumnTime(&g.From), to)
	}
}

func aliveInWords(n heartbeat.Node) string {
	switch {
	case !n.Alive:
		return "no"
	case !n.Listener:
		return "yes, but takes no pings"
	}
	return "yes"
}

// outboundWords says how another monitor is told that this one is well; "" if there is none.
func outboundWords(o heartbeat.Outbound) string {
	last := ""
	if o.LastSuccessAt != nil {
		last = " (last told by this node " + term.Time(o.LastSuccessAt) + ")"
	}
	switch o.State {
	case "ok":
		return "is told that this one is well" + last
	case "resting":
		return "is told by the leader" + last
	case "withheld":
		return "IS TOLD NOTHING" + last + ": " + o.Reason
	case "failing":
		return "CANNOT BE TOLD" + last + ": " + o.Reason
	}
	return ""
}

// mailServerWords says how the mail server is, to whom that node knows it.
func mailServerWords(m heartbeat.MailServer) string {
	switch m.State {
	case "ok":
		return "answers (asked " + term.Time(m.CheckedAt) + ")"
	case "failing":
		return "CANNOT BE USED (asked " + term.Time(m.CheckedAt) + "): " + m.Error
	}
	return "-"
}
