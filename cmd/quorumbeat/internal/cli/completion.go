package cli

import (
	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/zones"
)

// CompleteWords has a shell complete the values of a flag.
func CompleteWords(c *cobra.Command, flag string, options []string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(options, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

// CompleteZone has a shell complete the time zone of --tz.
func CompleteZone(c *cobra.Command) {
	_ = c.RegisterFlagCompletionFunc("tz", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return zones.Names(), cobra.ShellCompDirectiveNoFileComp
	})
}
