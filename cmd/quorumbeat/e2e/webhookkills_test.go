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
	id, heartbeat string
	repeat        bool
}

func startHookSink(t *testing.T) *hookSink {
	s := &hookSink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var p struct {
			Data struct {
				Heartbeat struct {
					Name string `json:"name"`
				} `json:"heartbeat"`
				Repeat bool `json:"may_be_repeat"`
			} `json:"data"`
		}
		if json.NewDecoder(r.Body).Decode(&p) != nil {
			return // cut off with its sender
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got = append(s.got, hook{r.Header.Get("webhook-id"), p.Data.Heartbeat.Name, p.Data.Repeat})
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *hookSink) of(heartbeat string) (list []hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.got {
		if h.heartbeat == heartbeat {
			list = append(list, h)
		}
	}
	return list
}

// TestALeaderLostAtEachStepOfAWebhook kills the leader, and stops it and lets it go on later,
// at each step that an alert takes by a webhook: as many requests may come as mails may, and
// all of an alert have its ID.
func TestALeaderLostAtEachStepOfAWebhook(t *testing.T) {
	t.Parallel()
	e := startFaulty(t, 3, "--alert-group-wait", "0s", "--webhook-allow", "127.0.0.1")
	sink := startHookSink(t)
	ask(t, 201, "POST", e.leader().URL()+"/v1/channels", fields{"name": "hook", "kind": "webhook", "url": sink.URL, "secret": hookSecret}, nil)
	for i, p := range deliveryPoints {
		e.loseLeaderAtHook(t, sink, p, i)
	}
	for i := range soakNumber(t, "QUORUMBEAT_SOAK_STEPS", 0) {
		e.loseLeaderAtHook(t, sink, deliveryPoints[i%len(deliveryPoints)], i)
	}
	e.checkSecrets(t)
}

// hookSecret signs the requests; hushed is in the URL of a channel that nobody answers.
const (
	hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	hushed     = "B0hushedhushed"
)

// checkSecrets looks for secrets of channels in what nodes log, answer and measure.
func (e *env) checkSecrets(t *testing.T) {
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

func (e *env) loseLeaderAtHook(t *testing.T, sink *hookSink, p deliveryPoint, i int) {
	t.Helper()
	leader := e.leader()
	lose, back, stopped := e.killAt, (*localcluster.Node).Start, i%3 == 2
	if stopped {
		lose, back = e.freezeAt, (*localcluster.Node).Thaw
	}
	name := address()
	lose(t, leader, p.name, func() {
		create(t, e.Followers(leader)[i%2], fields{"name": name, "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "notify": []string{"hook"}})
	})
	n := e.Followers(leader)[0]
	h := byName(t, n, name)
	t.Logf("%s: %q %s", time.Now().Format(time.StampMilli), p.name, h.ID)
	testkit.Must(t, back(leader))
	var rows []alert
	testkit.Eventually(t, "the alert is settled", func() bool {
		rows = alerts(t, n, h)
		return len(rows) == 1 && rows[0].State == "sent"
	})
	e.waitReady()
	got, least := sink.of(name), p.least
	if stopped {
		least = 1
	}
	if len(got) < least || len(got) > p.most {
		t.Errorf("lost at %q: %d requests, want %d to %d", p.name, len(got), least, p.most)
	}
	for j, x := range got {
		if x.id != rows[0].ID || j > 0 && !x.repeat || x.repeat && !p.marked {
			t.Errorf("lost at %q: request %d of %d has the ID %s, of the alert %s, and may be a repeat: %t", p.name, j+1, len(got), x.id, rows[0].ID, x.repeat)
		}
	}
	if slices.Contains([]string{"ready", "claimed", "transferred", "settled"}, p.name) && len(got) != 1 {
		t.Errorf("lost at %q: told %d times", p.name, len(got))
	}
	ask(t, 204, "DELETE", n.URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}
