package e2e

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestAStoppedLeaderDoesNoHarmWhenItGoesOn stops the leader for shorter and longer
// than the others need to replace it, under load and with an alert under way.
func TestAStoppedLeaderDoesNoHarmWhenItGoesOn(t *testing.T) {
	t.Parallel()
	stops := []time.Duration{100 * time.Millisecond, 400 * time.Millisecond, 700 * time.Millisecond, time.Second, 3 * time.Second}
	if os.Getenv("QUORUMBEAT_SOAK_STOPS") != "" {
		stops = append(stops, 6*time.Second, 10*time.Second, 20*time.Second, 30*time.Second, 60*time.Second)
	}
	e := startFaulty(t, 3, "--history", "1000000", "--alert-group-wait", "0s")
	e.waitServing(t)
	for _, d := range stops {
		mistaken, to := address(), address()
		h := startHerd(t, e, 4, 4, 40*time.Millisecond, touchy(mistaken))
		leader := e.leader()
		h.shun(leader)
		lost := create(t, e.Followers(leader)[0], fields{"name": to, "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
		testkit.Eventually(t, "the alert is due", func() bool { return len(alerts(t, e.Followers(leader)[0], lost)) == 1 })
		h.mark()
		testkit.Must(t, leader.Freeze())
		time.Sleep(d)
		testkit.Must(t, leader.Thaw())
		thawed := time.Now()
		h.recovered()
		testkit.Eventually(t, "it has caught up", func() bool { // a read waits for that
			a, err := tryCall(adminKey, "GET", leader.URL()+"/v1/heartbeats/"+lost.ID, nil)
			return err == nil && a.status == 200
		})
		caughtUp := time.Since(thawed)
		testkit.Eventually(t, "the alert is sent", func() bool {
			rows := alerts(t, e.Followers(leader)[0], lost)
			return len(rows) == 1 && rows[0].State == "sent"
		})
		mails := e.sink.Mails(to)
		for i, m := range mails {
			if i > 0 && m.Header.Get("X-Quorumbeat-Possible-Duplicate") == "" {
				t.Errorf("stopped for %s: the alert was repeated without a mark", d)
			}
		}
		h.admit(leader)
		acked, unknown := h.finish(leader)
		e.noMails(t, mistaken, h)
		ask(t, 204, "DELETE", leader.URL()+"/v1/heartbeats/"+lost.ID, nil, nil)
		t.Logf("stopped for %s: %d pings answered and all counted once, %d unknown, %d mails of one alert; caught up %s after the end", d, acked, unknown, len(mails), caughtUp.Round(time.Millisecond))
	}
}

// TestAFollowerThatStalls stops a follower for so long that the others' logs no
// longer hold what it missed: it must come back by a snapshot, under load.
func TestAFollowerThatStalls(t *testing.T) {
	t.Parallel()
	e := startFaulty(t, 3, "--history", "1000000", "--log-level", "debug")
	e.waitServing(t)
	for _, n := range e.Nodes {
		testkit.Must(t, n.Stop())
		testkit.Must(t, n.Break("snapshots", "200"))
		testkit.Must(t, n.Start())
		e.waitReady()
	}
	mistaken := address()
	h := startHerd(t, e, 8, 0, 20*time.Millisecond, touchy(mistaken))
	leader := e.leader()
	stalled := e.Followers(leader)[0]
	h.shun(stalled)
	missed := members(t, stalled)[stalled.Name].AppliedIndex
	testkit.Must(t, stalled.Freeze())
	testkit.Eventually(t, "the leader has dropped what it missed", func() bool {
		all := snapshotsOf(t, leader)
		return len(all) > 1 && snapshotIndex(all[0]) > missed+400
	})
	testkit.Must(t, stalled.Thaw())
	began := time.Now()
	testkit.Eventually(t, "it has caught up", func() bool {
		a, err := tryCall(adminKey, "GET", stalled.URL()+"/v1/heartbeats/"+h.careful[0].h.ID, nil)
		return err == nil && a.status == 200
	})
	t.Logf("it has caught up %s after its end", time.Since(began).Round(time.Millisecond))
	testkit.Eventually(t, "it says that a snapshot brought it back", func() bool { return strings.Contains(stalled.Log(), "nstalled remote snapshot") })
	h.admit(stalled)
	h.finish(stalled)
	e.noMails(t, mistaken, h)
}
