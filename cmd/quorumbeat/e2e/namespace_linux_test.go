package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// inNamespace marks the process that runs in a network of its own.
const inNamespace = "QUORUMBEAT_TEST_NAMESPACE"

// alone runs the test again in network and mount namespaces of its own, which end
// with it, and reports whether this is that run.
func alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inNamespace) != "" {
		return true
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("network namespaces need ip (Debian's package iproute2)")
	}
	if out, err := exec.Command("unshare", "--net", "--mount", "true").CombinedOutput(); err != nil {
		t.Skipf("this machine permits no network namespaces: %v %s", err, out)
	}
	cmd := exec.Command("unshare", "--net", "--mount", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v", "-test.timeout", "5m")
	cmd.Env = append(os.Environ(), inNamespace+"=1", builtBinary+"="+binary)
	out, err := cmd.CombinedOutput()
	t.Logf("in a network of its own:\n%s", out)
	testkit.Must(t, err)
	return false
}

const bridge = "198.18.0.1" // of a network that is set aside for tests

// network is three hosts on a bridge, made of namespaces.
type network struct{ t *testing.T }

func newNetwork(t *testing.T) *network {
	t.Helper()
	w := &network{t}
	testkit.Must(t, exec.Command("mount", "-t", "tmpfs", "tmpfs", "/run").Run()) // where ip keeps the names
	w.ip("link", "set", "lo", "up")
	w.ip("link", "add", "br0", "type", "bridge")
	w.ip("addr", "add", bridge+"/24", "dev", "br0")
	w.ip("link", "set", "br0", "up")
	for i := range 3 {
		w.ip("netns", "add", host(i))
		w.ip("link", "add", "to-"+host(i), "type", "veth", "peer", "name", "eth0", "netns", host(i))
		w.ip("link", "set", "to-"+host(i), "master", "br0", "up")
		w.ip("-n", host(i), "addr", "add", addr(i)+"/24", "dev", "eth0")
		w.ip("-n", host(i), "link", "set", "eth0", "up")
		w.ip("-n", host(i), "link", "set", "lo", "up")
	}
	return w
}

func host(i int) string { return fmt.Sprintf("host%d", i) }
func addr(i int) string { return fmt.Sprintf("198.18.0.1%d", i) }

func (w *network) hosts() (all []localcluster.Host) {
	for i := range 3 {
		all = append(all, localcluster.Host{Addr: addr(i), Enter: []string{"ip", "netns", "exec", host(i)}})
	}
	return all
}

func (w *network) ip(args ...string) {
	w.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		w.t.Fatal(errors.Join(err, errors.New(string(out))), args)
	}
}

// link is the way from one host to another.
type link struct{ from, to int }

// cut loses without a word what goes over links: it is addressed to a card that
// nobody has.
func (w *network) cut(links ...link) {
	w.t.Helper()
	for _, l := range links {
		w.ip("-n", host(l.from), "neigh", "replace", addr(l.to), "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "permanent")
	}
}

func (w *network) heal(links ...link) {
	w.t.Helper()
	for _, l := range links {
		w.ip("-n", host(l.from), "neigh", "del", addr(l.to), "dev", "eth0")
	}
}
