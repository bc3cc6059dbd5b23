package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
)

func (p *program) withEnv(env map[string]string) *program {
	p.Lookup = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	return p
}

func newTestProgram(env map[string]string) (*program, *bytes.Buffer, *bytes.Buffer) {
	var stdout, stderr bytes.Buffer
	return (&program{cli.Program{Stdout: &stdout, Stderr: &stderr}}).withEnv(env), &stdout, &stderr
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWrongSettingsAreUsageErrorsOfOneLine(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		env   map[string]string
		words string
	}{
		"an unknown key in the file":    {[]string{"--config", write(t, "q", "historie: 1\n")}, nil, "historie"},
		"a mapping in the file":         {[]string{"--config", write(t, "q", "history: {a: 1}\n")}, nil, "history"},
		"no such file":                  {[]string{"--config", "/nowhere/q.yaml"}, nil, "/nowhere/q.yaml"},
		"a file that is no YAML":        {[]string{"--config", write(t, "q", "\t{")}, nil, "YAML"},
		"a wrong value in the variable": {nil, map[string]string{"QUORUMBEAT_HISTORY": "many"}, "QUORUMBEAT_HISTORY"},
		"no mail server":                {[]string{"--smtp-url", ""}, nil, "--smtp-url"},
		"a short secret":                {nil, map[string]string{"QUORUMBEAT_CLUSTER_SECRET": "short"}, "quorumbeat secret"},
		"an admin key of few letters":   {[]string{"--admin-key", "short"}, nil, "--admin-key"},
		"beyond loopback, no secret":    {[]string{"--cluster-addr", "0.0.0.0:1"}, nil, "--cluster-secret-file"},
		"others and no secret":          {[]string{"--join", "127.0.0.1:1"}, nil, "quorumbeat secret"},
		"an unknown format of the log":  {[]string{"--log-format", "xml"}, nil, "--log-format"},
		"history over its limit":        {[]string{"--history", "1000001"}, nil, "history"},
		"a line break in a recipient":   {[]string{"--mail-to", "a@example.com\r\nb@example.com"}, nil, "mail-to"},
		"an argument too many":          {[]string{"now"}, nil, "now"},
		"an unknown flag":               {[]string{"--nonsense"}, nil, "nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, stderr := newTestProgram(c.env)
			args := append([]string{"config", "check", "--smtp-url", "stdout:", "--admin-key", "a-key-of-16-letters"}, c.args...)
			code := p.run(t.Context(), args)
			text := stderr.String()
			if code != cli.ExitUsage || !strings.Contains(text, c.words) || strings.Count(text, "\n") != 1 {
				t.Errorf("exit code %d, %q", code, text)
			}
		})
	}
}

func TestSecretsDoNotShowInErrors(t *testing.T) {
	for _, args := range [][]string{
		{"--smtp-url", "smtp://u:hunter2hunter2@host?tls=maybe"}, {"--smtp-url", "smtp://u:hunter2 hunter2@host"},
	} {
		p, _, stderr := newTestProgram(nil)
		if code := p.run(t.Context(), append([]string{"config", "check"}, args...)); code != cli.ExitUsage || strings.Contains(stderr.String(), "hunter2") {
			t.Errorf("exit code %d, %q", code, stderr.String())
		}
	}
}

func TestHelpTellsUnitsAndLimits(t *testing.T) {
	p, stdout, _ := newTestProgram(nil)
	if code := p.run(t.Context(), []string{"serve", "--help"}); code != cli.ExitDone {
		t.Fatalf("exit code %d", code)
	}
	for _, want := range []string{
		"--node-name", "--data-dir", "--config", "--http-addr", "--http-tls-cert", "--cluster-addr", "--gossip-addr", "--advertise", "--join",
		"--bootstrap-expect", "--cluster-secret-file", "--insecure-cluster", "--admin-key", "--smtp-url", "--mail-from", "--mail-to", "--history", "--in-doubt",
		"--dead-after", "--disk-reserve", "--alert-burst", "--alert-group-wait", "--alert-flap-window", "--metrics-per-heartbeat", "--metrics-token", "--log-level", "--log-format",
		"0 to 1000000", "16 to 256",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}
