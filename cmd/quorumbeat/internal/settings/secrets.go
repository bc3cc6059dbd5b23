package settings

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// secretOf annotates the flag of a file with the name of the flag whose value it holds.
const secretOf = "secret of"

// SecretFlag registers a flag of a secret, and one of a file that holds it: others on
// the machine can see the command line.
func SecretFlag(f *pflag.FlagSet, value *string, name, usage string) {
	f.StringVar(value, name, *value, usage)
	f.String(name+"-file", "", "`file` that holds what --"+name+" would, and only its owner can read")
	_ = f.SetAnnotation(name+"-file", secretOf, []string{name}) // it is there
}

// readSecretFlags reads the files that the newest source of settings names, unless a
// source before it gave the secret. before are the flags that those have set.
func readSecretFlags(flags *pflag.FlagSet, before map[string]bool) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		of := f.Annotations[secretOf]
		if err != nil || len(of) == 0 || before[f.Name] || before[of[0]] {
			return
		}
		if flags.Changed(of[0]) {
			err = usage.Errorf("both --%s and --%s are given: use --%s alone", of[0], f.Name, f.Name)
			return
		}
		var text []byte
		if text, err = readSecretFile("--"+f.Name, f.Value.String()); err == nil {
			err = flags.Set(of[0], strings.TrimSpace(string(text)))
		}
	})
	return err
}

// SecretsOnCommandLine are the secrets that stand on the command line. A token may only ping, as may whoever
// knows another monitor's URL, and one user's crontab is as good a place for it as any.
func SecretsOnCommandLine(flags *pflag.FlagSet) (names []string) {
	flags.Visit(func(f *pflag.Flag) {
		if !secretFlags[f.Name] || f.Name == "token" || f.Name == "outbound-url" || f.Name == "canary-url" || f.Name == "smtp-url" && !strings.Contains(f.Value.String(), "@") {
			return
		}
		names = append(names, f.Name)
	})
	return names
}

const SecretOnCommandLine = "a secret stands on the command line, where every user of this machine can see it (ps): use a file or the environment instead"

// WithoutSecrets is an environment for a job: it has no need of what this program was
// given to call the monitor.
func WithoutSecrets(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		rest, ours := strings.CutPrefix(name, envPrefix)
		flag := strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(rest, "_FILE"), "_", "-"))
		return ours && secretFlags[flag]
	})
}
