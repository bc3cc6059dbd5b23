package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// showHelp prints the help of a command, as wide as the terminal; into a pipe without
// breaks in the texts of flags, so that grep finds them.
func (p *program) showHelp(c *cobra.Command, _ []string) {
	columns := p.Columns()
	about := c.Long
	if about == "" {
		about = c.Short
	}
	fmt.Fprintf(p.Stdout, "%s\n\n%s", term.Reflow(about, columns), usageText(c, columns))
}

// usageText tells how a command is written, what is under it, and its flags.
func usageText(c *cobra.Command, columns int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n")
	if !c.HasAvailableSubCommands() || c.Flags().Lookup("json") != nil {
		fmt.Fprintf(&b, "  %s\n", c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s COMMAND\n", c.CommandPath())
	}
	if c.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", c.Example)
	}
	if c.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		list := &term.Table{}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				list.Row("  "+sub.Name(), sub.Short)
			}
		}
		_ = list.Write(&b, columns) // a builder takes anything
	}
	if c.HasAvailableLocalFlags() {
		fmt.Fprintf(&b, "\nFlags:\n%s", c.LocalFlags().FlagUsagesWrapped(columns))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n'%s COMMAND --help' tells more about a command.\n", c.CommandPath())
	}
	return b.String()
}

// helpCommand is cobra's, but for words that are no command.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usage.NoArguments(c, append(rest, args...))
			}
			return c.Help()
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if c, _, err := root.Find(args); err == nil {
				return usage.CommandNames(c), cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
