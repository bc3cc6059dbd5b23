package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fromCron runs the commands of docs/from-cron.md as they stand there: each block must end well, and print what the
// lines that begin with "# →" say.
func fromCron(t *testing.T, e *env) {
	page, err := os.ReadFile(filepath.Join(repoRoot(t), "docs/from-cron.md"))
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(plain.path(t), filepath.Join(bin, "quorumbeat")); err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```sh\n")[1:]
	if len(blocks) < 5 {
		t.Errorf("the page has %d blocks of commands", len(blocks))
	}
	for _, block := range blocks {
		script, _, _ := strings.Cut(block, "```")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, "sh", "-e", "-c", script)
		cmd.Env = append(e.clientEnv(), "PATH="+bin+":/usr/bin:/bin", "HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v in\n%s\n%s", err, script, out)
		}
		for line := range strings.Lines(script) {
			if want, ok := strings.CutPrefix(strings.TrimSpace(line), "# → "); ok && !strings.Contains(string(out), want) {
				t.Errorf("docs/from-cron.md says %q, but\n%s\nprinted\n%s", want, script, out)
			}
		}
	}
}
