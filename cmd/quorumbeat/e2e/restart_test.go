package e2e

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestRestartOfAllNodesFromDisk kills everything at once.
func TestRestartOfAllNodesFromDisk(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	to, dead := address(), address()
	n := e.Nodes[0]
	live := create(t, n, fields{"name": "live", "interval_secs": 5, "grace_secs": 2, "email": []string{to}})
	failing := create(t, n, fields{"name": "failing", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{dead}})
	paused := create(t, n, fields{"name": "paused", "interval_secs": 1, "tags": []string{"a"}})
	ask(t, 200, "POST", n.URL()+"/v1/heartbeats/"+paused.ID+"/pause", nil, nil)
	var key struct{ Key string }
	ask(t, 201, "POST", n.URL()+"/v1/keys", fields{"name": "laptop", "scope": "admin"}, &key)
	for range 7 {
		ping(t, n, live)
	}
	e.waitMails(t, dead, 1)
	testkit.Eventually(t, "the alert is settled", func() bool {
		rows := alerts(t, n, failing)
		return len(rows) == 1 && rows[0].State == "sent"
	})
	ping(t, n, live)
	old := live
	ask(t, 200, "POST", n.URL()+"/v1/heartbeats/"+live.ID+"/rotate-token", nil, &live)
	before := state(t, e, live, failing, paused)

	killAll(t, e)
	time.Sleep(13 * time.Second) // longer than live's deadline, 2·5 s + 2 s
	for _, n := range e.Nodes {
		testkit.Must(t, n.Start())
	}
	e.waitReady()
	if after := state(t, e, live, failing, paused); !reflect.DeepEqual(before, after) {
		t.Errorf("before: %+v\nafter:  %+v", before, after)
	}
	if got := history(t, n, live); got != 8 {
		t.Errorf("%d pings in the history, want 8", got)
	}
	if a := call(t, key.Key, "GET", n.URL()+"/v1/heartbeats", nil); a.status != 200 {
		t.Errorf("the key made before: %d %s", a.status, a.body)
	}
	ping(t, e.Nodes[1], live)
	ping(t, e.Nodes[2], old) // its time is not over
	e.expectMails(t, to, 0)
	e.expectMails(t, dead, 1)

	e.waitMails(t, to, 1) // nobody pings any more
	e.canary(t)
	e.expectMails(t, to, 1)
	e.expectMails(t, dead, 1)
}

func killAll(t *testing.T, e *env) {
	t.Helper()
	var wg sync.WaitGroup
	for _, n := range e.Nodes {
		wg.Go(func() {
			if err := n.Kill(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// state reads heartbeats, less what moves by itself.
func state(t *testing.T, e *env, heartbeats ...heartbeat) []heartbeat {
	t.Helper()
	var all []heartbeat
	for _, h := range heartbeats {
		h = get(t, e.Nodes[0], h.ID)
		h.NextExpectedAt = nil // moves by the gap, or with every miss
		h.PingURL = ""         // the address may change
		if h.Status == "failing" {
			h.ConsecutiveMisses = 0 // computed when read
		}
		all = append(all, h)
	}
	return all
}
