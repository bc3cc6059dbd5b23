package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// envPrefix begins the environment's name of every flag.
const envPrefix = "QUORUMBEAT_"

// secretFlags may also be given as the name of a file, in the environment variable
// with _FILE at its end.
var secretFlags = map[string]bool{"admin-key": true, "smtp-url": true, "cluster-secret": true, "api-key": true, "token": true, "metrics-token": true, "outbound-url": true, "canary-url": true}

// Env is where settings come from that stand on no command line.
type Env struct {
	Lookup func(name string) (string, bool)
	All    func() []string // NAME=VALUE; nil: unknown
}

// Resolve fills in the flags that the command line leaves open: from the
// environment, else from the YAML file of --config. Unknown keys are errors, in
// the file at least: the environment belongs to others too.
func (e Env) Resolve(flags *pflag.FlagSet) error {
	if err := readSecretFlags(flags, nil); err != nil {
		return err
	}
	given := map[string]bool{}
	flags.Visit(func(f *pflag.Flag) { given[f.Name] = true })
	if err := e.fillFromEnvironment(flags, given); err != nil {
		return err
	}
	config := flags.Lookup("config")
	if config == nil || config.Value.String() == "" {
		return nil
	}
	if err := fillFromFile(flags, config.Value.String(), given); err != nil {
		return err
	}
	return readSecretFlags(flags, given)
}

func (e Env) fillFromEnvironment(flags *pflag.FlagSet, given map[string]bool) (err error) {
	flags.VisitAll(func(f *pflag.Flag) {
		if err != nil || given[f.Name] || f.Name == "help" || f.Annotations[secretOf] != nil {
			return
		}
		name := variableOf(f.Name)
		value, ok := e.Lookup(name)
		if !ok && secretFlags[f.Name] && f.Name != "cluster-secret" { // that one's file is a flag that is met by itself
			value, ok, err = e.readSecretVariable(name + "_FILE")
		}
		if err != nil || !ok {
			return
		}
		given[f.Name] = true
		if wrong := flags.Set(f.Name, value); wrong != nil {
			err = usage.Errorf("%s: %v", name, ValueError(f, wrong))
		}
	})
	return err
}

func (e Env) readSecretVariable(name string) (string, bool, error) {
	path, ok := e.Lookup(name)
	if !ok {
		return "", false, nil
	}
	b, err := readSecretFile(name, path)
	if err != nil {
		return "", false, err
	}
	return strings.TrimSpace(string(b)), true, nil
}

// fillFromFile reads a mapping of flags' names to values; lists may be YAML lists.
func fillFromFile(flags *pflag.FlagSet, path string, given map[string]bool) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return usage.Errorf("--config: the file %s cannot be read: %w", path, errors.Unwrap(err))
	}
	values := map[string]any{}
	if err := yaml.NewDecoder(bytes.NewReader(raw)).Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		why, _, _ := strings.Cut(err.Error(), "\n") // what follows quotes the file, which may hold secrets
		return usage.Errorf("%s is not a YAML mapping of settings: %s", path, why)
	}
	if mustBePrivate(values) {
		if err := checkSecretFile("--config", path); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value, f := values[name], flags.Lookup(name)
		if f == nil || notInFiles[name] {
			return usage.Errorf("%s: unknown setting %q%s", path, name, suggestSetting(name, flags))
		}
		if given[name] {
			continue
		}
		text, err := settingText(value)
		if err == nil {
			err = flags.Set(name, text)
		}
		if err != nil {
			return usage.Errorf("%s: %s: %v", path, name, ValueError(f, err))
		}
	}
	return nil
}

// notInFiles are flags that are no settings.
var notInFiles = map[string]bool{"help": true, "config": true, "json": true}

// suggestSetting ends a sentence about a setting that nobody knows.
func suggestSetting(name string, flags *pflag.FlagSet) string {
	var known []string
	flags.VisitAll(func(f *pflag.Flag) {
		if !notInFiles[f.Name] {
			known = append(known, f.Name)
		}
	})
	if words := usage.DidYouMean(strings.ReplaceAll(name, "_", "-"), known); words != "" {
		return words
	}
	return "; see 'quorumbeat serve --help' for those that there are"
}

// mustBePrivate reports whether the settings of a file must be kept from others. The
// address of a mail server is no secret while it has no password.
func mustBePrivate(values map[string]any) bool {
	for name, value := range values {
		if secretFlags[name] && (name != "smtp-url" || strings.Contains(fmt.Sprint(value), "@")) {
			return true
		}
	}
	return false
}

// settingText is a YAML value as it would stand on the command line.
func settingText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", errors.New("has no value")
	case map[string]any:
		return "", errors.New("is a mapping; it must be a single value or a list")
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = fmt.Sprint(x)
		}
		return strings.Join(parts, ","), nil
	}
	return fmt.Sprint(v), nil
}
