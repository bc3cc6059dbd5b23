package usage

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// NoArguments is for commands that take none. A word after a command that has others
// under it is one of those, misspelt.
func NoArguments(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case c.HasAvailableSubCommands():
		return Errorf("there is no command '%s %s'%s", c.CommandPath(), args[0], OrHelp(c, args[0], CommandNames(c)))
	}
	return Errorf("'%s' takes no argument, and %q was given; see '%s --help'", c.CommandPath(), args[0], c.CommandPath())
}

// Needs is for commands that take these arguments.
func Needs(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return Errorf("'%s' needs %s: %s; see '%s --help'", c.CommandPath(), names[len(args)], strings.TrimSpace(c.CommandPath()+" "+strings.Join(names, " ")), c.CommandPath())
		case len(args) > len(names):
			return Errorf("'%s' takes %s and nothing else, and %q was given: quote a name that has spaces", c.CommandPath(), strings.Join(names, " "), args[len(names)])
		}
		return nil
	}
}

// NeedsSome wants one argument or more.
func NeedsSome(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return Needs(name)(c, args)
		}
		return nil
	}
}

// AtMost is for commands that take one argument or none.
func AtMost(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > 1 {
			return Errorf("'%s' takes %s and nothing else, and %q was given; see '%s --help'", c.CommandPath(), name, args[1], c.CommandPath())
		}
		return nil
	}
}

// CommandNames lists the commands below one.
func CommandNames(c *cobra.Command) (names []string) {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

// OrHelp ends a sentence about a word that nobody knows.
func OrHelp(c *cobra.Command, word string, known []string) string {
	if near := DidYouMean(word, known); near != "" {
		return fmt.Sprintf("%s Or see '%s --help'", near, c.CommandPath())
	}
	return fmt.Sprintf("; see '%s --help'", c.CommandPath())
}
