package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// metrics pings through one node and finds the same count on all of them.
func metrics(t *testing.T, e *env) {
	h := create(t, e.Nodes[0], fields{"name": "measured", "interval_secs": 3600})
	for i := range 6 {
		ping(t, e.Nodes[i%3], h)
	}
	leaders := 0
	for _, n := range e.Nodes {
		series := `quorumbeat_heartbeat_pings_total{id="` + h.ID + `",name="measured"}`
		testkit.Eventually(t, n.Name+" exports 6 pings", func() bool { return metric(t, n.URL(), series) == "6" })
		if got := metric(t, n.URL(), `quorumbeat_heartbeat_up{id="`+h.ID+`",name="measured"}`); got != "1" {
			t.Errorf("%s: heartbeat_up is %q", n.Name, got)
		}
		if got := metric(t, n.URL(), "quorumbeat_raft_voters"); got != "3" {
			t.Errorf("%s: raft_voters is %q", n.Name, got)
		}
		if metric(t, n.URL(), "quorumbeat_raft_is_leader") == "1" {
			leaders++
		}
	}
	if leaders != 1 {
		t.Errorf("%d nodes say that they lead", leaders)
	}
	ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}

// metric reads one series of a node, or "".
func metric(t *testing.T, url, series string) string {
	t.Helper()
	a := call(t, "", "GET", url+"/metrics", nil)
	if a.status != 200 {
		t.Fatalf("/metrics: %d %s", a.status, a.body)
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(a.body)
	if m == nil {
		if i := strings.Index(a.body, strings.SplitN(series, "{", 2)[0]); i < 0 {
			t.Errorf("no metric %s", series)
		}
		return ""
	}
	return m[1]
}

// waitServing returns once serving time passes: a fresh cluster has then taken
// the settings of its leader's flags, --history among them.
func (e *env) waitServing(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "serving time passes", func() bool {
		v := metric(t, e.Running()[0].URL(), "quorumbeat_serving_seconds_total")
		return v != "" && v != "0"
	})
}
