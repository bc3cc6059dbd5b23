package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func environmentOf(env map[string]string) Env {
	return Env{Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSettingsComeFromFlagsThenEnvironmentThenFile(t *testing.T) {
	file := writeFile(t, "q.yaml", "history: 1\nmail-to: [a@example.com, b@example.com]\nadmin-key: from-the-file-0123\nalert-group-wait: 20s\n")
	secret := writeFile(t, "key", "from-a-secret-file\n")
	clusters := writeFile(t, "cluster", strings.Repeat("s", 40)+"\n")
	s := New(Build{})
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	s.Register(flags)
	if err := flags.Parse([]string{"--config", file, "--history", "3", "--smtp-url", "stdout:", "--join", "h:1,h:2"}); err != nil {
		t.Fatal(err)
	}
	e := environmentOf(map[string]string{
		"QUORUMBEAT_HISTORY": "2", "QUORUMBEAT_ALERT_BURST": "7", "QUORUMBEAT_ADMIN_KEY_FILE": secret, "QUORUMBEAT_NODE_NAME": "n",
		"QUORUMBEAT_CLUSTER_SECRET_FILE": clusters, // a flag's variable, though it looks like another's file
	})
	if err := s.Load(e); err != nil {
		t.Fatal(err)
	}
	if s.Alerting.Settings.History != 3 || s.Alerting.Settings.Burst != 7 || s.Alerting.Settings.GroupWait != 20_000 ||
		s.API.AdminKey != "from-a-secret-file" || len(s.Alerting.Settings.MailTo) != 2 || s.Cluster.NodeName != "n" {
		t.Errorf("%+v %+v %+v", s.Cluster, s.Alerting, s.API)
	}
	if len(s.Cluster.Secrets) != 1 || len(s.Cluster.Secrets[0]) != 40 {
		t.Errorf("cluster secrets %q", s.Cluster.Secrets)
	}
	if s.Cluster.BootstrapExpect != 0 || len(s.Cluster.Join) != 2 {
		t.Errorf("with --join a node forms no cluster unless told: %d, %v", s.Cluster.BootstrapExpect, s.Cluster.Join)
	}
}
