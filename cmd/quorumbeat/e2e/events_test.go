package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	sdk "github.com/quorumbeat/quorumbeat/sdk/go"
)

// listened is what a program was told.
type listened struct {
	mu    sync.Mutex
	names []string // of heartbeats, in turn
	kinds map[string]int
	errs  []error
}

func (l *listened) add(e sdk.Event, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kinds[e.Kind]++
	if e.Heartbeat != nil {
		l.names = append(l.names, e.Heartbeat.Name)
	}
	if err != nil {
		l.errs = append(l.errs, err)
	}
}

func (l *listened) has(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.names, name)
}

func (l *listened) count(kind string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kinds[kind]
}

// goEvents has a program listen with a key that may only read, at the leader, which is
// killed while heartbeats are made, fail and recover. Then its key is revoked.
func goEvents(t *testing.T, e *env) {
	victim := e.leader()
	others := e.Followers(victim)
	var key struct{ ID, Key string }
	ask(t, http.StatusCreated, "POST", others[0].URL()+"/v1/keys", fields{"name": "program", "scope": "read"}, &key)
	client := sdk.New(key.Key, sdk.WithBaseURL(victim.URL(), others[0].URL(), others[1].URL()))
	told := &listened{kinds: map[string]int{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for e, err := range client.Events(t.Context(), sdk.EventsParams{}) {
			told.add(e, err)
		}
	}()
	testkit.Eventually(t, "the stream begins", func() bool { return told.count(sdk.EventReset) == 1 && told.count(sdk.EventNode) >= 3 })
	create(t, others[0], fields{"name": "before"})
	testkit.Eventually(t, "a change at another node is told", func() bool { return told.has("before") })
	testkit.Must(t, victim.Kill())
	var last heartbeat
	for i := range 20 {
		last = create(t, others[i%2], fields{"name": fmt.Sprintf("meanwhile %d", i), "interval_secs": 3600})
	}
	ask(t, http.StatusOK, "POST", pingURL(others[0], last)+"/fail", nil, nil)
	for i := range 20 {
		testkit.Eventually(t, "what changed meanwhile is told", func() bool { return told.has(fmt.Sprintf("meanwhile %d", i)) })
	}
	testkit.Eventually(t, "the incident is told", func() bool { return told.count(sdk.EventIncident) == 1 })
	if n := told.count(sdk.EventReset); n != 1 {
		t.Errorf("the other node could not go on: %d resets", n)
	}
	ask(t, http.StatusOK, "POST", pingURL(others[1], last), nil, nil)
	testkit.Eventually(t, "its end is told", func() bool { return told.count(sdk.EventIncident) == 2 })
	ask(t, http.StatusNoContent, "DELETE", others[0].URL()+"/v1/keys/"+key.ID, nil, nil)
	<-ended
	if n := len(told.errs); n == 0 || !sdk.IsUnauthorized(told.errs[n-1]) {
		t.Errorf("it ended by %v", told.errs)
	}
	testkit.Must(t, victim.Start())
	e.waitReady()
}
