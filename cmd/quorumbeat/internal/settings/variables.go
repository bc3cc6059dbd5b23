package settings

import (
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// kubernetes makes such variables of a service that is called quorumbeat, in every pod.
var kubernetes = regexp.MustCompile(`_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$`)

// variableOf is the environment's name of a flag.
func variableOf(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// MetricsVariable names, for a job that 'run' runs, the file of the numbers that it tells.
const MetricsVariable = envPrefix + "METRICS"

// knownVariables are those that some command reads, or sets.
func knownVariables(root *cobra.Command) (known []string) {
	add := func(f *pflag.Flag) {
		known = append(known, variableOf(f.Name))
		if secretFlags[f.Name] {
			known = append(known, variableOf(f.Name)+"_FILE")
		}
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(add)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	known = append(known, MetricsVariable)
	slices.Sort(known)
	return slices.Compact(known)
}

// strange is a variable of our prefix that nobody reads.
type strange struct {
	name string
	near string // what was meant, if one that is read is near; else ""
}

func (s strange) Error() string {
	if s.near == "" {
		return fmt.Sprintf("no setting is called %s: see 'quorumbeat serve --help' for those that there are", s.name)
	}
	return fmt.Sprintf("no setting is called %s: did you mean %s?", s.name, s.near)
}

// strangeVariables finds them: a misspelt one would leave a setting at its default without a word.
func (e Env) strangeVariables(root *cobra.Command) (list []strange) {
	if e.All == nil {
		return nil
	}
	known := knownVariables(root)
	for _, entry := range e.All() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(known, name) || kubernetes.MatchString(name) {
			continue
		}
		list = append(list, strange{name, nearestVariable(name, known)})
	}
	return list
}

// nearestVariable goes by what comes after the prefix, which all have in common.
func nearestVariable(name string, known []string) string {
	bare := make([]string, len(known))
	for i, k := range known {
		bare[i] = strings.TrimPrefix(k, envPrefix)
	}
	if near := usage.Nearest(strings.TrimPrefix(name, envPrefix), bare); near != "" {
		return envPrefix + near
	}
	return ""
}

// Misspelt says which variables of our prefix nobody reads, and what was meant.
func (e Env) Misspelt(root *cobra.Command) (errs []error) {
	for _, s := range e.strangeVariables(root) {
		errs = append(errs, s)
	}
	return errs
}

// Slips are those that are near to one that is read. Others may be somebody else's.
func (e Env) Slips(root *cobra.Command) (errs []error) {
	for _, s := range e.strangeVariables(root) {
		if s.near != "" {
			errs = append(errs, s)
		}
	}
	return errs
}

// WarnMisspelt has the log tell of such variables: a node that was fine does not refuse
// to start for one.
func (e Env) WarnMisspelt(root *cobra.Command, log *slog.Logger) {
	for _, err := range e.Misspelt(root) {
		log.Warn("a variable of the environment is ignored", "why", err)
	}
}
