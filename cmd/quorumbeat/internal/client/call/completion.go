package call

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// completionLimit bounds how long a shell waits for names.
const completionLimit = 2 * time.Second

// Namer asks the cluster for the names of some kind of thing.
type Namer func(context.Context, *heartbeat.Client) ([]cobra.Completion, error)

// CompleteNames is the option of commands whose first argument is such a name.
func CompleteNames(names Namer) Option {
	return func(p *cli.Program, c *cobra.Command, _ *cli.Connection) {
		c.ValidArgsFunction = func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return namesFor(p, c, names, begun), cobra.ShellCompDirectiveNoFileComp
		}
	}
}

// CompleteFlag has a shell complete the value of a flag that is such a name, or a list of them with commas between.
func CompleteFlag(p *cli.Program, c *cobra.Command, flag string, names Namer) {
	isList := c.Flags().Lookup(flag).Value.Type() == flags.TypeOfLists
	_ = c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		before := ""
		if comma := strings.LastIndexByte(begun, ','); isList && comma >= 0 {
			before, begun = begun[:comma+1], begun[comma+1:]
		}
		fit := namesFor(p, c, names, begun)
		for i := range fit {
			fit[i] = before + fit[i]
		}
		if isList {
			return fit, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
		return fit, cobra.ShellCompDirectiveNoFileComp
	})
}

// namesFor are the names that go on as begun; none if the cluster cannot be asked.
func namesFor(p *cli.Program, c *cobra.Command, names Namer, begun string) (fit []cobra.Completion) {
	if p.Resolve(c.Flags()) != nil {
		return nil
	}
	s := cli.Connection{URL: c.Flags().Lookup("url").Value.String(), APIKey: c.Flags().Lookup("api-key").Value.String(), Stale: true}
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

// TagNames are the tags that heartbeats have.
func TagNames(ctx context.Context, api *heartbeat.Client) ([]cobra.Completion, error) {
	all, err := api.List(ctx)
	count := map[string]int{}
	for _, h := range all {
		for _, tag := range h.Tags {
			count[tag]++
		}
	}
	return slices.Sorted(maps.Keys(count)), err
}

// DependencyNames are what a heartbeat can depend on: others, and tags.
func DependencyNames(ctx context.Context, api *heartbeat.Client) ([]cobra.Completion, error) {
	names, err := HeartbeatNames(ctx, api)
	if err != nil {
		return nil, err
	}
	tags, err := TagNames(ctx, api)
	for _, tag := range tags {
		names = append(names, "tag:"+tag)
	}
	return names, err
}

// ChannelNames are the names of channels.
func ChannelNames(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
	all, err := api.Channels(ctx)
	for _, c := range all {
		names = append(names, cobra.CompletionWithDesc(c.Name, c.Kind))
	}
	return names, err
}
