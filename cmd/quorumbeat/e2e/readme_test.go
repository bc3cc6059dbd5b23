package e2e

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestReadmesCommands runs README's commands as they are printed. A block of sh
// that follows the comment <!-- run: GROUP --> belongs to that group.
func TestReadmesCommands(t *testing.T) {
	t.Parallel()                                            // the ports that it takes are no other test's on this network
	for _, port := range []string{"8080", "8180", "8280"} { // README names these
		ln, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Skipf("README's port %s is taken by something else: %v", port, err)
		}
		ln.Close()
	}
	blocks := readmeBlocks(t)
	t.Run("the first heartbeat, against make run", func(t *testing.T) {
		dir := workdir(t)
		log := background(t, dir, "bin/quorumbeat dev")
		waitHTTP(t, "http://localhost:8080/readyz", log)
		for _, block := range need(t, blocks, "dev") {
			sh(t, dir, block)
		}
		testkit.Eventually(t, "the terminal shows the mail, and a link that acknowledges", func() bool {
			return regexp.MustCompile(`\[DOWN\] my-job(?s:.*)http://127.0.0.1:8[012]80/incident/\S`).MatchString(log())
		})
	})
	t.Run("three nodes by hand", func(t *testing.T) {
		dir := workdir(t)
		started := need(t, blocks, "three")
		log := background(t, dir, started[0]+"\nwait")
		for _, port := range []string{"8080", "8180", "8280"} {
			waitHTTP(t, "http://localhost:"+port+"/readyz", log)
		}
		for _, block := range started[1:] {
			sh(t, dir, block)
		}
	})
}

// TestReadmesProductionFiles checks the settings that README shows, with a secret
// made as it says.
func TestReadmesProductionFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "cluster-secret"), []byte(cli(t, nil, "secret").stdout), 0o600))
	text, err := os.ReadFile(filepath.Join(repoRoot(t), "README.md"))
	testkit.Must(t, err)
	m := regexp.MustCompile("(?s)```yaml\n(node-name.*?)```").FindSubmatch(text)
	if m == nil {
		t.Fatal("README shows no settings")
	}
	settings := strings.ReplaceAll(string(m[1]), "/etc/quorumbeat/cluster-secret", filepath.Join(dir, "cluster-secret"))
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "quorumbeat.yaml"), []byte(settings), 0o600))
	r := cli(t, []string{"QUORUMBEAT_ADMIN_KEY=" + adminKey, "QUORUMBEAT_SMTP_URL=smtp://mail.example.com"},
		"config", "check", "--config", filepath.Join(dir, "quorumbeat.yaml"))
	if r.code != 0 {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}

var marked = regexp.MustCompile("(?s)<!-- run: (\\w+) -->\n```sh\n(.*?)```")

func readmeBlocks(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repoRoot(t), "README.md"))
	testkit.Must(t, err)
	blocks := map[string][]string{}
	for _, m := range marked.FindAllStringSubmatch(string(text), -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	return blocks
}

func need(t *testing.T, blocks map[string][]string, group string) []string {
	t.Helper()
	if len(blocks[group]) < 2 {
		t.Fatalf("README has %d blocks marked %q", len(blocks[group]), group)
	}
	return blocks[group]
}

// workdir is a folder in which bin/quorumbeat is the binary under test.
func workdir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	testkit.Must(t, os.Mkdir(filepath.Join(dir, "bin"), 0o700))
	testkit.Must(t, os.Symlink(plain.path(t), filepath.Join(dir, "bin", "quorumbeat")))
	return dir
}

// background runs a script until the test ends, when it ends the script's
// process group. The function returned gives its output so far.
func background(t *testing.T, dir, script string) func() string {
	t.Helper()
	file := filepath.Join(dir, "output")
	out, err := os.Create(file)
	testkit.Must(t, err)
	defer out.Close()
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	testkit.Must(t, cmd.Start())
	read := func() string {
		text, _ := os.ReadFile(file)
		return string(text)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // the group that Setpgid made
		late := time.AfterFunc(30*time.Second, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		_ = cmd.Wait()
		late.Stop()
		testkit.Eventually(t, "the whole group has ended", func() bool { return syscall.Kill(-cmd.Process.Pid, 0) != nil })
		if t.Failed() {
			t.Logf("output of %q:\n%s", script, tail(read(), 100))
		}
	})
	return read
}

func sh(t *testing.T, dir, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("%v:\n%s\n%s", err, script, out.String())
	}
	return out.String()
}

func waitHTTP(t *testing.T, url string, log func() string) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("output:\n%s", tail(log(), 50))
		}
	}()
	testkit.Eventually(t, url+" answers 200", func() bool {
		a, err := tryCall("", "GET", url, nil)
		return err == nil && a.status == 200
	})
}
