package client

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// completionLimit bounds how long a shell waits for names.
const completionLimit = 2 * time.Second

// namer asks the cluster for the names of some kind of thing.
type namer func(context.Context, *heartbeat.Client) ([]cobra.Completion, error)

// completeNames is the option of commands whose first argument is such a name.
func completeNames(names namer) Option {
	return func(p *cli.Program, c *cobra.Command, s *cli.Connection) {
		c.ValidArgsFunction = func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return namesFor(p, c, s, names, begun), cobra.ShellCompDirectiveNoFileComp
		}
	}
}

// completeFlag is the option of commands with a flag whose value is such a name.
func completeFlag(p *cli.Program, c *cobra.Command, s *cli.Connection, flag string, names namer) {
	_ = c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return namesFor(p, c, s, names, begun), cobra.ShellCompDirectiveNoFileComp
	})
}

// namesFor are the names that go on as begun; none if the cluster cannot be asked.
func namesFor(p *cli.Program, c *cobra.Command, s *cli.Connection, names namer, begun string) (fit []cobra.Completion) {
	if p.Resolve(c.Flags()) != nil {
		return nil
	}
	s.Stale = true
	api, err := s.Client(heartbeat.WithRetries(0), heartbeat.WithAttemptTimeout(completionLimit))
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionLimit)
	defer cancel()
	all, _ := names(ctx, api)
	for _, name := range all {
		if strings.HasPrefix(name, begun) {
			fit = append(fit, name)
		}
	}
	return fit
}

// completeHeartbeat completes slugs, and IDs where several heartbeats share one.
var completeHeartbeat = completeNames(heartbeatNames)

func heartbeatNames(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
	all, err := api.List(ctx)
	count := map[string]int{}
	for _, h := range all {
		count[h.Slug]++
	}
	for _, h := range all {
		word := h.Slug
		if count[h.Slug] > 1 {
			word = h.ID
		}
		names = append(names, cobra.CompletionWithDesc(word, term.Printable(h.Name)+", "+h.Status))
	}
	return names, err
}

func keyNames(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
	keys, err := api.Keys(ctx)
	for _, k := range keys {
		names = append(names, cobra.CompletionWithDesc(k.Name, "scope "+k.Scope), cobra.CompletionWithDesc(k.ID, term.Printable(k.Name)))
	}
	return names, err
}

func alertIDs(states []string) func(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
	return func(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
		for _, state := range states {
			rows, err := api.Alerts(ctx, heartbeat.AlertsParams{State: state})
			if err != nil {
				return nil, err
			}
			for _, a := range rows {
				names = append(names, cobra.CompletionWithDesc(a.ID, term.Printable(a.HeartbeatName)+", "+a.State))
			}
		}
		return names, nil
	}
}

func nodeNames(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
	cluster, err := api.Cluster(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range cluster.Nodes {
		names = append(names, cobra.CompletionWithDesc(n.Name, n.ID))
	}
	return names, nil
}
