package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// FlagError says what is wrong with a flag.
func FlagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	help := fmt.Sprintf("see '%s --help'", c.CommandPath())
	switch {
	case errors.As(err, &unknown):
		name := dashed(unknown.GetSpecifiedName())
		if ours := elsewhere[name]; c.Flags().Lookup(ours) != nil {
			return usage.Errorf("'%s' has no flag %s: did you mean --%s? Or %s", c.CommandPath(), name, ours, help)
		}
		return usage.Errorf("'%s' has no flag %s%s", c.CommandPath(), name, usage.OrHelp(c, name, flagNames(c.Flags())))
	case errors.As(err, &missing):
		return usage.Errorf("%s needs a value; %s", dashed(missing.GetSpecifiedName()), help)
	case errors.As(err, &invalid):
		return usage.Errorf("--%s: %v; %s", invalid.GetFlag().Name, settings.ValueError(invalid.GetFlag(), err), help)
	}
	return usage.Errorf("%v; %s", err, help)
}

// elsewhere are names that other monitors have for what our flags say.
var elsewhere = map[string]string{"--cron": "schedule", "--period": "interval", "--every": "interval", "--timeout": "interval", "--timezone": "tz", "--tolerance": "miss-threshold", "--channel": "notify", "--to": "email"}

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
