package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// hookSink takes webhooks.
type hookSink struct {
	*httptest.Server
	mu  sync.Mutex
	got []hook
}

type hook struct {
	message
	kind       string
	heartbeats []string // that it tells of: one, or those of a digest
}

func startHookSink(t *testing.T) *hookSink {
	s := &hookSink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		type event struct {
			Heartbeat struct{ Name string }
		}
		var p struct {
			Type string
			Data struct {
				event
				Repeat bool `json:"may_be_repeat"`
				Alerts []event
			}
		}
		if json.NewDecoder(r.Body).Decode(&p) != nil {
			return // cut off with its sender
		}
		h := hook{message: message{r.Header.Get("webhook-id"), p.Data.Repeat}, kind: p.Type}
		for _, e := range append(p.Data.Alerts, p.Data.event) {
			h.heartbeats = append(h.heartbeats, e.Heartbeat.Name)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got = append(s.got, h)
	}))
	t.Cleanup(s.Close)
	return s
}

// of lists the requests of a type that tell of a heartbeat.
func (s *hookSink) of(kind, heartbeat string) (list []message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.got {
		if h.kind == kind && slices.Contains(h.heartbeats, heartbeat) {
			list = append(list, h.message)
		}
	}
	return list
}

// TestALeaderLostAtEachStepOfAWebhook kills the leader, and stops it and lets it go on later,
// at each step that an alert takes by a webhook: one that something is down, that it fails after it was silent, its recovery, a
// reminder when a snooze ends and one by remind_every_secs, one that had to wait for whether the incident lasts, and a digest.
// As many requests may come as mails may, and all of an alert have its ID.
func TestALeaderLostAtEachStepOfAWebhook(t *testing.T) {
	t.Parallel()
	sink := startHookSink(t)
	loseLeaders(t, hookAlerts(sink), func(t *testing.T) *env { return startHooked(t, sink) }, (*env).checkSecrets)
}

// startHooked runs a cluster whose channels are webhooks.
func startHooked(t *testing.T, sink *hookSink) *env {
	t.Helper()
	e := startFaulty(t, 3, "--alert-group-wait", "2s", "--alert-burst", "1", "--webhook-allow", "127.0.0.1")
	for _, name := range []string{"hook", "second", "pile"} {
		ask(t, 201, "POST", e.leader().URL()+"/v1/channels", fields{
			"name": name, "kind": "webhook", "url": sink.URL, "secret": hookSecret, "after_secs": map[string]int{"second": 1}[name],
		}, nil)
	}
	return e
}

// TestALeaderLostAtEachStepOfAnUnheard has all nodes away while a job is due, and then loses the leader at each step of the notice, by
// mail and by webhook. It takes minutes, for each node may lead after that: it tries again until it is the one that is to be lost.
func TestALeaderLostAtEachStepOfAnUnheard(t *testing.T) {
	t.Parallel()
	if soakNumber(t, "QUORUMBEAT_SOAK_STEPS", 0) == 0 {
		t.Skip("set QUORUMBEAT_SOAK_STEPS to how often")
	}
	sink := startHookSink(t)
	loseLeaders(t, []stepAlert{{
		"an unheard by mail", "unheard", func(*env, string) {},
		func(e *env, n *localcluster.Node, name string) { e.missInAnOutage(n, name, name) },
		mailsOf("[UNHEARD] "), messageID,
	}, {
		"an unheard by webhook", "unheard", func(*env, string) {},
		func(e *env, n *localcluster.Node, name string) { e.missInAnOutage(n, name, "hook") },
		func(_ *env, name string) []message { return sink.of("incident.unheard", name) }, func(row alert) string { return row.ID },
	}}, func(t *testing.T) *env { return startHooked(t, sink) }, func(*env) {})
}

// missInAnOutage has all nodes away at the time at which a new heartbeat is due; the miss is seen as much later as they were away. The node
// that led starts first, so that it is likely to lead again: it may be lost right then.
func (e *env) missInAnOutage(n *localcluster.Node, name, target string) {
	led := e.leader()
	nodes := append([]*localcluster.Node{led}, e.Followers(led)...)
	due := time.Now().Add(15 * time.Second)
	create(e.t, n, fields{"name": name, "interval_secs": 15, "grace_secs": 0, "miss_threshold": 1, "notify": []string{target}})
	time.Sleep(time.Until(due.Add(-3 * time.Second)))
	killAll(e.t, e)
	time.Sleep(time.Until(due.Add(time.Second / 2)))
	answers := func(n *localcluster.Node, path string) func() bool {
		return func() bool {
			answer, err := http.Get(n.URL() + path)
			if err == nil {
				answer.Body.Close()
			}
			return !n.Running() || n.Frozen() || err == nil && answer.StatusCode == 200
		}
	}
	for _, n := range nodes {
		testkit.Must(e.t, n.Start())
		testkit.Eventually(e.t, n.Name+" runs, or is lost", answers(n, "/healthz"))
	}
	for _, n := range e.Nodes {
		testkit.Eventually(e.t, n.Name+" is ready, or lost", answers(n, "/readyz"))
	}
}

func hookAlerts(sink *hookSink) []stepAlert {
	told := func(e *env, name string) {
		e.addTold(name, "hook")
		testkit.Eventually(e.t, "its failure is told", func() bool { return len(sink.of("incident.down", name)) == 1 })
	}
	of := func(kind string) func(*env, string) []message {
		return func(_ *env, name string) []message { return sink.of(kind, name) }
	}
	id := func(row alert) string { return row.ID }
	return []stepAlert{
		{"a down by webhook", "down", func(e *env, name string) { e.add(name, "hook") }, (*env).reportFailure, of("incident.down"), id},
		{"a failure after silence by webhook", "failure", func(e *env, name string) { e.addSilent(name, "hook") }, (*env).reportFailure, of("incident.failure"), id},
		{"a recovery by webhook", "recovered", told, (*env).recover, of("incident.recovered"), id},
		{"a snooze's end by webhook", "reminder", told, (*env).snooze, of("incident.reminder"), id},
		{"an escalation by webhook", "down", func(e *env, name string) { e.add(name, "second") }, (*env).reportFailure, of("incident.down"), id},
		{"a digest by webhook", "down", func(e *env, name string) { e.addBurst(name, "pile") }, (*env).reportFailure, of("digest"), func(alert) string { return "" }},
		{"a reminder by webhook", "reminder", told, (*env).remind, of("incident.reminder"), id},
	}
}

// hookSecret signs the requests; hushed is in the URL of a channel that nobody answers.
const (
	hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	hushed     = "B0hushedhushed"
)

// checkSecrets looks for secrets of channels in what nodes log, answer and measure.
func (e *env) checkSecrets() {
	t := e.t
	t.Helper()
	var made, test json.RawMessage
	n := e.leader()
	ask(t, 201, "POST", n.URL()+"/v1/channels", fields{"name": "gone", "kind": "slack", "url": "http://127.0.0.1:1/" + hushed}, &made)
	var c struct{ ID string }
	testkit.Must(t, json.Unmarshal(made, &c))
	ask(t, 200, "POST", n.URL()+"/v1/channels/"+c.ID+"/test", nil, &test)
	name := address()
	create(t, n, fields{"name": name, "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "notify": []string{"gone"}})
	h := byName(t, n, name)
	testkit.Eventually(t, "an attempt has failed", func() bool {
		rows := alerts(t, n, h)
		return len(rows) == 1 && rows[0].Error != ""
	})
	texts := map[string]string{"the answer to its creation": string(made), "the answer to a test": string(test)}
	for _, n := range e.Nodes {
		texts[n.Name+"'s log"] = n.Log()
		for _, path := range []string{"/v1/channels", "/v1/alerts", "/v1/heartbeats", "/metrics"} {
			texts[n.Name+path] = call(t, adminKey, "GET", n.URL()+path, nil).body
		}
	}
	for what, text := range texts {
		if text == "" || strings.Contains(text, hookSecret[6:]) || strings.Contains(text, hushed) {
			t.Errorf("%s, of %d bytes, holds a secret", what, len(text))
		}
	}
}
