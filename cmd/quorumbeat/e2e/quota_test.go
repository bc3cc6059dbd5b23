package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// quota has many clients make heartbeats with one key at all nodes at once: exactly as many
// come to be as it may have, and what is deleted, or raised, is given back.
func quota(t *testing.T, e *env) {
	var key struct{ ID, Key string }
	ask(t, 201, "POST", e.Nodes[0].URL()+"/v1/keys", fields{"name": "few", "scope": "ping", "max_heartbeats": 5}, &key)
	round := 0
	provision := func() map[int]int {
		round++
		var mu sync.Mutex
		var clients sync.WaitGroup
		answers := map[int]int{}
		for i := range 24 {
			clients.Go(func() {
				a, err := tryCall("", "POST", fmt.Sprintf("%s/ping/%s/few-%d-%d?create=1", e.Nodes[i%3].URL(), key.Key, round, i), nil)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || a.status == 402 && !strings.Contains(a.body, "quota") {
					t.Errorf("%d %s, %v", a.status, a.body, err)
				}
				answers[a.status]++
			})
		}
		clients.Wait()
		return answers
	}
	expect := func(what string, made int) {
		if got := provision(); got[201] != made || got[402] != 24-made {
			t.Errorf("%s: answers %v, want %d made", what, got, made)
		}
	}
	expect("a quota of 5", 5)
	for i, h := range e.few(t)[:2] {
		ask(t, 204, "DELETE", e.Nodes[i].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
	}
	expect("2 were deleted", 2)
	ask(t, 200, "PATCH", e.Nodes[2].URL()+"/v1/keys/"+key.ID, fields{"max_heartbeats": 8}, nil)
	expect("the quota is 8", 3)
	ask(t, 200, "PATCH", e.Nodes[1].URL()+"/v1/keys/"+key.ID, fields{"max_heartbeats": 4}, nil)
	expect("the quota is less than there are", 0)
	ask(t, 204, "DELETE", e.Nodes[1].URL()+"/v1/keys/"+key.ID, nil, nil)
	if got := provision(); got[404] != 24 {
		t.Errorf("the key is revoked: answers %v", got)
	}
	few := e.few(t)
	if len(few) != 8 {
		t.Errorf("%d heartbeats are there, want 8", len(few))
	}
	for _, h := range few {
		ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
	}
}

func (e *env) few(t *testing.T) (few []heartbeat) {
	t.Helper()
	for _, h := range list(t, e.Nodes[0]) {
		if strings.HasPrefix(h.Name, "few-") {
			few = append(few, h)
		}
	}
	return few
}
