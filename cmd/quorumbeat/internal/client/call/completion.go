package call

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

// Namer asks the cluster for the names of some kind of thing.
type Namer func(context.Context, *heartbeat.Client) ([]cobra.Completion, error)

// CompleteNames is the option of commands whose first argument is such a name.
func CompleteNames(names Namer) Option {
	return func(p *cli.Program, c *cobra.Command, s *cli.Connection) {
		c.ValidArgsFunction = func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return namesFor(p, c, s, names, begun), cobra.ShellCompDirectiveNoFileComp
		}
	}
}

// CompleteFlag is the option of commands with a flag whose value is such a name.
func CompleteFlag(p *cli.Program, c *cobra.Command, s *cli.Connection, flag string, names Namer) {
	_ = c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return namesFor(p, c, s, names, begun), cobra.ShellCompDirectiveNoFileComp
	})
}

// namesFor are the names that go on as begun; none if the cluster cannot be asked.
func namesFor(p *cli.Program, c *cobra.Command, s *cli.Connection, names Namer, begun string) (fit []cobra.Completion) {
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

// CompleteHeartbeat is the option of commands whose first argument is a heartbeat.
var CompleteHeartbeat = CompleteNames(HeartbeatNames)

// HeartbeatNames are the slugs of heartbeats, and IDs where several share one.
func HeartbeatNames(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
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
