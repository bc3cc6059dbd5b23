package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// both are the links between two hosts.
func both(a, b int) []link { return []link{{a, b}, {b, a}} }

// partitions of a leader l and its followers a and b.
var partitions = []struct {
	name     string
	cut      func(l, a, b int) []link
	majority func(l, a, b int) []int // who must serve on
}{
	{
		"the leader is cut off",
		func(l, a, b int) []link { return append(both(l, a), both(l, b)...) },
		func(l, a, b int) []int { return []int{a, b} },
	},
	{
		"a follower is cut off",
		func(l, a, b int) []link { return append(both(a, l), both(a, b)...) },
		func(l, a, b int) []int { return []int{l, b} },
	},
	{
		"the leader and a follower are cut apart, and both see the other",
		func(l, a, b int) []link { return both(l, a) },
		func(l, a, b int) []int { return []int{b} },
	},
	{
		"the followers are cut apart, and both see the leader",
		func(l, a, b int) []link { return both(a, b) },
		func(l, a, b int) []int { return []int{l, a, b} },
	},
	{
		"nothing gets from the leader to a follower",
		func(l, a, b int) []link { return []link{{l, a}} },
		func(l, a, b int) []int { return []int{b} },
	},
	{
		"nothing gets from the leader to anybody",
		func(l, a, b int) []link { return []link{{l, a}, {l, b}} },
		func(l, a, b int) []int { return []int{a, b} },
	},
	{
		"nothing gets to the leader",
		func(l, a, b int) []link { return []link{{a, l}, {b, l}} },
		func(l, a, b int) []int { return []int{a, b} },
	},
}

// TestPartitions cuts the network between real nodes, in every way that three can be
// cut apart, each with an incident that falls due just then.
func TestPartitions(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	w := newNetwork(t)
	e := startOn(t, w)
	mistaken := address()
	h := startHerd(t, e, 0, 6, 40*time.Millisecond, fields{"interval_secs": 10, "grace_secs": 10, "miss_threshold": 1, "email": []string{mistaken}})
	for _, p := range partitions {
		e.partition(t, w, h, p.name, p.cut, p.majority)
	}
	e.flap(t, w, h)
	h.finish(e.Nodes[0])
	e.noMails(t, mistaken, h)
}

// partition cuts links, waits for what must go on, and heals them.
func (e *env) partition(t *testing.T, w *network, h *herd, name string, cut func(l, a, b int) []link, majority func(l, a, b int) []int) {
	t.Helper()
	l := e.indexOf(e.leader())
	a, b := (l+1)%3, (l+2)%3
	to := address()
	lost := create(t, e.Nodes[l], fields{"name": to, "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
	time.Sleep(900 * time.Millisecond) // it is due at about 1 s
	links := cut(l, a, b)
	w.cut(links...)
	began := time.Now()
	var slowest time.Duration
	for _, i := range majority(l, a, b) {
		e.servesAgain(t, e.Nodes[i], h.rash[0])
		slowest = max(slowest, time.Since(began))
	}
	if name == "the leader is cut off" {
		answer := call(t, "", "POST", pingURL(e.Nodes[l], lost), nil)
		if answer.status != 503 || answer.header.Get("Retry-After") == "" {
			t.Errorf("%s: it answers a ping with %d %s", name, answer.status, answer.body)
		}
	}
	e.waitAlert(t, e.Nodes[majority(l, a, b)[0]], lost, to)
	w.heal(links...)
	e.agree(t, lost)
	t.Logf("%s: the majority serves after %s", name, slowest.Round(10*time.Millisecond))
}

// servesAgain pings a node until it takes one.
func (e *env) servesAgain(t *testing.T, n *localcluster.Node, s *sheep) {
	t.Helper()
	c := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	testkit.Eventually(t, n.Name+" takes a ping", func() bool {
		if post(c, n.URL(), s) != nil {
			s.unknown.Add(1)
			return false
		}
		s.acked.Add(1)
		return true
	})
}

// waitAlert waits for an alert to be sent: once, or again and marked.
func (e *env) waitAlert(t *testing.T, n *localcluster.Node, h heartbeat, to string) {
	t.Helper()
	testkit.Eventually(t, "the alert is settled", func() bool {
		a, err := tryCall(adminKey, "GET", n.URL()+"/v1/alerts?heartbeat_id="+h.ID, nil)
		return err == nil && a.status == 200 && strings.Contains(a.body, `"state":"sent"`)
	})
	for i, m := range e.sink.Mails(to) {
		if i > 0 && m.Header.Get("X-Quorumbeat-Possible-Duplicate") == "" {
			t.Errorf("the alert for %s was repeated without a mark", to)
		}
	}
	if len(e.sink.Mails(to)) == 0 {
		t.Errorf("the alert for %s is lost", to)
	}
}

// agree waits until all nodes are ready and have the same last word on a heartbeat.
func (e *env) agree(t *testing.T, h heartbeat) {
	t.Helper()
	e.waitReady()
	for _, n := range e.Nodes {
		ping(t, n, h) // which brings a recovery: no matter
	}
	testkit.Eventually(t, "all nodes have the same", func() bool {
		seen := map[string]bool{}
		for _, n := range e.Nodes {
			var got heartbeat
			ask(t, 200, "GET", n.URL()+"/v1/heartbeats/"+h.ID+"?consistency=stale", nil, &got)
			seen[fmt.Sprint(got.PingsTotal, got.Status, got.ConsecutiveMisses)] = true
		}
		return len(seen) == 1
	})
	ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}

// flap cuts the leader off and heals it, again and again.
func (e *env) flap(t *testing.T, w *network, h *herd) {
	t.Helper()
	for range 8 {
		l := e.indexOf(e.leader())
		links := append(both(l, (l+1)%3), both(l, (l+2)%3)...)
		w.cut(links...)
		time.Sleep(500 * time.Millisecond)
		w.heal(links...)
		time.Sleep(200 * time.Millisecond)
	}
	e.waitReady()
	for _, n := range e.Nodes {
		e.servesAgain(t, n, h.rash[0])
	}
}
