package e2e

import (
	"fmt"
	"slices"
	"strings"
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

// stepAlert is an alert that is to go out when the leader is lost.
type stepAlert struct {
	what, kind string // kind is that of its row
	// before does what comes before it, and cause brings it about, by way of a node that does not lead.
	before func(e *env, name string)
	cause  func(e *env, n *localcluster.Node, name string)
	// came lists what came of it, and perhaps of others like it, at the other end.
	came func(e *env, name string) []message
	// id is what each attempt has to carry; "" if its row does not say.
	id func(row alert) string
}

// message is one that came at the other end of a mail server or of a webhook.
type message struct {
	id     string
	repeat bool // it says that it may be one
}

// secondMail is the mailbox of whoever is told of what lasts.
const secondMail = "second@example.com"

// mailAlerts go to the mailbox that has the heartbeat's name, or to that one.
var mailAlerts = []stepAlert{
	{"a reminder by mail", "reminder", addToldByMail, (*env).remind, mailsOf("[STILL DOWN] "), messageID},
	{"a down by mail", "down", func(*env, string) {}, func(e *env, n *localcluster.Node, name string) {
		create(e.t, n, fields{"name": name, "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{name}})
	}, mailsOf("] "), messageID},
	{"a failure after silence by mail", "failure", func(e *env, name string) { e.addSilent(name, name) }, (*env).reportFailure, mailsOf("[FAILED] "), messageID},
	{"a recovery by mail", "recovered", addToldByMail, (*env).recover, mailsOf("[RECOVERED] "), messageID},
	{"a digest by mail", "down", func(e *env, name string) { e.addBurst(name, name) }, (*env).reportFailure, mailsOf("2 heartbeats: "), messageID},
	{"an escalation by mail", "down", func(e *env, name string) { e.add(name, "second") }, (*env).reportFailure, mailsOf("] "), messageID},
	{"a snooze's end by mail", "reminder", addToldByMail, (*env).snooze, mailsOf("[STILL DOWN] "), messageID},
}

func addToldByMail(e *env, name string) {
	e.addTold(name, name)
	e.waitMails(e.t, name, 1)
}

func mailsOf(tag string) func(e *env, name string) []message {
	return func(e *env, name string) (list []message) {
		for _, m := range append(e.sink.Mails(name), e.sink.Mails(secondMail)...) {
			if strings.Contains(m.Subject, tag+name) {
				list = append(list, message{strings.Trim(m.MessageID, "<>"), m.Header.Get("X-Quorumbeat-Possible-Duplicate") != ""})
			}
		}
		return list
	}
}

func messageID(row alert) string { return strings.Trim(row.MessageID, "<>") }

// add makes a heartbeat that tells a target of its failures, and nobody of its silence.
func (e *env) add(name, target string) heartbeat {
	e.t.Helper()
	return create(e.t, e.leader(), fields{"name": name, "interval_secs": 86_400, "grace_secs": 0, "notify": []string{target}})
}

// addTold adds one whose failure is told already.
func (e *env) addTold(name, target string) {
	e.add(name, target)
	e.reportFailure(e.leader(), name)
	e.awaitSent(e.leader(), name, "down")
}

// addSilent adds one whose silence is told already.
func (e *env) addSilent(name, target string) {
	create(e.t, e.leader(), fields{"name": name, "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "notify": []string{target}})
	e.awaitSent(e.leader(), name, "down")
}

// addBurst uses up a target's window, so that two more that fail become a digest.
func (e *env) addBurst(name, target string) {
	e.add(name, target)
	e.add(name+" too", target)
	e.addTold(name+" first", target)
}

// reportFailure does so for a heartbeat, and for the one that is to fail with it.
func (e *env) reportFailure(n *localcluster.Node, name string) {
	for _, h := range list(e.t, n) {
		if h.Name == name || h.Name == name+" too" {
			ask(e.t, 200, "POST", pingURL(n, h)+"/fail", nil, nil)
		}
	}
}

// recover reports a good run.
func (e *env) recover(n *localcluster.Node, name string) { ping(e.t, n, byName(e.t, n, name)) }

// remind has a heartbeat's incident told again ten seconds from now, and ten seconds after that.
func (e *env) remind(n *localcluster.Node, name string) {
	ask(e.t, 200, "PATCH", n.URL()+"/v1/heartbeats/"+byName(e.t, n, name).ID, fields{"remind_every_secs": 10}, nil)
}

// snooze has a heartbeat's incident told again in a second.
func (e *env) snooze(n *localcluster.Node, name string) {
	var h struct{ Incident struct{ ID string } }
	ask(e.t, 200, "GET", n.URL()+"/v1/heartbeats/"+byName(e.t, n, name).ID, nil, &h)
	ask(e.t, 200, "POST", n.URL()+"/v1/incidents/"+h.Incident.ID+"/snooze", fields{"for_secs": 1}, nil)
}

// awaitSent waits until a heartbeat's first alert of a kind is sent, and returns it.
func (e *env) awaitSent(n *localcluster.Node, name, kind string) (first alert) {
	e.t.Helper()
	h := byName(e.t, n, name)
	testkit.Eventually(e.t, "the "+kind+" of "+name+" is sent", func() bool {
		for _, a := range alerts(e.t, n, h) { // the newest first
			if a.Kind == kind {
				first = a
			}
		}
		return first.State == "sent"
	})
	return first
}

// TestALeaderLostAtEachStepOfADelivery kills the leader, and stops it and lets it
// go on later, at each step that an alert takes by mail: one that something is down, that it fails after it was silent, one to
// whoever is told of what lasts (after_secs), a recovery, a reminder when a snooze ends and one by remind_every_secs, and a digest.
func TestALeaderLostAtEachStepOfADelivery(t *testing.T) {
	t.Parallel()
	loseLeaders(t, mailAlerts, func(t *testing.T) *env {
		e := startFaulty(t, 3, "--alert-group-wait", "2s", "--alert-burst", "1")
		ask(t, 201, "POST", e.leader().URL()+"/v1/channels", fields{"name": "second", "kind": "email", "to": secondMail, "after_secs": 1}, nil)
		return e
	}, func(*env) {})
}

// loseLeaders loses the leader at each step of a delivery, which takes over a minute: so the names of these files have
// their tests begin among the first (see the package). It does so by turns of these alerts; in a soak, QUORUMBEAT_SOAK_STEPS
// times at each step of each alert, each in a cluster of its own: two of three are kills.
func loseLeaders(t *testing.T, of []stepAlert, start func(t *testing.T) *env, check func(e *env)) {
	times := soakNumber(t, "QUORUMBEAT_SOAK_STEPS", 0)
	if times == 0 {
		e := start(t)
		for i, p := range deliveryPoints {
			e.loseLeaderAt(t, p, of[i%len(of)], i)
		}
		check(e)
		return
	}
	for _, x := range of {
		t.Run(strings.ReplaceAll(x.what, " ", "_"), func(t *testing.T) {
			t.Parallel()
			e := start(t)
			for _, p := range deliveryPoints {
				came := 0
				for i := range times {
					came += e.loseLeaderAt(t, p, x, i)
				}
				t.Logf("%s: %d losses at the step %q: %d came", x.what, times, p.name, came)
			}
			check(e)
		})
	}
}

// loseLeaderAt kills the leader at p, every third time stops it for a while
// instead, and returns how many messages came of the alert.
func (e *env) loseLeaderAt(t *testing.T, p deliveryPoint, x stepAlert, i int) int {
	t.Helper()
	order, back, stopped := "crash", (*localcluster.Node).Start, i%3 == 2
	if stopped {
		order, back = "freeze", (*localcluster.Node).Thaw
	}
	name, leader := e.loseLeader(t, order, p.name, x, i)
	time.Sleep(time.Duration(i%5) * time.Second / 2) // back before, or after, the next leader has decided
	n := e.Followers(leader)[0]
	testkit.Must(t, back(leader))
	row := e.awaitSent(n, name, x.kind)
	e.waitReady()
	came := e.checkStep(t, p, x, name, row, stopped)
	e.deleteAll(n, name)
	return came
}

// loseLeader has an order lose the leader when an alert reaches a point, and returns the heartbeat's name. Should
// another node be elected meanwhile, as on a machine that is busy, it tries again.
func (e *env) loseLeader(t *testing.T, order, point string, x stepAlert, i int) (string, *localcluster.Node) {
	t.Helper()
	for {
		name := address()
		x.before(e, name)
		leader := e.leader()
		t.Logf("%s: %s at %q, %s", time.Now().Format(time.StampMilli), x.what, point, name)
		testkit.Must(t, leader.Break(order, point))
		x.cause(e, e.Followers(leader)[i%2], name)
		if e.isLost(t, leader, order, point) {
			return name, leader
		}
		t.Logf("%s leads no more", leader.Name)
		e.awaitSent(e.leader(), name, x.kind) // if it is in doubt, it would be sent while the next one is waited for
		e.deleteAll(e.leader(), name)
	}
}

// isLost waits until a leader is lost at a point, or another one leads: then it is to be lost no more.
func (e *env) isLost(t *testing.T, leader *localcluster.Node, order, point string) bool {
	t.Helper()
	isGone := func() bool { return !leader.Running() || leader.Frozen() }
	gone := false // an order that cannot be taken back is being carried out
	testkit.Eventually(t, fmt.Sprintf("%s is lost at the point %q", leader.Name, point), func() bool {
		if gone = isGone(); gone || e.leads(leader) {
			return gone
		}
		kept, err := leader.TakeBack(order)
		testkit.Must(t, err)
		return kept
	})
	return gone
}

// leads reports whether the others take a node for their leader, or know of none.
func (e *env) leads(n *localcluster.Node) bool {
	var said struct{ Leader *string }
	ask(e.t, 200, "GET", e.Followers(n)[0].URL()+"/v1/cluster", nil, &said)
	return said.Leader == nil || *said.Leader == n.Name
}

// deleteAll deletes the heartbeats whose names begin so.
func (e *env) deleteAll(n *localcluster.Node, name string) {
	for _, h := range list(e.t, n) {
		if strings.HasPrefix(h.Name, name) {
			ask(e.t, 204, "DELETE", n.URL()+"/v1/heartbeats/"+h.ID, nil, nil)
		}
	}
}

// checkStep holds what came of one alert against what the step allows. A leader
// that was only stopped may still tell how it ended, which saves the doubt.
func (e *env) checkStep(t *testing.T, p deliveryPoint, x stepAlert, name string, row alert, stopped bool) int {
	t.Helper()
	var of []message
	others := map[string]bool{} // of reminders that followed
	for _, m := range x.came(e, name) {
		switch id := x.id(row); {
		case id == "" || m.id == id:
			of = append(of, m)
		case others[m.id] && !m.repeat, x.kind != "reminder":
			t.Errorf("%s lost at %q: also came %+v, which the alert %+v does not explain", x.what, p.name, m, row)
		default:
			others[m.id] = true
		}
	}
	least := p.least
	if stopped {
		least = 1
	}
	if len(of) < least || len(of) > p.most {
		t.Errorf("%s lost at %q: it came %d times, want %d to %d", x.what, p.name, len(of), least, p.most)
	}
	for i, m := range of {
		if m.id != of[0].id || i > 0 && !m.repeat || m.repeat && !p.marked {
			t.Errorf("%s lost at %q: %d of %d is %+v, the first is %+v", x.what, p.name, i+1, len(of), m, of[0])
		}
	}
	return len(of)
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
