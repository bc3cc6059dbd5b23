package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// onThreeNodes are tests that leave the cluster as it was.
var onThreeNodes = map[string]func(*testing.T, *env){
	"a silence mails once and a ping brings one recovery":        silenceAndRecovery,
	"a pause longer than the interval brings no mail":            pauseDuringDeploy,
	"pausing a failing heartbeat ends its incident without mail": pauseWhileFailing,
	"Tickstem's clients get the answers of the contract":         tickstemClients,
	"the ping API of Healthchecks through every node":            healthchecksAPI,
	"bad input is refused and changes nothing":                   badInput,
	"the command line does what the API does":                    commandLine,
	"alerts are held, released and delivered by hand":            alertsByHand,
	"a page leads from cron":                                     fromCron,
	"a token is replaced while its jobs go on":                   rotated,
	"a slug that all nodes are asked for is made once":           ensuredOnce,
	"signals are in the history, the mails and the metrics":      signals,
	"every node shows the same replicated metrics":               metrics,
	"reads through any node see what was just written":           readYourWrites,
	"schedules are the same on every node":                       scheduled,
	"schedules are given by all ways alike":                      scheduledAlike,
	"a history suggests the same by all ways":                    suggestedAlike,
	"what no schedule, zone, check or number is changes nothing": badSchedules,
	"a good run that breaks a check is told of":                  checked,
	"results are judged alike by every node":                     results,
	"a key makes as many heartbeats as it may":                   quota,
	"channels of every kind live by every way":                   channelsOfEveryKind,
}

// TestThreeNodes shares one cluster among onThreeNodes.
func TestThreeNodes(t *testing.T) {
	t.Parallel()
	sink, ends := newSink(t, smtpsink.Config{}), startServices(t)
	e := startWith(t, sink, localcluster.Options{Binary: raced.path(t), Nodes: 3, Env: ends.env, Flags: append(mailFlags(sink, "none"),
		"--alert-flap-window", "0s", // some fail several times within minutes
		"--webhook-allow", "127.0.0.1", "--allow-command-channel", "--log-level", "debug")})
	e.services = ends
	t.Run("group", func(t *testing.T) {
		names := slices.Collect(maps.Keys(onThreeNodes)) // in any order
		sideBySide(t, 4, names, func(t *testing.T, i int) { onThreeNodes[names[i]](t, e) })
	})
	salvageTellsNoSecret(t, e)
}

func silenceAndRecovery(t *testing.T, e *env) {
	one, two := address(), address()
	h := create(t, e.Nodes[0], fields{"name": "backup", "interval_secs": 1, "grace_secs": 1, "email": []string{one, two}})
	last, longest := time.Now(), time.Duration(0)
	for i := range 12 { // six times the interval
		ping(t, e.Nodes[i%3], h)
		last, longest = time.Now(), max(longest, time.Since(last))
		time.Sleep(500 * time.Millisecond)
	}
	seen := get(t, e.Nodes[1], h.ID)
	switch stalled := max(longest, time.Since(last)) > 1500*time.Millisecond; { // of the 2 s after which it is missed
	case seen.PingsTotal != 12:
		t.Errorf("%d pings are counted, want 12", seen.PingsTotal)
	case stalled:
		t.Logf("the machine stalled for %s: whether it is missed while it is pinged is not shown", longest)
	case seen.Status != "active" || seen.ConsecutiveMisses != 0:
		t.Errorf("while pinged: %+v", seen)
	}
	last = time.Now()
	e.expectMails(t, one, 0)
	ping(t, e.Nodes[2], h)

	down := e.waitMails(t, one, 1)[0]
	e.waitMails(t, two, 1)
	if late := down.At.Sub(last); late < 3*time.Second {
		t.Errorf("alerted %s after the last ping; the second miss is 3 s after it", late)
	} else {
		t.Logf("alerted %s after the last ping (due after 3 s)", late)
	}
	if down.Subject != "[DOWN] backup" || down.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("subject %q, Auto-Submitted %q", down.Subject, down.Header.Get("Auto-Submitted"))
	}
	if h := get(t, e.Nodes[0], h.ID); h.Status != "failing" || h.ConsecutiveMisses < 2 {
		t.Errorf("after the alert: %+v", h)
	}
	e.canary(t)
	e.expectMails(t, one, 1)
	e.expectMails(t, two, 1)

	ping(t, e.Nodes[1], h)
	for _, to := range []string{one, two} {
		mails := e.waitMails(t, to, 2)
		up := mails[1]
		if up.Subject != "[RECOVERED] backup" || !strings.Contains(up.Header.Get("References"), mails[0].MessageID) {
			t.Errorf("recovery: subject %q, References %q, alert's Message-ID %q", up.Subject, up.Header.Get("References"), mails[0].MessageID)
		}
	}
	ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
	e.canary(t)
	e.expectMails(t, one, 2)
	e.expectMails(t, two, 2)
}

func pauseDuringDeploy(t *testing.T, e *env) {
	to := address()
	h := create(t, e.Nodes[0], fields{"name": "deployed", "interval_secs": 1, "grace_secs": 1, "email": []string{to}})
	ping(t, e.Nodes[1], h)
	ask(t, 200, "POST", e.Nodes[1].URL()+"/v1/heartbeats/"+h.ID+"/pause", nil, nil)
	e.canary(t) // two intervals
	if a := call(t, "", "POST", pingURL(e.Nodes[2], h), nil); a.status != 200 || a.body != `{"status":"paused"}` {
		t.Errorf("ping while paused: %d %s", a.status, a.body)
	}
	e.canary(t) // two more
	e.expectMails(t, to, 0)
	if h := get(t, e.Nodes[0], h.ID); h.Status != "paused" || h.ConsecutiveMisses != 0 || h.NextExpectedAt != nil || h.PingsTotal != 2 {
		t.Errorf("while paused: %+v", h)
	}

	resumed := time.Now()
	ask(t, 200, "PATCH", e.Nodes[2].URL()+"/v1/heartbeats/"+h.ID, fields{"status": "active"}, nil)
	down := e.waitMails(t, to, 1)[0]
	if late := down.At.Sub(resumed); late < 1500*time.Millisecond {
		t.Errorf("alerted %s after resume; the next miss is 2 s after it", late)
	}
	if h := get(t, e.Nodes[0], h.ID); h.Status != "failing" {
		t.Errorf("after the first miss since resume: %+v", h)
	}
	e.canary(t)
	e.expectMails(t, to, 1)
	ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}

func pauseWhileFailing(t *testing.T, e *env) {
	to := address()
	h := create(t, e.Nodes[0], fields{"name": "retired", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
	e.waitMails(t, to, 1)
	ask(t, 200, "POST", e.Nodes[1].URL()+"/v1/heartbeats/"+h.ID+"/pause", nil, nil)
	if a := call(t, "", "POST", pingURL(e.Nodes[1], h), nil); a.status != 200 || a.body != `{"status":"paused"}` {
		t.Errorf("ping while paused: %d %s", a.status, a.body)
	}
	e.canary(t)
	e.expectMails(t, to, 1)
}

func readYourWrites(t *testing.T, e *env) {
	for i := range 30 {
		writer, reader := e.Nodes[i%3], e.Nodes[(i+1)%3]
		h := create(t, writer, fields{"name": "fresh"})
		if got := get(t, reader, h.ID); got.Token != h.Token {
			t.Fatalf("%s read %+v of what %s had just written", reader.Name, got, writer.Name)
		}
		ping(t, reader, h) // a lagging node must ask before it says 404
		if got := get(t, writer, h.ID); got.PingsTotal != 1 {
			t.Fatalf("%s does not see the ping that %s answered", writer.Name, reader.Name)
		}
		ask(t, 204, "DELETE", writer.URL()+"/v1/heartbeats/"+h.ID, nil, nil)
		if a := call(t, "", "POST", pingURL(reader, h), nil); a.status != 404 {
			t.Fatalf("ping of a deleted heartbeat: %d %s", a.status, a.body)
		}
	}
}
