package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// showHelp prints the help of a command, as wide as the terminal; into a pipe without
// breaks in the texts of flags, so that grep finds them.
func (p *program) showHelp(c *cobra.Command, _ []string) {
	columns := p.columns()
	about := c.Long
	if about == "" {
		about = c.Short
	}
	fmt.Fprintf(p.stdout, "%s\n\n%s", fill(about, columns), usage(c, columns))
}

// usage tells how a command is written, what is under it, and its flags.
func usage(c *cobra.Command, columns int) string {
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
		list := &table{}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				row(list, "  "+sub.Name(), sub.Short)
			}
		}
		_ = list.write(&b, columns) // a builder takes anything
	}
	if c.HasAvailableLocalFlags() {
		fmt.Fprintf(&b, "\nFlags:\n%s", c.LocalFlags().FlagUsagesWrapped(columns))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n'%s COMMAND --help' tells more about a command.\n", c.CommandPath())
	}
	return b.String()
}

// fill breaks the lines of a text anew where they are too long; lines that begin with a
// space stay as they are. Without a terminal all do.
func fill(text string, columns int) string {
	if columns == 0 {
		return text
	}
	var lines []string
	open := false // the last line may go on
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || strings.HasPrefix(line, " ") {
			lines, open = append(lines, line), false
			continue
		}
		for word := range strings.FieldsSeq(line) {
			last := len(lines) - 1
			if open && displayWidth(lines[last])+1+displayWidth(word) <= columns {
				lines[last] += " " + word
			} else {
				lines, open = append(lines, word), true
			}
		}
	}
	return strings.Join(lines, "\n")
}
