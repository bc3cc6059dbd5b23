package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// TestNodeSDK uses the npm package as `npm pack` makes it, from programs of its own,
// against a real cluster.
func TestNodeSDK(t *testing.T) {
	t.Parallel()
	dir := nodePackage(t)
	e := startPlain(t, 3, "--history", "1000000")
	e.waitServing(t)
	t.Run("its types compile in a strict program", func(t *testing.T) {
		tsc := filepath.Join(repoRoot(t), "sdk", "node", "node_modules", "typescript", "bin", "tsc")
		node(t, dir, tsc, "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipDefaultLibCheck",
			"--target", "es2022", "--lib", "es2022,dom", "--module", "nodenext", "types.ts").succeeds(t)
	})
	t.Run("every call does what it says", func(t *testing.T) {
		node(t, dir, "calls.mjs", nodeURLs(t, e.Nodes)).succeeds(t)
	})
	t.Run("signals do what they say", func(t *testing.T) {
		node(t, dir, "signals.mjs", nodeURLs(t, e.Nodes)).succeeds(t)
	})
	t.Run("it suggests what the API does", func(t *testing.T) { nodeSuggests(t, e, dir) })
	t.Run("no ping is lost or counted twice when the leader is killed", func(t *testing.T) { nodeLoad(t, e, dir) })
	t.Run("README's examples work, the leader killed in the middle", func(t *testing.T) { nodeExamples(t, e, dir) })
}

// nodeLoad pings through the leader, without pause, while it is killed.
func nodeLoad(t *testing.T, e *env, dir string) {
	leader := e.leader()
	survivors := e.Followers(leader)
	hs := make([]heartbeat, 8)
	tokens := make([]string, len(hs))
	for i := range hs {
		hs[i] = create(t, survivors[0], fields{"name": "node", "interval_secs": 3600})
		tokens[i] = hs[i].Token
	}
	each := func(what string, n int) {
		testkit.Eventually(t, what, func() bool {
			for _, h := range hs {
				if get(t, survivors[0], h.ID).PingsTotal < n {
					return false
				}
			}
			return true
		})
	}
	p := node(t, dir, "load.mjs", nodeURLs(t, append([]*localcluster.Node{leader}, survivors...)), asJSON(t, tokens))
	each("each has pinged", 20)
	testkit.Must(t, leader.Kill())
	before := get(t, survivors[0], hs[0].ID).PingsTotal
	each("each pings again", before+50)
	testkit.Must(t, p.stdin.Close())
	var answered []int
	testkit.Must(t, json.Unmarshal([]byte(p.succeeds(t)), &answered))
	sum := 0
	for i, h := range hs {
		total, kept := get(t, survivors[1], h.ID).PingsTotal, history(t, survivors[1], h)
		if kept != answered[i] || kept != total {
			t.Errorf("%d pings were answered, the history has %d, counted were %d", answered[i], kept, total)
		}
		sum += answered[i]
	}
	t.Logf("%d pings answered, none failed", sum)
	testkit.Must(t, leader.Start())
	e.waitReady()
}

// nodeExamples runs the examples as they are printed, but for the nodes' addresses.
func nodeExamples(t *testing.T, e *env, dir string) {
	for i, file := range []string{"README.md", "sdk/node/README.md"} {
		blocks := nodeBlocks(t, file)
		if len(blocks) == 0 {
			t.Fatalf("%s shows no example", file)
		}
		for _, block := range blocks {
			for k, n := range e.Nodes {
				block = strings.NewReplacer("http://127.0.0.1:8"+string('0'+rune(k))+"80", n.URL(),
					"http://mon"+string('1'+rune(k))+":8080", n.URL()).Replace(block)
			}
			testkit.Must(t, os.WriteFile(filepath.Join(dir, "example.mjs"), []byte(block), 0o600))
			p := node(t, dir, "example.mjs")
			if i == 0 {
				killMidway(t, e)
			}
			p.succeeds(t)
		}
	}
	if h := named(t, e.leader(), "mail-queue"); h.PingsTotal != 5 || h.Status != "active" {
		t.Errorf("after README's example: %+v", h)
	}
}

// killMidway kills the leader once the example's second ping has arrived.
func killMidway(t *testing.T, e *env) {
	leader := e.leader()
	testkit.Eventually(t, "the example has pinged twice", func() bool { return named(t, leader, "mail-queue").PingsTotal >= 2 })
	if n := named(t, leader, "mail-queue").PingsTotal; n >= 5 {
		t.Fatalf("the example was done before a node could be killed: %d pings", n)
	}
	testkit.Must(t, leader.Kill())
	t.Cleanup(func() {
		testkit.Must(t, leader.Start())
		e.waitReady()
	})
}

// named is the newest heartbeat of that name; a zero one if there is none.
func named(t *testing.T, n *localcluster.Node, name string) heartbeat {
	t.Helper()
	for _, h := range list(t, n) {
		if h.Name == name {
			return h
		}
	}
	return heartbeat{}
}

var nodeMarked = regexp.MustCompile("(?s)<!-- run: node -->\n```js\n(.*?)```")

func nodeBlocks(t *testing.T, file string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repoRoot(t), file))
	testkit.Must(t, err)
	for _, m := range nodeMarked.FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(m[1]))
	}
	return blocks
}

func nodeURLs(t *testing.T, nodes []*localcluster.Node) string {
	t.Helper()
	var urls []string
	for _, n := range nodes {
		urls = append(urls, n.URL())
	}
	return asJSON(t, urls)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	testkit.Must(t, err)
	return string(text)
}
