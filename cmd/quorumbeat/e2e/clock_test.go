package e2e

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestWallClocksThatJump moves the wall clocks of nodes apart and back, while they
// run and while the leader changes: deadlines follow another clock.
func TestWallClocksThatJump(t *testing.T) {
	t.Parallel()
	e := startPlainFaulty(t, 3, "--history", "100000")
	e.waitServing(t)
	to := address()
	h := startHerd(t, e, 4, 0, 50*time.Millisecond, touchy(to))
	quiet := e.waitForAnHour(t)
	for _, offs := range [][3]string{{"5m", "0s", "-5m"}, {"1h", "-1h", "0s"}, {"-1h", "0s", "1h"}} {
		for i, n := range e.Nodes {
			testkit.Must(t, n.Break("clock", offs[i]))
		}
		e.canary(t) // an alert that is due comes, with some seconds on the moved clocks
		e.failUnderTag(t, "in an hour")
		leader := e.leader()
		h.shun(leader)
		h.mark()
		testkit.Must(t, leader.Kill())
		h.recovered()
		e.canary(t)
		testkit.Must(t, leader.Start()) // which knows the time of its last batch by the wall clock only
		e.waitReady()
		h.admit(leader)
	}
	for _, told := range quiet {
		e.expectMails(t, told, 1)
	}
	e.expectMails(t, to, 0)
	h.finish(e.Nodes[0])
	e.noMails(t, to, h)
}

// waitForAnHour has two heartbeats fail of which nothing is to be told again within the hour: one is snoozed for as long, one is reminded of as seldom; it plans
// a window for then, too. It returns who was told once.
func (e *env) waitForAnHour(t *testing.T) (told []string) {
	t.Helper()
	n, now := e.leader(), time.Now()
	ask(t, 201, "POST", n.URL()+"/v1/windows", fields{
		"name": "in an hour", "tags": []string{"in an hour"}, "from": now.Add(50 * time.Minute).UTC().Format(time.RFC3339), "to": now.Add(70 * time.Minute).UTC().Format(time.RFC3339),
	}, nil)
	for name, every := range map[string]int{"snoozed": 0, "reminded": 3300} {
		to := address()
		job := create(t, n, fields{"name": name, "interval_secs": 86_400, "remind_every_secs": every, "email": []string{to}})
		ask(t, 200, "POST", pingURL(n, job)+"/fail", nil, nil)
		e.waitMails(t, to, 1)
		if name == "snoozed" {
			var x struct{ Incident struct{ ID string } }
			ask(t, 200, "GET", n.URL()+"/v1/heartbeats/"+job.ID, nil, &x)
			ask(t, 200, "POST", n.URL()+"/v1/incidents/"+x.Incident.ID+"/snooze", fields{"for_secs": 3300}, nil)
		}
		told = append(told, to)
	}
	return told
}

// failUnderTag has a heartbeat fail, and waits until that is told: no clock that jumps into a window opens it.
func (e *env) failUnderTag(t *testing.T, tag string) {
	t.Helper()
	to := address()
	job := create(t, e.leader(), fields{"name": "tagged", "interval_secs": 86_400, "tags": []string{tag}, "email": []string{to}})
	ask(t, 200, "POST", pingURL(e.leader(), job)+"/fail", nil, nil)
	e.waitMails(t, to, 1)
}
