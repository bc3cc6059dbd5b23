package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestReadmesProductionSteps does as root what README prints for a machine, and then
// what systemd would with the unit: it makes the state directory, and runs the unit's
// commands as its user. All of it happens in namespaces, on copies of /etc and /var/lib.
func TestReadmesProductionSteps(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"useradd", "setpriv", "install"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("README's steps need %s", tool)
		}
	}
	if !alone(t) {
		return
	}
	readme, err := os.ReadFile(filepath.Join(repoRoot(t), "README.md"))
	testkit.Must(t, err)
	ownMachine(t)
	dir := workdir(t)
	for _, block := range need(t, readmeBlocks(t), "production") {
		sh(t, dir, block)
	}
	testkit.Must(t, os.WriteFile("/etc/quorumbeat/quorumbeat.yaml", printed(t, readme, "`/etc/quorumbeat/quorumbeat.yaml`"), 0o644))
	testkit.Must(t, os.WriteFile("/etc/quorumbeat/env", printed(t, readme, "`/etc/quorumbeat/env`"), 0o600))
	unit := parseUnit(printed(t, readme, "`/etc/systemd/system/quorumbeat.service`"))

	who, err := user.Lookup(unit["User"])
	testkit.Must(t, err)
	state := filepath.Join("/var/lib", unit["StateDirectory"])
	sh(t, dir, "install -d -m "+unit["StateDirectoryMode"]+" -o "+who.Uid+" -g "+who.Gid+" "+state)
	if out, err := asService(unit, "ExecStartPre").CombinedOutput(); err != nil {
		t.Fatalf("ExecStartPre: %v\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	testkit.Must(t, err)
	defer log.Close()
	cmd := asService(unit, "ExecStart")
	cmd.Stdout, cmd.Stderr = log, log
	testkit.Must(t, cmd.Start())
	defer func() {
		testkit.Must(t, cmd.Process.Signal(syscall.SIGTERM))
		if err := cmd.Wait(); err != nil {
			text, _ := os.ReadFile(log.Name())
			t.Errorf("the service ended with %v:\n%s", err, text)
		}
	}()
	testkit.Eventually(t, "the service answers", func() bool {
		resp, err := (&http.Client{Timeout: time.Second}).Get("http://127.0.0.1:8080/healthz")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == 200
	})
	onlyMine(t, state)
	info, err := os.Stat(filepath.Join(state, "node.json"))
	testkit.Must(t, err)
	if uid := info.Sys().(*syscall.Stat_t).Uid; strconv.Itoa(int(uid)) != who.Uid {
		t.Errorf("node.json belongs to user %d, the service is %s", uid, who.Uid)
	}
}

// ownMachine puts copies, or empty folders, in the place of what README's steps change,
// for this mount namespace, and gives its network the addresses of README's first node.
func ownMachine(t *testing.T) {
	t.Helper()
	sh(t, "/", `mount --make-rprivate /
mount -t tmpfs tmpfs /mnt && cp -a /etc /mnt/etc && mount --bind /mnt/etc /etc
mount -t tmpfs -o mode=755 tmpfs /var/lib && mount -t tmpfs -o mode=755 tmpfs /usr/local/bin
ip link set lo up && ip addr add 10.0.0.1/32 dev lo`)
}

// printed is the block that README shows next after the words that name a file.
func printed(t *testing.T, readme []byte, name string) []byte {
	t.Helper()
	m := regexp.MustCompile("(?s)\n" + regexp.QuoteMeta(name) + ".*?\n```\\w*\n(.*?)```").FindSubmatch(readme)
	if m == nil {
		t.Fatalf("README shows no %s", name)
	}
	return m[1]
}

// parseUnit reads the settings of a unit; of one that stands twice, the last.
func parseUnit(text []byte) map[string]string {
	unit := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			unit[name] = value
		}
	}
	return unit
}

// asService is a command of a unit as systemd would run it.
func asService(unit map[string]string, name string) *exec.Cmd {
	line := append([]string{
		"--reuid", unit["User"], "--regid", unit["User"], "--init-groups", "--no-new-privs", "--reset-env",
		"sh", "-c", "umask " + unit["UMask"] + `; exec env "$@"`, "sh",
	}, environment(unit["EnvironmentFile"])...)
	return exec.Command("setpriv", append(line, strings.Fields(unit[name])...)...)
}

// environment reads an environment file as systemd does, as far as README needs it.
func environment(file string) (env []string) {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			env = append(env, line)
		}
	}
	return env
}
