package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// flagError says what is wrong with a flag.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	help := fmt.Sprintf("see '%s --help'", c.CommandPath())
	switch {
	case errors.As(err, &unknown):
		name := dashed(unknown.GetSpecifiedName())
		return usage.Errorf("'%s' has no flag %s%s", c.CommandPath(), name, usage.OrHelp(c, name, flagNames(c.Flags())))
	case errors.As(err, &missing):
		return usage.Errorf("%s needs a value; %s", dashed(missing.GetSpecifiedName()), help)
	case errors.As(err, &invalid):
		return usage.Errorf("--%s: %v; %s", invalid.GetFlag().Name, valueError(invalid.GetFlag(), err), help)
	}
	return usage.Errorf("%v; %s", err, help)
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
