package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// What is wrong with a command line is told in words of our own: what was given, what is
// right, and where to read more.

// noArguments is for commands that take none. A word after a command that has others
// under it is one of those, misspelt.
func noArguments(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case c.HasAvailableSubCommands():
		return usagef("there is no command '%s %s'%s", c.CommandPath(), args[0], orHelp(c, args[0], commandNames(c)))
	}
	return usagef("'%s' takes no argument, and %q was given; see '%s --help'", c.CommandPath(), args[0], c.CommandPath())
}

// needs is for commands that take these arguments.
func needs(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("'%s' needs %s: %s; see '%s --help'", c.CommandPath(), names[len(args)], strings.TrimSpace(c.CommandPath()+" "+strings.Join(names, " ")), c.CommandPath())
		case len(args) > len(names):
			return usagef("'%s' takes %s and nothing else, and %q was given: quote a name that has spaces", c.CommandPath(), strings.Join(names, " "), args[len(names)])
		}
		return nil
	}
}

// atMost is for commands that take one argument or none.
func atMost(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usagef("'%s' takes %s and nothing else, and %q was given; see '%s --help'", c.CommandPath(), name, args[1], c.CommandPath())
		}
		return nil
	}
}

func commandNames(c *cobra.Command) (names []string) {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

// flagError says what is wrong with a flag.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	help := fmt.Sprintf("see '%s --help'", c.CommandPath())
	switch {
	case errors.As(err, &unknown):
		name := dashed(unknown.GetSpecifiedName())
		return usagef("'%s' has no flag %s%s", c.CommandPath(), name, orHelp(c, name, flagNames(c.Flags())))
	case errors.As(err, &missing):
		return usagef("%s needs a value; %s", dashed(missing.GetSpecifiedName()), help)
	case errors.As(err, &invalid):
		return usagef("--%s: %v; %s", invalid.GetFlag().Name, valueError(invalid.GetFlag(), err), help)
	}
	return usagef("%v; %s", err, help)
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func flagNames(f *pflag.FlagSet) (names []string) {
	f.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	return names
}

// valueError is what is wrong with a value that a flag does not take: the flag's own
// words, or words in place of the library's.
func valueError(f *pflag.Flag, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	if secretFlags[f.Name] {
		return errors.New("the value is not valid")
	}
	kind, plain := map[string]string{
		"int": "a whole number", "float64": "a number", "bool": "true or false", "duration": "a length of time",
	}[f.Value.Type()]
	if own := invalid.Unwrap(); !plain || f.Value.Type() == "duration" {
		return own
	}
	return fmt.Errorf("%q is not %s", invalid.GetValue(), kind)
}

// orHelp ends a sentence about a word that nobody knows.
func orHelp(c *cobra.Command, word string, known []string) string {
	if near := didYouMean(word, known); near != "" {
		return fmt.Sprintf("%s Or see '%s --help'", near, c.CommandPath())
	}
	return fmt.Sprintf("; see '%s --help'", c.CommandPath())
}

// didYouMean names the nearest of some words, if one is near.
func didYouMean(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return ": did you mean " + near + "?"
	}
	return ""
}

// nearest returns the word that takes the fewest edits to get to, "" if all take more
// than a slip or two.
func nearest(word string, known []string) string {
	best, least := "", 1+min(3, max(1, len(word)/3))
	for _, k := range known {
		if n := distance(strings.ToLower(word), strings.ToLower(k)); n < least {
			best, least = k, n
		}
	}
	if best == "" {
		for _, k := range known {
			if len(word) > 2 && strings.HasPrefix(k, word) {
				return k
			}
		}
	}
	return best
}

// distance counts the edits from one word to another: letters put in, left out, changed
// or swapped with the next.
func distance(a, b string) int {
	before, last := []int(nil), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
