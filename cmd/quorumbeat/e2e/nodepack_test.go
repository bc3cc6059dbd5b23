package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// nodePackage packs sdk/node, looks into the package, and installs it without a
// network. It returns a folder whose programs can import it.
func nodePackage(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the npm package is not tested: %v", err)
		}
	}
	modules := filepath.Join(repoRoot(t), "sdk", "node", "node_modules")
	if _, err := os.Stat(modules); err != nil {
		t.Skip("the npm package is not tested: run make test, or npm ci in sdk/node")
	}
	sources, dir := t.TempDir(), t.TempDir()
	copyNodeSources(t, sources)
	testkit.Must(t, os.Symlink(modules, filepath.Join(sources, "node_modules")))
	npm(t, sources, "pack", "--pack-destination", dir)
	packed, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	testkit.Must(t, err)
	if len(packed) != 1 {
		t.Fatalf("npm pack made %q", packed)
	}
	checkPacked(t, packed[0])

	testkit.Must(t, os.CopyFS(dir, os.DirFS(filepath.Join(repoRoot(t), "testdata", "sdk", "node"))))
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private":true}`), 0o600))
	npm(t, dir, "install", "--offline", "--ignore-scripts", packed[0])
	return dir
}

// copyNodeSources copies what is in the repository. That the test itself reads it
// lets the go command know when to run the test again.
func copyNodeSources(t *testing.T, to string) {
	t.Helper()
	from := filepath.Join(repoRoot(t), "sdk", "node")
	testkit.Must(t, os.CopyFS(filepath.Join(to, "src"), os.DirFS(filepath.Join(from, "src"))))
	for _, name := range []string{".npmrc", "LICENSE", "README.md", "package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		testkit.Must(t, err)
		testkit.Must(t, os.WriteFile(filepath.Join(to, name), text, 0o600))
	}
}

// checkPacked fails the test if the package holds more or less than its users need.
func checkPacked(t *testing.T, file string) {
	t.Helper()
	got := unpacked(t, file)
	license, err := os.ReadFile(filepath.Join(repoRoot(t), "LICENSE"))
	testkit.Must(t, err)
	if !bytes.Equal(got["LICENSE"], license) {
		t.Error("the package's LICENSE is not the repository's")
	}
	for _, name := range []string{"README.md", "package.json", "dist/index.js", "dist/index.d.ts"} {
		if len(got[name]) == 0 {
			t.Errorf("the package has no %s", name)
		}
	}
	for name, text := range got {
		known := slices.Contains([]string{"LICENSE", "README.md", "package.json"}, name) ||
			path.Dir(name) == "dist" && (strings.HasSuffix(name, ".js") || strings.HasSuffix(name, ".d.ts"))
		if !known {
			t.Errorf("the package holds %s", name)
		}
		if strings.HasSuffix(name, ".js") && bytes.Contains(text, []byte("require(")) {
			t.Errorf("%s is no ES module", name)
		}
	}
}

func unpacked(t *testing.T, file string) map[string][]byte {
	t.Helper()
	f, err := os.Open(file)
	testkit.Must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	testkit.Must(t, err)
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		testkit.Must(t, err)
		text, err := io.ReadAll(r)
		testkit.Must(t, err)
		files[strings.TrimPrefix(h.Name, "package/")] = text
	}
}

// npm runs npm without anything that this machine has set or kept for it.
func npm(t *testing.T, dir string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NPM_CONFIG_CACHE="+t.TempDir(), "NPM_CONFIG_USERCONFIG="+os.DevNull,
		"NPM_CONFIG_AUDIT=false", "NPM_CONFIG_FUND=false", "NPM_CONFIG_UPDATE_NOTIFIER=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// nodeProcess is a program of the tests that runs under Node.js.
type nodeProcess struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout bytes.Buffer
	stderr bytes.Buffer
	name   string
}

// node starts a program, which is killed when the test ends or loses its patience.
func node(t *testing.T, dir string, args ...string) *nodeProcess {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	p := &nodeProcess{cmd: exec.CommandContext(ctx, "node", args...), name: args[0]}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, &p.stdout, &p.stderr
	p.cmd.Env = append(os.Environ(), "QUORUMBEAT_API_KEY="+adminKey)
	var err error
	p.stdin, err = p.cmd.StdinPipe()
	testkit.Must(t, err)
	testkit.Must(t, p.cmd.Start())
	t.Cleanup(func() {
		cancel()
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Wait()
		}
	})
	return p
}

// succeeds waits for the program's end and returns what it printed. A word on stderr
// is a failure too: cron would mail it.
func (p *nodeProcess) succeeds(t *testing.T) string {
	t.Helper()
	if err := p.cmd.Wait(); err != nil || p.stderr.Len() > 0 {
		t.Fatalf("%s: %v\n%s%s", p.name, err, p.stdout.String(), p.stderr.String())
	}
	return p.stdout.String()
}
