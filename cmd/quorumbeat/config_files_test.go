package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
)

// configFiles copies the files of a folder of testdata/config, so that nobody else can
// read them: some hold secrets.
func configFiles(t *testing.T, folder string) (paths []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("..", "..", "testdata", "config", folder, "*.yaml"))
	if err != nil || len(all) == 0 {
		t.Fatalf("testdata/config/%s: %d files, %v", folder, len(all), err)
	}
	for _, file := range all {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, write(t, filepath.Base(file), string(text)))
	}
	return paths
}

func TestGoodSettingsAreAccepted(t *testing.T) {
	for _, file := range configFiles(t, "good") {
		p, _, stderr := newTestProgram(nil)
		if code := p.run(t.Context(), []string{"config", "check", "--data-dir", t.TempDir(), "--config", file}); code != cli.ExitDone {
			t.Errorf("%s: exit code %d, %q", filepath.Base(file), code, stderr)
		}
	}
}

// TestBadSettingsAreRefused with the words of their first line, and without quoting more
// than what is wrong.
func TestBadSettingsAreRefused(t *testing.T) {
	for _, file := range configFiles(t, "bad") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		words := strings.TrimPrefix(first, "# ")
		p, _, stderr := newTestProgram(nil)
		code := p.run(t.Context(), []string{"config", "check", "--config", file})
		if said := stderr.String(); code != cli.ExitUsage || !strings.Contains(said, words) || strings.Count(said, "\n") != 1 || strings.Contains(said, "hunter2") {
			t.Errorf("%s: exit code %d, %q, want %q", filepath.Base(file), code, said, words)
		}
	}
}

// TestReadmePrintsTheProductionFiles word for word.
func TestReadmePrintsTheProductionFiles(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"quorumbeat.yaml", "env", "quorumbeat.service"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "config", "production", name))
		if err != nil || !strings.Contains(string(readme), "\n"+string(text)+"```") {
			t.Errorf("README does not print testdata/config/production/%s (%v)", name, err)
		}
	}
}
