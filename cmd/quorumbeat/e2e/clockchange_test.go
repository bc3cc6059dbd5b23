package e2e

import (
	"archive/zip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// TestSchedulesThroughClockChanges brings three nodes to the nights in which Berlin's clocks change, and lets jobs run through them: two
// seconds early, with leaders whose clocks jump, and at last with other rules of time zones on one node.
func TestSchedulesThroughClockChanges(t *testing.T) {
	t.Parallel()
	n := &night{env: startPlainFaulty(t, 3, "--alert-flap-window", "0s"), t: t}
	n.waitServing(t)
	n.set("2026-03-29T00:58:00Z")                                                                    // two minutes later it is 3 o'clock
	n.hourly, n.nightly = n.create("hourly", "0 * * * *", 10), n.create("nightly", "30 2 * * *", 10) // a busy machine takes seconds
	n.expects(n.hourly, "2026-03-29T01:00:00.000Z")
	n.expects(n.nightly, "2026-03-29T01:00:00.000Z") // it is skipped, and runs right after
	n.set("2026-03-29T00:59:58Z")
	n.pings(n.nightly, "2026-03-30T00:30:00.000Z")
	n.pings(n.hourly, "2026-03-29T02:00:00.000Z")
	n.hour("2026-03-29T02:00:00Z", "2026-03-29T03:00:00.000Z")

	n.set("2026-10-25T00:29:58Z")
	n.expects(n.nightly, "2026-03-30T00:30:00.000Z") // months of misses come with all of their grace
	n.pings(n.hourly, "2026-10-25T01:00:00.000Z")
	n.pings(n.nightly, "2026-10-26T01:30:00.000Z") // half past two comes twice, and counts once
	n.hour("2026-10-25T01:00:00Z", "2026-10-25T02:00:00.000Z")
	n.jumps("2026-10-25T02:00:00Z")
	n.otherRules()
	for _, h := range []heartbeat{n.hourly, n.nightly} {
		n.expectMails(t, h.Email[0], 0)
	}
}

// night is a cluster with jobs by the clock of Berlin.
type night struct {
	*env
	t               *testing.T
	hourly, nightly heartbeat
}

// set sets the wall clocks of all nodes.
func (n *night) set(clock string) {
	n.t.Helper()
	at, err := time.Parse(time.RFC3339, clock)
	testkit.Must(n.t, err)
	off := time.Until(at).String()
	for _, x := range n.Nodes {
		testkit.Must(n.t, x.Break("clock", off))
	}
}

func (n *night) create(name, schedule string, grace int) heartbeat {
	n.t.Helper()
	return create(n.t, n.Nodes[1], fields{
		"name": name, "schedule": schedule, "tz": "Europe/Berlin", "grace_secs": grace, "miss_threshold": 1, "email": []string{address()},
	})
}

// expects waits until every node tells when a job is expected.
func (n *night) expects(h heartbeat, at string) {
	n.t.Helper()
	testkit.Eventually(n.t, h.Name+" is expected at "+at, func() bool {
		for _, x := range n.Nodes {
			if next := get(n.t, x, h.ID).NextExpectedAt; next == nil || *next != at {
				return false
			}
		}
		return true
	})
}

// pings has a job ping, which counts for the time to come in two seconds at most.
func (n *night) pings(h heartbeat, next string) {
	n.t.Helper()
	ping(n.t, n.Nodes[2], h)
	n.expects(h, next)
}

const stamp = "2006-01-02T15:04:05.000Z"

// hour has the hourly job run at an hour, two seconds early, and another one not, and waits until that is told.
func (n *night) hour(at, next string) {
	n.t.Helper()
	hour, err := time.Parse(time.RFC3339, at)
	testkit.Must(n.t, err)
	n.set(hour.Add(-2 * time.Minute).Format(time.RFC3339))
	h := n.create("silent at "+at, "0 * * * *", 2) // it is told that this one was missed
	n.expects(h, hour.Format(stamp))
	n.set(hour.Add(-2 * time.Second).Format(time.RFC3339))
	n.pings(n.hourly, next)
	down := n.waitMails(n.t, h.Email[0], 1)[0]
	if down.Subject != "[DOWN] "+h.Name {
		n.t.Errorf("the mail is %q", down.Subject)
	}
	if got := get(n.t, n.Nodes[0], h.ID); got.Status != "failing" || got.ConsecutiveMisses != 1 {
		n.t.Errorf("%+v", got)
	}
	ask(n.t, http.StatusNoContent, "DELETE", n.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}

// jumps sets the leader's clock back by minutes while jobs run, and right again; then ahead, and right again.
func (n *night) jumps(at string) {
	n.t.Helper()
	hour, err := time.Parse(time.RFC3339, at)
	testkit.Must(n.t, err)
	n.set(hour.Add(-3 * time.Minute).Format(time.RFC3339))
	h, read := n.create("pings by a wrong clock", "0 * * * *", 10), n.create("tells that the clock was read", "59 * * * *", 0)
	n.expects(h, hour.Format(stamp))
	n.expects(read, hour.Add(-time.Minute).Format(stamp))
	right := time.Until(hour.Add(-15 * time.Second))
	n.set(hour.Add(-15 * time.Second).Format(time.RFC3339))
	n.waitMails(n.t, read.Email[0], 1)
	leader := n.leader()
	testkit.Must(n.t, leader.Break("clock", (right-10*time.Minute).String()))
	ping(n.t, n.Nodes[0], h)
	ping(n.t, n.Nodes[0], n.hourly)
	n.expects(h, hour.Format(stamp)) // as that clock has it, this was ten minutes early
	testkit.Must(n.t, leader.Break("clock", right.String()))
	n.expects(h, hour.Add(time.Hour).Format(stamp))
	n.expects(n.hourly, hour.Add(time.Hour).Format(stamp))
	testkit.Must(n.t, leader.Break("clock", (right+20*time.Minute).String()))
	n.canary(n.t)
	testkit.Must(n.t, leader.Break("clock", right.String()))
	n.expects(n.create("made by a right clock", "0 * * * *", 0), hour.Add(time.Hour).Format(stamp))
	n.expectMails(n.t, h.Email[0], 0)
}

// otherRules gives one node rules by which Berlin's clocks go as Tokyo's do. Once it leads, all nodes expect jobs by these, and have the
// same state; each shows which rules it has.
func (n *night) otherRules() {
	n.t.Helper()
	leader := n.leader()
	one, behind := n.Followers(leader)[0], n.Followers(leader)[1]
	giveRules(n.t, one, "2999a", "Asia/Tokyo")
	testkit.Must(n.t, behind.Kill())
	ping(n.t, one, n.hourly) // so that one node alone has all there is, when the leader goes
	testkit.Must(n.t, leader.Kill())
	testkit.Must(n.t, behind.Start())
	if n.leader() != one {
		n.t.Fatal("a node without the newest entry leads")
	}
	testkit.Must(n.t, leader.Start())
	n.waitReady()
	n.expects(n.nightly, "2026-10-25T17:30:00.000Z")
	for _, x := range n.Nodes {
		var p, c struct {
			TZData string `json:"tz_data"`
		}
		ask(n.t, 200, "POST", x.URL()+"/v1/schedule/preview", fields{"schedule": "@daily", "tz": "Europe/Berlin"}, &p)
		if ask(n.t, 200, "GET", x.URL()+"/v1/cluster", nil, &c); c != p {
			n.t.Errorf("%s reckons with rules %q, and shows %q of itself", x.Name, p.TZData, c.TZData)
		}
		if newer := strings.HasPrefix(p.TZData, "2999a (of this machine)"); newer != (x == one) {
			n.t.Errorf("%s shows rules %q", x.Name, p.TZData)
		}
	}
	n.sameState()
}

// sameState waits until all nodes have had one state. A busy machine may answer none of them at one moment, so each state that a node had
// is remembered; and none is asked to be fresh, for that has the clock move on.
func (n *night) sameState() {
	n.t.Helper()
	had := map[string]map[*localcluster.Node]bool{} // by the state
	testkit.Eventually(n.t, "all nodes have had the same state", func() bool {
		for _, x := range n.Nodes {
			a, err := tryCall(adminKey, "GET", x.URL()+"/v1/backup?consistency=stale", nil)
			if err != nil || a.status != http.StatusOK {
				return false
			}
			if had[a.body] == nil {
				had[a.body] = map[*localcluster.Node]bool{}
			}
			had[a.body][x] = true
			if len(had[a.body]) == len(n.Nodes) {
				return true
			}
		}
		return false
	})
}

// giveRules replaces a node's rules of time zones by those of a release, in which Berlin is another zone.
func giveRules(t *testing.T, n *localcluster.Node, release, berlin string) {
	t.Helper()
	dir := filepath.Join(n.Dir+".faults", "zoneinfo")
	testkit.Must(t, os.MkdirAll(filepath.Join(dir, "Europe"), 0o700))
	builtIn, err := zip.OpenReader(filepath.Join(repoRoot(t), "cmd/quorumbeat/internal/zones/zoneinfo.zip"))
	testkit.Must(t, err)
	defer builtIn.Close()
	f, err := builtIn.Open(berlin)
	testkit.Must(t, err)
	defer f.Close()
	rules, err := io.ReadAll(f)
	testkit.Must(t, err)
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "Europe/Berlin"), rules, 0o600))
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "tzdata.zi"), []byte("# version "+release+"\n"), 0o600))
}
