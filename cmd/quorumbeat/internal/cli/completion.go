package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/zones"
)

// CompleteFlag has a shell complete the value of a flag, or each of a list with commas between, by
// what may follow a beginning.
func CompleteFlag(c *cobra.Command, flag string, options func(c *cobra.Command, begun string) []cobra.Completion) {
	isList := c.Flags().Lookup(flag).Value.Type() == flags.TypeOfLists
	_ = c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) { // the flag is there
		if !isList {
			return options(c, begun), cobra.ShellCompDirectiveNoFileComp
		}
		comma := strings.LastIndexByte(begun, ',') + 1
		fit := options(c, begun[comma:])
		for i := range fit {
			fit[i] = begun[:comma] + fit[i]
		}
		return fit, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}

// CompleteWords has a shell complete a flag whose values are known.
func CompleteWords(c *cobra.Command, flag string, words []string) {
	CompleteFlag(c, flag, func(_ *cobra.Command, begun string) []cobra.Completion { return Beginning(words, begun) })
}

// Beginning are the completions that go on as begun.
func Beginning(all []cobra.Completion, begun string) (fit []cobra.Completion) {
	for _, c := range all {
		if strings.HasPrefix(c, begun) {
			fit = append(fit, c)
		}
	}
	return fit
}

// CompleteZone has a shell complete the time zone of --tz.
func CompleteZone(c *cobra.Command) {
	CompleteWords(c, "tz", zones.Names())
}
