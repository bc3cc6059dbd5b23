package alerts

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// completeSettings has a shell complete the NAME= of --set and --set-file by the kind of channel
// that a command line is about, and the values that a setting may have, if these are few.
func completeSettings(c *cobra.Command, kindOf func(c *cobra.Command, args []string) string) {
	for _, flag := range []string{"set", "set-file"} {
		_ = c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			name, _, named := strings.Cut(begun, "=")
			if named && flag == "set-file" {
				return nil, cobra.ShellCompDirectiveDefault // a file
			}
			kind, _ := kinds.Find(kindOf(c, args))
			if !named {
				return cli.Beginning(settingsOf(kind), begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
			}
			field, _ := kind.Field(name)
			return cli.Beginning(valuesOf(field), begun), cobra.ShellCompDirectiveNoFileComp
		})
	}
}

func settingsOf(k kinds.Kind) (list []cobra.Completion) {
	for _, f := range k.Fields {
		list = append(list, cobra.CompletionWithDesc(f.Name+"=", f.Help))
	}
	return list
}

func valuesOf(f kinds.Field) (list []cobra.Completion) {
	for _, v := range f.Values {
		list = append(list, f.Name+"="+v)
	}
	return list
}

// kindOfChannel asks the cluster for the kind of the channel that is the first argument; "" if it
// cannot be asked.
func kindOfChannel(p *cli.Program, c *cobra.Command, args []string) string {
	if len(args) == 0 {
		return ""
	}
	found := call.NamesFor(p, c, func(ctx context.Context, api *heartbeat.Client) (kind []cobra.Completion, err error) {
		all, err := api.Channels(ctx)
		for _, ch := range all {
			if ch.Name == args[0] || ch.ID == args[0] {
				kind = []cobra.Completion{ch.Kind}
			}
		}
		return kind, err
	}, "")
	return strings.Join(found, "")
}
