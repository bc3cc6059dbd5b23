package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// member is a node as /v1/cluster tells it.
type member struct {
	Name, ID, HTTP       string
	Voter, Alive, Leader bool
	AppliedIndex         uint64 `json:"applied_index"`
}

func members(t *testing.T, n *localcluster.Node) map[string]member {
	t.Helper()
	var c struct{ Nodes []member }
	ask(t, 200, "GET", n.URL()+"/v1/cluster", nil, &c)
	found := map[string]member{}
	for _, m := range c.Nodes {
		found[m.Name] = m
	}
	return found
}

func TestANodeJoinsAndAnOldOneLeaves(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	h := create(t, e.Nodes[0], fields{"name": "job", "interval_secs": 3600})
	ping(t, e.Nodes[1], h)

	fourth, err := e.Add()
	testkit.Must(t, err)
	e.waitReady()
	for _, n := range e.Nodes {
		testkit.Eventually(t, n.Name+" counts four live voters", func() bool { return voters(members(t, n)) == 4 })
	}
	ping(t, fourth, h)
	if got := get(t, fourth, h.ID); got.PingsTotal != 2 {
		t.Errorf("the newcomer knows of %d pings, want 2", got.PingsTotal)
	}

	old := e.leader() // the hardest one to lose
	rest := e.Followers(old)
	r := cli(t, []string{"QUORUMBEAT_URL=" + rest[0].URL(), "QUORUMBEAT_API_KEY=" + adminKey}, "cluster", "remove", "--yes", old.Name)
	if r.code != 0 {
		t.Fatalf("cluster remove: exit code %d: %s", r.code, r.stderr)
	}
	for _, n := range rest {
		testkit.Eventually(t, n.Name+" counts three voters without "+old.Name, func() bool {
			all := members(t, n)
			_, there := all[old.Name]
			return !there && voters(all) == 3
		})
	}
	if a, err := tryCall("", "POST", pingURL(old, h), nil); err == nil && a.status == 200 {
		t.Logf("%s still takes pings: they must count", old.Name)
		testkit.Eventually(t, "that ping counts", func() bool { return get(t, rest[0], h.ID).PingsTotal == 3 })
	}
	testkit.Must(t, old.Stop())
	for _, n := range rest {
		ping(t, n, h)
	}

	_ = old.Start() // it may refuse; it must not come back
	answers(t, rest)
	if all := members(t, rest[0]); voters(all) != 3 || all[old.Name].Voter {
		t.Errorf("a removed node came back: %+v", all)
	}
}

// answers creates and pings a heartbeat through each node.
func answers(t *testing.T, nodes []*localcluster.Node) {
	t.Helper()
	for _, n := range nodes {
		h := create(t, n, fields{"name": "after"})
		ping(t, n, h)
	}
}

func voters(all map[string]member) int {
	n := 0
	for _, m := range all {
		if m.Voter && m.Alive {
			n++
		}
	}
	return n
}

func TestAClusterSecretAuthenticatesTheNodes(t *testing.T) {
	t.Parallel()
	sink := newSink(t, smtpsink.Config{})
	secret := strings.TrimSpace(cli(t, nil, "secret").stdout)
	e := startWith(t, sink, localcluster.Options{Nodes: 3, Flags: mailFlags(sink, "none"), Secret: secret})
	h := create(t, e.Nodes[0], fields{"name": "job", "interval_secs": 3600})
	for _, n := range e.Nodes {
		ping(t, n, h)
	}

	for _, name := range []string{"another secret", "no secret"} {
		flags := append(mailFlags(sink, "none"), "--node-name", "stranger", "--join", e.Nodes[0].Addrs.Gossip, "--bootstrap-expect", "0")
		other := ""
		if name == "no secret" {
			flags, other = append(flags, "--insecure-cluster"), localcluster.NoSecret
		}
		t.Run("a node with "+name+" stays out", func(t *testing.T) {
			stranger, err := localcluster.Start(localcluster.Options{
				Binary: plain.path(t), Dir: t.TempDir(), Nodes: 1, AdminKey: adminKey, Secret: other, Flags: flags,
			})
			if err == nil {
				defer stranger.Close()
				e.canary(t)
				if a := call(t, "", "GET", stranger.Nodes[0].URL()+"/readyz", nil); a.status != 503 {
					t.Errorf("the stranger's /readyz: %d %s", a.status, a.body)
				}
			}
			if all := members(t, e.Nodes[0]); len(all) != 3 {
				t.Errorf("the cluster has %d nodes: %s", len(all), fmt.Sprint(all))
			}
		})
	}
}
