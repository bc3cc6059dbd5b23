package api

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/fsm"
)

var markup = regexp.MustCompile(`<[^>]*>`)

// TestAHeartbeatAtThreeInTheMorning: all that somebody wants who was woken is on its page, in
// the order in which it is asked for.
func TestAHeartbeatAtThreeInTheMorning(t *testing.T) {
	r := newRigWith(t, func(c *Config) { c.Zones = someZones{} }, func(*Server) {})
	h := r.create(`{"name":"books","schedule":"0 2 * * *","tz":"Europe/Berlin","tags":["db"],"email":["ops@example.com"],"owner":"finance","runbook_url":"https://wiki.example.com/books","description":"closes the books"}`)
	for range 6 {
		r.call("POST", "/v1/heartbeats/"+h.Token+"/ping/start", "")
		r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "all is well")
	}
	for name, tags := range map[string]string{"same tag": `"db"`, "same address": `"other"`, "up": `"db"`} {
		other := r.create(`{"name":"` + name + `","tags":[` + tags + `]}`)
		r.call("POST", "/v1/heartbeats/"+other.Token+map[bool]string{true: "/ping", false: "/ping/fail"}[name == "up"], "")
	}
	now := time.Now()
	r.cluster.Propose(context.Background(), fsm.RecordGap{From: now.Add(-time.Hour).UnixMilli(), To: now.Add(-50 * time.Minute).UnixMilli()})
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping/start", "")
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping/3", "error: no space left on device")
	page := r.browse(testKey).get("/ui/heartbeats/" + h.ID).body
	at := page
	for _, want := range []string{
		"<title>failing: books", "<main", "Pause", "Ping now", "Edit", "Delete…",
		`class="summary failing"`, "failing", "for <time", "(since ", "The job ended with exit status 3.",
		"Due", "Europe/Berlin", ">in ", "Last good run", "Europe/Berlin", "just now", "Last run", "failed, exit status 3, took", "Usually takes", "95 % up to", "of 6 runs",
		"at 02:00", "Tells", "ops@example.com",
		"Fails with it", "same address", "same tag", "The monitor itself took no pings from",
		"https://wiki.example.com/books", "finance", "closes the books",
		"Last output", "of a failed run", "no space left on device",
		`class="strip"`, "failed", `<svg class="chart"`, "how long the last 7 runs took",
		"Who was told", "down", "ops@example.com", "written", "in hand",
		"History", "14 pings in all", "failures", "no space left on device", "all is well", "Incidents", "open",
		"How to ping it", "curl", "crontab", "Go", "Node.js", "Python", "PowerShell", "systemd", "Kubernetes",
	} {
		_, rest, found := strings.Cut(at, want)
		if !found {
			t.Fatalf("%q does not come next:\n%s", want, regexp.MustCompile(`\s*\n\s*`).ReplaceAllString(markup.ReplaceAllString(at, ""), "\n"))
		}
		at = rest
	}
	if n := strings.Count(page, `class="copy"`); n != 9 {
		t.Errorf("%d of 9 ways to ping can be copied", n)
	}
	if _, others, _ := strings.Cut(page, "Fails with it"); strings.Contains(others[:strings.Index(others, "</section>")], ">up</bdi>") {
		t.Error("what is up is said to fail with it")
	}
}

// differing is a cluster in which one node is gone, and another was started otherwise.
type differing struct{ *fakeCluster }

func (d differing) Status() ClusterStatus {
	st := d.fakeCluster.Status()
	st.Nodes = append(
		st.Nodes,
		NodeStatus{NodeInfo: fsm.NodeInfo{ID: fsm.NodeID{3}, Name: "beta", HTTP: "10.0.0.2:8080", Version: "1.2.3"}, Voter: true, Alive: true, Disk: "low", Surveyed: true, Lag: 70_000, Skew: -3 * time.Second, Differs: []string{"--history"}},
		NodeStatus{NodeInfo: fsm.NodeInfo{ID: fsm.NodeID{4}, Name: "gamma"}, Voter: true},
	)
	return st
}

func TestTheClustersPageTellsWhatIsAmiss(t *testing.T) {
	r := newMemoryRig(t)
	r.server.useCluster(differing{r.cluster})
	now := time.Now()
	r.cluster.Propose(context.Background(), fsm.RecordGap{From: now.Add(-2 * time.Hour).UnixMilli(), To: now.Add(-119 * time.Minute).UnixMilli()})
	r.server.site.NoteLeader(now.Add(-time.Hour), 2, "gamma")
	r.server.site.NoteLeader(now, 3, "alpha")
	a := r.browse(testKey).get("/ui/cluster")
	pageHas(
		t, a, 200, "<title>1 node gone", "alpha leader", "beta follower, 70000 entries behind", "gamma gone", `class="map"`, "10.0.0.2:8080", "1.2.3", "low", "3.0 s behind", "Mail server",
		"beta was started with other settings: --history", `class="timeline"`, `rect class="gap"`, `rect class="election"`, "gamma leads, term 2", "1 min in all", "History", "pings a heartbeat",
	)
	if n := strings.Count(a.body, "beta was started"); n != 1 {
		t.Errorf("%d times", n)
	}
}

// TestSignInsAreLimited: keys cannot be guessed by the form.
func TestSignInsAreLimited(t *testing.T) {
	r := behindProxy(t, func(*Config) {})
	for i := range limits.GuessBurst + 10 {
		a := r.call("POST", "/ui/login", fmt.Sprintf("key=guess-number-%d-of-a-key", i), "Authorization", "", "X-Forwarded-For", "203.0.113.9", "Content-Type", "application/x-www-form-urlencoded")
		if a.header.PeekCookie("quorumbeat") != nil || a.status != 401 && a.status != 429 {
			t.Fatalf("guess %d: %d", i, a.status)
		}
		if a.status == 429 {
			pageHas(t, a, 429, "Too many requests with unknown tokens or keys")
			if i < limits.GuessBurst || len(a.header.Peek("Retry-After")) == 0 {
				t.Errorf("after %d guesses, retry after %q", i, a.header.Peek("Retry-After"))
			}
			return
		}
	}
	t.Error("all guesses were looked at")
}
