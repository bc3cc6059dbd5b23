package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
)

// Every setting that names a file with a secret refuses one that others can read.
func TestSecretFilesThatOthersCanReadAreRefused(t *testing.T) {
	secret := strings.Repeat("s", 40)
	base := []string{"config", "check", "--smtp-url", "stdout:", "--mail-from", "a@example.com"}
	certText, keyText := certificate(t)
	cert := write(t, "cert.pem", certText)
	for name, tt := range map[string]struct {
		text string
		args func(file string) []string
		env  string
	}{
		"--cluster-secret-file":          {secret, func(f string) []string { return []string{"--cluster-secret-file", f} }, ""},
		"QUORUMBEAT_ADMIN_KEY_FILE":      {secret, nil, "QUORUMBEAT_ADMIN_KEY_FILE"},
		"--config with an admin key":     {"admin-key: " + secret, func(f string) []string { return []string{"--config", f} }, ""},
		"--config with a cluster secret": {"cluster-secret: " + secret, func(f string) []string { return []string{"--config", f} }, ""},
		"--config with a password":       {"smtp-url: smtp://u:p@host", func(f string) []string { return []string{"--config", f} }, ""},
		"--cluster-tls-key": {keyText, func(f string) []string {
			return []string{"--cluster-tls-key", f, "--cluster-tls-cert", cert, "--cluster-tls-ca", cert, "--insecure-cluster"}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, "file", tt.text+"\n")
			args, env := base, map[string]string{}
			if tt.args != nil {
				args = append(args[:len(args):len(args)], tt.args(file)...)
			} else {
				env[tt.env] = file
			}
			for mode, code := range map[fs.FileMode]int{0o600: cli.ExitDone, 0o400: cli.ExitDone, 0o644: cli.ExitUsage, 0o604: cli.ExitUsage, 0o620: cli.ExitUsage} {
				if err := os.Chmod(file, mode); err != nil {
					t.Fatal(err)
				}
				p, _, stderr := newTestProgram(env)
				got := p.run(t.Context(), args)
				said := stderr.String()
				if got != code || code != cli.ExitDone && (!strings.Contains(said, "chmod 600 "+file) || strings.Contains(said, secret)) {
					t.Errorf("mode %04o: exit code %d, %q", mode, got, said)
				}
			}
		})
	}
}

func TestAConfigFileWithoutSecretsMayBeRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "q.yaml")
	if err := os.WriteFile(file, []byte("history: 1\nsmtp-url: smtp://mail.example.com\nmail-from: a@example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	p, _, stderr := newTestProgram(nil)
	if code := p.run(t.Context(), []string{"config", "check", "--config", file}); code != cli.ExitDone {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}
