package settings

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestSecretsComeFromFiles: by a flag, the environment or the settings' file, and the
// command line wins over those.
func TestSecretsComeFromFiles(t *testing.T) {
	const env = "QUORUMBEAT_ADMIN_KEY"
	one, two := writeFile(t, "one", "from-file-one-0123\n"), writeFile(t, "two", "from-file-two-0123\n")
	yaml := writeFile(t, "q.yaml", "admin-key-file: "+two+"\n")
	both := writeFile(t, "both.yaml", "admin-key: an-admin-key-0123\nadmin-key-file: "+two+"\n")
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
		s := New(Build{})
		flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
		s.Register(flags)
		if err := flags.Parse(append([]string{"--smtp-url", "stdout:"}, c.args...)); err != nil {
			t.Fatal(err)
		}
		e := environmentOf(c.env)
		err := s.Load(e)
		if c.want == "" && (err == nil || !strings.Contains(err.Error(), "--admin-key-file")) || c.want != "" && (err != nil || s.API.AdminKey != c.want) {
			t.Errorf("%s: %q, %v", name, s.API.AdminKey, err)
		}
	}
}

// TestEverySecretHasAFile, and a warning when it stands on the command line.
func TestEverySecretHasAFile(t *testing.T) {
	s := New(Build{})
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	s.Register(flags)
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
		New(Build{}).Register(flags)
		if err := flags.Parse([]string{args}); err != nil {
			t.Fatal(err)
		}
		if got := SecretsOnCommandLine(flags); !slices.Equal(got, want) {
			t.Errorf("%s: %q", args, got)
		}
	}
}

// TestAJobsEnvironmentHoldsNoSecret: none of those that the wrapper was given.
func TestAJobsEnvironmentHoldsNoSecret(t *testing.T) {
	got := WithoutSecrets([]string{
		"PATH=/bin", "QUORUMBEAT_TOKEN=t", "QUORUMBEAT_TOKEN_FILE=/t", "QUORUMBEAT_API_KEY=k", "QUORUMBEAT_API_KEY_FILE=/k", "QUORUMBEAT_ADMIN_KEY=a",
		"QUORUMBEAT_CLUSTER_SECRET_FILE=/c", "QUORUMBEAT_SMTP_URL=smtp://u:p@h", "QUORUMBEAT_METRICS_TOKEN=m", "QUORUMBEAT_URL=http://h", "TOKEN=mine", "QUORUMBEAT_TOKENS=x",
	})
	if want := []string{"PATH=/bin", "QUORUMBEAT_URL=http://h", "TOKEN=mine", "QUORUMBEAT_TOKENS=x"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestWhoElseMayReadASecret(t *testing.T) {
	me, mine := os.Geteuid(), os.Getegid()
	const somebody, theirs = 54321, 54322
	for _, tt := range []struct {
		mode         fs.FileMode
		owner, group int
		words        string // "": nobody
	}{
		{0o600, me, mine, ""},
		{0o400, me, theirs, ""},
		{0o400, 0, 0, ""},
		{0o640, 0, mine, ""}, // root gives it to the service
		{0o440, 0, mine, ""},
		{0o440, 0, 0, ""}, // systemd's LoadCredential
		{0o640, 0, theirs, "read by a group"},
		{0o660, 0, mine, "changed by a group"},
		{0o644, me, mine, "every user"},
		{0o602, me, mine, "every user"},
		{0o444, 0, mine, "every user"},
		{0o600, somebody, mine, "another user"},
		{0o440, somebody, mine, "another user"},
	} {
		if got := otherReaders(tt.mode, tt.owner, tt.group); (got == "") != (tt.words == "") || !strings.Contains(got, tt.words) {
			t.Errorf("mode %04o of %d:%d: %q, want %q", tt.mode, tt.owner, tt.group, got, tt.words)
		}
	}
	if got := otherReaders(0o640, me, theirs); !strings.Contains(got, "read by a group") {
		t.Errorf("own file, another group: %q", got)
	}
}
