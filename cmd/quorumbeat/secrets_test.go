package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestSecretsComeFromFiles: by a flag, the environment or the settings' file, and the
// command line wins over those.
func TestSecretsComeFromFiles(t *testing.T) {
	const env = "QUORUMBEAT_ADMIN_KEY"
	one, two := write(t, "one", "from-file-one-0123\n"), write(t, "two", "from-file-two-0123\n")
	yaml := write(t, "q.yaml", "admin-key-file: "+two+"\n")
	both := write(t, "both.yaml", "admin-key: an-admin-key-0123\nadmin-key-file: "+two+"\n")
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		want string // "": refused
	}{
		"a flag":                        {[]string{"--admin-key-file", one}, nil, "from-file-one-0123"},
		"a variable":                    {nil, map[string]string{env + "_FILE": one}, "from-file-one-0123"},
		"a setting":                     {[]string{"--config", yaml}, nil, "from-file-two-0123"},
		"a flag over a variable":        {[]string{"--admin-key-file", one}, map[string]string{env: "of-the-environment"}, "from-file-one-0123"},
		"a flag over a variable's file": {[]string{"--admin-key", "of-the-command-line"}, map[string]string{env + "_FILE": one}, "of-the-command-line"},
		"a flag over a setting":         {[]string{"--config", yaml, "--admin-key", "of-the-command-line"}, nil, "of-the-command-line"},
		"a variable over a setting":     {[]string{"--config", yaml}, map[string]string{env: "of-the-environment"}, "of-the-environment"},
		"both flags":                    {[]string{"--admin-key-file", one, "--admin-key", "of-the-command-line"}, nil, ""},
		"both settings":                 {[]string{"--config", both}, nil, ""},
		"no such file":                  {[]string{"--admin-key-file", one + "-not"}, nil, ""},
	} {
		s := newServeSettings()
		flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
		s.register(flags)
		if err := flags.Parse(append([]string{"--smtp-url", "stdout:"}, c.args...)); err != nil {
			t.Fatal(err)
		}
		p, _, _ := newTestProgram(c.env)
		err := s.load(p, flags)
		if c.want == "" && (err == nil || !strings.Contains(err.Error(), "--admin-key-file")) || c.want != "" && (err != nil || s.api.AdminKey != c.want) {
			t.Errorf("%s: %q, %v", name, s.api.AdminKey, err)
		}
	}
}

// TestEverySecretHasAFile, and a warning when it stands on the command line.
func TestEverySecretHasAFile(t *testing.T) {
	s := newServeSettings()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	s.register(flags)
	flags.VisitAll(func(f *pflag.Flag) {
		if secretFlags[f.Name] && flags.Lookup(f.Name+"-file") == nil {
			t.Errorf("--%s has no file", f.Name)
		}
	})
	for args, want := range map[string][]string{
		"--admin-key=an-admin-key-0123": {"admin-key"}, "--metrics-token=a-token-0123456789": {"metrics-token"}, "--cluster-secret=s": {"cluster-secret"},
		"--smtp-url=smtp://u:p@host": {"smtp-url"}, "--smtp-url=smtp://host": nil, "--admin-key-file=/f": nil, "--history=5": nil,
	} {
		flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
		newServeSettings().register(flags)
		if err := flags.Parse([]string{args}); err != nil {
			t.Fatal(err)
		}
		if got := exposed(flags); !slices.Equal(got, want) {
			t.Errorf("%s: %q", args, got)
		}
	}
}

func TestAKeyOnTheCommandLineIsWarnedOf(t *testing.T) {
	m := newFakeMonitor(t)
	for args, want := range map[string]bool{"--api-key=a-secret-key": true, "--url=" + m.URL: false} {
		p, _, stderr := newTestProgram(map[string]string{"QUORUMBEAT_URL": m.URL})
		p.run(t.Context(), []string{"ping", "some-token", args})
		if strings.Contains(stderr.String(), "(ps)") != want || strings.Contains(stderr.String(), "a-secret-key") {
			t.Errorf("%s: %q", args, stderr)
		}
	}
}

// TestTheJobGetsNoSecret of those that the wrapper was given.
func TestTheJobGetsNoSecret(t *testing.T) {
	got := withoutSecrets([]string{
		"PATH=/bin", "QUORUMBEAT_TOKEN=t", "QUORUMBEAT_TOKEN_FILE=/t", "QUORUMBEAT_API_KEY=k", "QUORUMBEAT_API_KEY_FILE=/k", "QUORUMBEAT_ADMIN_KEY=a",
		"QUORUMBEAT_CLUSTER_SECRET_FILE=/c", "QUORUMBEAT_SMTP_URL=smtp://u:p@h", "QUORUMBEAT_METRICS_TOKEN=m", "QUORUMBEAT_URL=http://h", "TOKEN=mine", "QUORUMBEAT_TOKENS=x",
	})
	if want := []string{"PATH=/bin", "QUORUMBEAT_URL=http://h", "TOKEN=mine", "QUORUMBEAT_TOKENS=x"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	m := newFakeMonitor(t)
	w := shell(t, m.URL, `test -z "$QUORUMBEAT_TOKEN$QUORUMBEAT_API_KEY" && test "$MINE" = yes`)
	w.Env = append(w.Env, "QUORUMBEAT_API_KEY=some-key", "MINE=yes")
	if status := w.status(t); status != 0 {
		t.Errorf("status %d: the job sees the token or lacks what is its own", status)
	}
}
