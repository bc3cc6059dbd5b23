package cli

import "github.com/spf13/cobra"

// CompleteWords has a shell complete the values of a flag.
func CompleteWords(c *cobra.Command, flag string, options []string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(options, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}
