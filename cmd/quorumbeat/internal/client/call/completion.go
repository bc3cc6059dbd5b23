package call

import (
	"context"
	"maps"
	"slices"
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
	return func(p *cli.Program, c *cobra.Command, _ *cli.Connection) {
		c.ValidArgsFunction = func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return NamesFor(p, c, names, begun), cobra.ShellCompDirectiveNoFileComp
		}
	}
}

// CompleteFlag has a shell complete the value of a flag that is such a name, or a list of them with commas between.
func CompleteFlag(p *cli.Program, c *cobra.Command, flag string, names Namer) {
	cli.CompleteFlag(c, flag, func(c *cobra.Command, begun string) []cobra.Completion { return NamesFor(p, c, names, begun) })
}

// NamesFor are the names that go on as begun; none if the cluster cannot be asked.
func NamesFor(p *cli.Program, c *cobra.Command, names Namer, begun string) []cobra.Completion {
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
	return cli.Beginning(all, begun)
}

// CompleteHeartbeat is the option of commands whose first argument is a heartbeat.
var CompleteHeartbeat = CompleteNames(HeartbeatNames)

// HeartbeatNames are the slugs of heartbeats, and IDs where several share one.
func HeartbeatNames(ctx context.Context, api *heartbeat.Client) ([]cobra.Completion, error) {
	all, err := api.List(ctx)
	return namesOf(all), err
}

func namesOf(all []*heartbeat.Heartbeat) (names []cobra.Completion) {
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
	return names
}

// TagNames are the tags that heartbeats have.
func TagNames(ctx context.Context, api *heartbeat.Client) ([]cobra.Completion, error) {
	all, err := api.List(ctx)
	return tagsOf(all), err
}

func tagsOf(all []*heartbeat.Heartbeat) []cobra.Completion {
	found := map[string]bool{}
	for _, h := range all {
		for _, tag := range h.Tags {
			found[tag] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// DependencyNames are what a heartbeat can depend on: others, and tags.
func DependencyNames(ctx context.Context, api *heartbeat.Client) ([]cobra.Completion, error) {
	all, err := api.List(ctx)
	names := namesOf(all)
	for _, tag := range tagsOf(all) {
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
