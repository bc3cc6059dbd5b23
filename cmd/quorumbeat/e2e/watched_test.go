package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// TestWhoWatchesTheMonitor has a cluster tell another one, which is a real one as well, that it is
// well; and tell of its own troubles.
func TestWhoWatchesTheMonitor(t *testing.T) {
	t.Parallel()
	other := startPlain(t, 1, "--alert-flap-window", "0s") // it may see the majority missing as well
	to := address()
	h := create(t, other.Nodes[0], fields{"name": "the other monitor", "interval_secs": 5, "grace_secs": 1, "miss_threshold": 1, "email": []string{to}})
	arrives := create(t, other.Nodes[0], fields{"name": "mails arrive", "interval_secs": 3600})
	sink := newSink(t, smtpsink.Config{})
	e := startWith(t, sink, localcluster.Options{Binary: plain.path(t), Nodes: 3, Flags: append(mailFlags(sink, "none"),
		"--public-url", publicURL, "--outbound-url", pingURL(other.Nodes[0], h), "--outbound-every", "1s", "--node-down-after", "3s", "--alert-group-wait", "1s",
		"--canary-to", "robot@example.com", "--canary-url", pingURL(other.Nodes[0], arrives), "--canary-every", "5s")})

	toldAgain := func(when string) {
		t.Helper()
		before := get(t, other.Nodes[0], h.ID).PingsTotal
		testkit.Eventually(t, "the other monitor is pinged "+when, func() bool { return get(t, other.Nodes[0], h.ID).PingsTotal >= before+2 })
	}
	toldAgain("at first")
	testkit.Eventually(t, "the leader says so", func() bool { return e.outbound(t, e.leader())["state"] == "ok" })
	if s := e.outbound(t, e.Followers(e.leader())[0])["state"]; s != "resting" {
		t.Errorf("a follower's state is %v", s)
	}
	if r := cli(t, []string{"QUORUMBEAT_URL=" + e.leader().URL(), "QUORUMBEAT_API_KEY=" + adminKey}, "cluster"); !strings.Contains(r.stdout, "is told that this one is well") {
		t.Errorf("cluster: %+v", r)
	}
	toldOfItself(t, e, func() { toldAgain("after the leader is gone") })

	toldAgain("after all that")
	canaryArrives(t, e, pingURL(other.Nodes[0], arrives))
	if n := get(t, other.Nodes[0], arrives.ID).PingsTotal; n != 1 {
		t.Errorf("%d pings say that mails arrive", n)
	}
	e.sink.Down()
	testkit.Eventually(t, "the leader says that the mail server is down", func() bool {
		o := e.outbound(t, e.leader())
		return o["state"] == "withheld" && strings.Contains(o["reason"].(string), "mail server")
	})
	testkit.Eventually(t, "the other monitor finds that the pings stopped", func() bool { return get(t, other.Nodes[0], h.ID).Status == "failing" })
	if n, _ := strconv.Atoi(metric(t, e.leader().URL(), `quorumbeat_outbound_pings_total{result="withheld"}`)); n == 0 {
		t.Error("nothing is counted as withheld")
	}
	testkit.Must(t, e.sink.Up())
	testkit.Eventually(t, "the other monitor has told of both", func() bool {
		mails := other.sink.Mails(to)
		return len(mails) > 1 && len(mails)%2 == 0 && strings.Contains(mails[len(mails)-1].Subject, "RECOVERED")
	})
}

// canaryArrives does what a mail rule does: it asks the address that a canary names. There is one a period, whoever led.
func canaryArrives(t *testing.T, e *env, url string) {
	t.Helper()
	testkit.Eventually(t, "two canaries have come", func() bool { return len(e.sink.Mails("robot@example.com")) > 1 })
	ids := map[string]bool{}
	mails := e.sink.Mails("robot@example.com")
	for _, m := range mails {
		ids[m.MessageID] = true
	}
	if text := plainText(t, mails[0]); len(ids) != len(mails) || mails[0].Subject != "[CANARY] delivery check of the monitor" || !strings.Contains(text, url) {
		t.Errorf("%d canaries with %d IDs: %s %s", len(mails), len(ids), mails[0].Subject, text)
	}
	ask(t, 200, "GET", url, nil, nil)
}

// toldOfItself loses the leader, then the next one and with it the majority, and brings both back: each loss and
// each return is told once, and so is the outage.
func toldOfItself(t *testing.T, e *env, afterTheLeader func()) {
	t.Helper()
	subjects := func() (list []string) {
		for _, m := range e.sink.Mails("ops@example.com") {
			list = append(list, m.Subject)
		}
		return list
	}
	told := func(subject string) {
		t.Helper()
		testkit.Eventually(t, "a mail says "+subject, func() bool { return slices.Contains(subjects(), subject) })
	}
	first := e.leader()
	testkit.Must(t, first.Kill())
	told("[DOWN] node " + first.Name + " of the monitor")
	afterTheLeader()
	second := e.leader()
	link := incidentLink(t, publicURL, e.sink.Mails("ops@example.com")[0])
	if page := call(t, "", "GET", second.URL()+link, nil); page.status != 200 || !strings.Contains(page.body, first.Name) {
		t.Errorf("the page of the mail's link: %d %s", page.status, page.body)
	}
	if in := ownIncidents(t, second, "open"); len(in) != 1 || in[0].Reason != "node_lost" || !in[0].System || len(in[0].Alerts) != 1 {
		t.Errorf("the incidents that go on: %+v", in)
	}
	left := e.Followers(second)[0]
	testkit.Must(t, second.Kill())
	testkit.Eventually(t, "the last node says that no leader is known", func() bool {
		a, err := tryCall("", "GET", left.URL()+"/readyz", nil)
		return err == nil && a.status == 503
	})
	testkit.Must(t, first.Start())
	told("[RECOVERED] node " + first.Name + " of the monitor")
	told("[OUTAGE] the monitor itself")
	told("[DOWN] node " + second.Name + " of the monitor")
	testkit.Must(t, second.Start())
	told("[RECOVERED] node " + second.Name + " of the monitor")
	e.waitReady()
	e.canary(t)
	if all := subjects(); len(all) != 5 {
		t.Errorf("%d mails: %q", len(all), all)
	}
	if in := ownIncidents(t, left, ""); len(in) < 3 || in[0].State != "ended" {
		t.Errorf("all incidents: %+v", in)
	}
}

type ownIncident struct {
	Reason, State string
	System        bool
	Alerts        []alert
}

func ownIncidents(t *testing.T, n *localcluster.Node, state string) (own []ownIncident) {
	t.Helper()
	var out struct{ Incidents []ownIncident }
	ask(t, 200, "GET", n.URL()+"/v1/incidents?state="+state, nil, &out)
	for _, in := range out.Incidents {
		if in.System {
			own = append(own, in)
		}
	}
	return own
}

// outbound is what a node says of its telling another monitor.
func (e *env) outbound(t *testing.T, n *localcluster.Node) map[string]any {
	t.Helper()
	var out struct{ Outbound map[string]any }
	ask(t, 200, "GET", n.URL()+"/v1/cluster", nil, &out)
	return out.Outbound
}
