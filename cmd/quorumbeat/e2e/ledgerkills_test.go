package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// deliveryPoint is a moment of a delivery, and how many mails may come when the
// leader is lost there.
type deliveryPoint struct {
	name        string
	least, most int
	marked      bool // the last one says that it may be a repeat
}

var deliveryPoints = []deliveryPoint{
	{"ready", 1, 1, false},
	{"claimed", 1, 1, false},
	{"transferred", 1, 1, false},
	{"fenced", 1, 1, true}, // the next leader cannot know that the dot never went out
	{"dotted", 1, 2, true}, // the dot may be lost with the process
	{"taken", 2, 2, true},  // the one window in which physics allows a repeat
	{"settled", 1, 1, false},
}

// TestALeaderLostAtEachStepOfADelivery kills the leader, and stops it and lets it
// go on later, at each step that an alert takes.
func TestALeaderLostAtEachStepOfADelivery(t *testing.T) {
	t.Parallel()
	times := soakNumber(t, "QUORUMBEAT_SOAK_STEPS", 0)
	if times > 0 {
		for _, p := range deliveryPoints {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				e := startFaulty(t, 3, "--alert-group-wait", "0s")
				mails := 0
				for i := range times {
					mails += e.loseLeaderAt(t, p, i)
				}
				t.Logf("%d kills at the step %q: %d alerts, %d mails", times, p.name, times, mails)
			})
		}
		return
	}
	e := startFaulty(t, 3, "--alert-group-wait", "0s")
	for i, p := range deliveryPoints {
		e.loseLeaderAt(t, p, i)
	}
}

// loseLeaderAt kills the leader at p, every third time stops it for a while
// instead, and returns how many mails came of one alert.
func (e *env) loseLeaderAt(t *testing.T, p deliveryPoint, i int) int {
	t.Helper()
	leader := e.leader()
	lose, back := e.killAt, (*localcluster.Node).Start
	if i%3 == 2 {
		lose, back = e.freezeAt, (*localcluster.Node).Thaw
	}
	to := address()
	lose(t, leader, p.name, func() {
		create(t, e.Followers(leader)[i%2], fields{"name": to, "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
	})
	n := e.Followers(leader)[0]
	h := byName(t, n, to)
	t.Logf("%s: %q %s", time.Now().Format(time.StampMilli), p.name, h.ID)
	time.Sleep(time.Duration(i%5) * time.Second / 2) // back before, or after, the next leader has decided
	testkit.Must(t, back(leader))
	var rows []alert
	testkit.Eventually(t, "the alert is settled", func() bool {
		rows = alerts(t, n, h)
		return len(rows) == 1 && rows[0].State == "sent"
	})
	e.waitReady()
	mails := e.sink.Mails(to)
	e.checkStep(t, p, i%3 == 2, to)
	ask(t, 204, "DELETE", n.URL()+"/v1/heartbeats/"+h.ID, nil, nil)
	return len(mails)
}

// checkStep holds the mails of one alert against what the step allows. A leader
// that was only stopped may still tell how it ended, which saves the doubt.
func (e *env) checkStep(t *testing.T, p deliveryPoint, stopped bool, to string) {
	t.Helper()
	mails := e.sink.Mails(to)
	least := p.least
	if stopped {
		least = 1
	}
	if len(mails) < least || len(mails) > p.most {
		t.Errorf("lost at %q: %d mails, want %d to %d", p.name, len(mails), least, p.most)
	}
	ids := map[string]bool{}
	for i, m := range mails {
		ids[m.MessageID] = true
		marked := m.Header.Get("X-Quorumbeat-Possible-Duplicate") != ""
		if i > 0 && !marked || marked && !p.marked {
			t.Errorf("lost at %q: mail %d of %d, marked as a possible repeat: %t", p.name, i+1, len(mails), marked)
		}
	}
	if len(ids) > 1 {
		t.Errorf("lost at %q: %d Message-IDs for one alert", p.name, len(ids))
	}
}

// killAt has a node die at a point that what brings about.
func (e *env) killAt(t *testing.T, n *localcluster.Node, point string, what func()) {
	t.Helper()
	testkit.Must(t, n.Break("crash", point))
	what()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := n.Wait(ctx); err != nil {
		t.Fatalf("at the point %q: %v", point, err)
	}
}

// freezeAt has a node stop at a point that what brings about.
func (e *env) freezeAt(t *testing.T, n *localcluster.Node, point string, what func()) {
	t.Helper()
	testkit.Must(t, n.Break("freeze", point))
	what()
	testkit.Eventually(t, fmt.Sprintf("%s stops at the point %q", n.Name, point), n.Frozen)
}

func byName(t *testing.T, n *localcluster.Node, name string) heartbeat {
	t.Helper()
	all := list(t, n)
	i := slices.IndexFunc(all, func(h heartbeat) bool { return h.Name == name })
	if i < 0 {
		t.Fatalf("%s lists no heartbeat %q", n.Name, name)
	}
	return all[i]
}
