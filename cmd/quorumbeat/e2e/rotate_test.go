package e2e

import (
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// rotated gives a heartbeat new tokens, through one node and the command line, and pings by old and new ones through
// every node.
func rotated(t *testing.T, e *env) {
	first := create(t, e.Nodes[0], fields{"name": "rotated", "interval_secs": 3600})
	var second, third heartbeat
	ask(t, 200, "POST", e.Nodes[1].URL()+"/v1/heartbeats/"+first.ID+"/rotate-token", fields{"overlap_secs": 86400}, &second)
	if second.ID != first.ID || second.Token == first.Token || !strings.Contains(second.PingURL, second.Token) {
		t.Fatalf("the answer is %+v", second)
	}
	for _, n := range e.Nodes {
		ping(t, n, first)
		ping(t, n, second)
	}
	if got := get(t, e.Nodes[2], first.ID); got.Token != second.Token || got.PingsTotal != 6 {
		t.Errorf("it reads %+v", got)
	}
	r := cli(t, e.clientEnv(), "rotate-token", "rotated", "--overlap", "2s")
	if r.code != 0 || !strings.Contains(r.stdout, "The old URL works until ") {
		t.Errorf("rotate-token: %d %s %s", r.code, r.stdout, r.stderr)
	}
	third = get(t, e.Nodes[0], first.ID)
	for _, n := range e.Nodes {
		for _, over := range []heartbeat{first, second} { // none that is older works for longer
			testkit.Eventually(t, "an old token has ended on "+n.Name, func() bool {
				return call(t, "", "POST", pingURL(n, over), nil).status == 404
			})
		}
		ping(t, n, third)
	}
	e.json(t, &second, "rotate-token", "rotated", "--overlap", "0s")
	for _, n := range e.Nodes {
		testkit.Eventually(t, "a leaked token has ended on "+n.Name, func() bool {
			return call(t, "", "POST", pingURL(n, third), nil).status == 404
		})
		ping(t, n, second)
	}
}
