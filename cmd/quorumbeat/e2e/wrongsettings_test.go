package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// readyz is what a node says there.
func readyz(t *testing.T, n *localcluster.Node) string {
	t.Helper()
	return call(t, "", "GET", n.URL()+"/readyz", nil).body
}

func TestAFormingClusterSaysWhoIsMissing(t *testing.T) {
	t.Parallel()
	c, err := localcluster.Start(localcluster.Options{
		Binary: plain.path(t), Dir: t.TempDir(), Nodes: 2, AdminKey: adminKey,
		Flags: []string{"--smtp-url", "stdout:", "--bootstrap-expect", "3"},
	})
	testkit.Must(t, err)
	t.Cleanup(c.Close)
	for i, n := range c.Nodes {
		self, other := "n1 (this one), n2", "n1, n2 (this one)"
		found := []string{self, other}[i]
		words := "waiting for 3 nodes to form a new cluster: 2 found (" + found + "), 1 missing"
		testkit.Eventually(t, n.Name+" says who is missing", func() bool { return strings.Contains(readyz(t, n), words) })
		testkit.Eventually(t, n.Name+" has logged it, once", func() bool { return strings.Count(n.Log(), words) == 1 })
		r := cli(t, []string{"QUORUMBEAT_URL=" + n.URL(), "QUORUMBEAT_API_KEY=" + adminKey}, "cluster")
		if r.code != 0 || !strings.Contains(r.stdout, words) {
			t.Errorf("quorumbeat cluster: %d %s %s", r.code, r.stdout, r.stderr)
		}
	}
}

func TestWrongSettingsAreToldOnBothSides(t *testing.T) {
	t.Parallel()
	sink := newSink(t, smtpsink.Config{})
	e := startWith(t, sink, localcluster.Options{Nodes: 1, Secret: strings.Repeat("s", 40), Flags: mailFlags(sink, "none")})
	one := e.Nodes[0]
	tests := map[string]struct {
		secret string
		join   string
		flags  []string
		here   string // what the newcomer says, in its log and at /readyz
		there  string // what the cluster says
	}{
		"an address where nobody is":         {join: "127.0.0.1:1", here: "no node answers at 127.0.0.1:1 of --join"},
		"a name that is not known":           {join: "nobody.invalid:8082", here: "the name nobody.invalid of --join is not known yet"},
		"the cluster port instead of gossip": {join: one.Addrs.Cluster, here: "does not gossip with this node", there: "does not speak TLS"},
		"another secret":                     {secret: strings.Repeat("x", 40), join: one.Addrs.Gossip, here: "give all nodes the same --cluster-secret-file", there: "give all nodes the same --cluster-secret-file"},
		"an address that nobody reaches":     {join: one.Addrs.Gossip, flags: []string{"--advertise", "127.0.0.9"}, here: "is told to reach this node at 127.0.0.9:", there: "node lost says that it is reached at 127.0.0.9:"},
	}
	names := slices.Collect(maps.Keys(tests))
	sideBySide(t, 3, names, func(t *testing.T, i int) {
		tt := tests[names[i]]
		secret := tt.secret
		if secret == "" {
			secret = strings.Repeat("s", 40)
		}
		c, err := localcluster.Start(localcluster.Options{
			Binary: plain.path(t), Dir: t.TempDir(), Nodes: 1, AdminKey: adminKey, Secret: secret,
			Flags: append([]string{"--smtp-url", "stdout:", "--node-name", "lost", "--bootstrap-expect", "0", "--join", tt.join}, tt.flags...),
		})
		testkit.Must(t, err)
		t.Cleanup(c.Close)
		n := c.Nodes[0]
		testkit.Eventually(t, "its /readyz says so", func() bool { return strings.Contains(readyz(t, n), tt.here) })
		testkit.Eventually(t, "its log says so", func() bool { return strings.Contains(n.Log(), tt.here) })
		testkit.Eventually(t, "the cluster's log says so", func() bool { return strings.Contains(one.Log(), tt.there) })
		if got := strings.Count(n.Log(), tt.here); got > 2 { // with the line of what it waits for
			t.Errorf("its log says it %d times:\n%s", got, n.Log())
		}
	})
}

func TestNodesOfOneNameAreTold(t *testing.T) {
	t.Parallel()
	sink := newSink(t, smtpsink.Config{})
	e := startWith(t, sink, localcluster.Options{Nodes: 3, Flags: append(mailFlags(sink, "none"), "--node-name", "same")})
	for _, n := range e.Nodes {
		testkit.Eventually(t, n.Name+" tells of its namesakes", func() bool { return strings.Contains(n.Log(), `nodes are called \"same\"`) }) // two, where the third was long in coming
	}
	r := cli(t, e.clientEnv(), "cluster")
	if !strings.Contains(r.stdout, "give each its own --node-name") {
		t.Errorf("quorumbeat cluster: %s", r.stdout)
	}
}

// A node that listens everywhere is reached where its gossip is.
func TestAllAddressesWithoutAdvertise(t *testing.T) {
	t.Parallel()
	sink := newSink(t, smtpsink.Config{})
	e := startWith(t, sink, localcluster.Options{Nodes: 3, Flags: append(mailFlags(sink, "none"), "--cluster-addr", "0.0.0.0:0")})
	for _, n := range e.Nodes {
		if !strings.HasPrefix(n.Addrs.Cluster, "127.0.0.1:") {
			t.Errorf("%s is told to be reached at %s", n.Name, n.Addrs.Cluster)
		}
		if !strings.Contains(n.Log(), "--advertise does not say which one") {
			t.Errorf("%s says nothing of it", n.Name)
		}
	}
}
