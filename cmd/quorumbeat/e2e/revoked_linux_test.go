package e2e

import (
	"strings"
	"sync"
	"testing"
)

// TestARevokedKeyIsRefusedOnANodeThatIsCutOff revokes keys while a node cannot hear of
// it, and tries everything there: what waits for the cluster must be refused when the
// node is heard again, and nothing may be written.
func TestARevokedKeyIsRefusedOnANodeThatIsCutOff(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	w := newNetwork(t)
	e := startOn(t, w)
	l := e.indexOf(e.leader())
	a, b := (l+1)%3, (l+2)%3
	leader, lost := e.Nodes[l], e.Nodes[a]
	job := create(t, leader, fields{"name": "job"})
	admin, ping := e.newKey(t, "admin"), e.newKey(t, "ping")
	for _, key := range []apiKey{admin, ping} { // the node knows them, also once it is cut off
		path := map[string]string{"admin": "/v1/heartbeats", "ping": "/ping/" + key.Key + "/job"}[key.Scope]
		if got := call(t, key.Key, "GET", lost.URL()+path, nil); got.status != 200 {
			t.Fatalf("a key of scope %s that stands: %d %s", key.Scope, got.status, got.body)
		}
	}

	links := append(both(a, l), both(a, b)...)
	w.cut(links...)
	for _, key := range []apiKey{admin, ping} {
		ask(t, 204, "DELETE", leader.URL()+"/v1/keys/"+key.ID, nil, nil)
	}
	var before heartbeat
	ask(t, 200, "GET", leader.URL()+"/v1/heartbeats/"+job.ID, nil, &before)

	var sent sync.WaitGroup
	try := func(refused int, method, path string, body any) {
		sent.Go(func() {
			got, err := tryCall(admin.Key, method, lost.URL()+path, body)
			if err != nil || got.status != refused {
				t.Errorf("%s %s: %d %s, %v", method, strings.ReplaceAll(path, ping.Key, "KEY"), got.status, got.body, err)
			}
		})
	}
	try(401, "GET", "/v1/heartbeats", nil)
	try(401, "GET", "/v1/keys", nil)
	try(401, "GET", "/v1/alerts", nil)
	try(401, "GET", "/v1/backup", nil)
	try(401, "POST", "/v1/heartbeats", fields{"name": "new"})
	try(401, "PATCH", "/v1/heartbeats/"+job.ID, fields{"name": "renamed"})
	try(401, "POST", "/v1/heartbeats/"+job.ID+"/pause", nil)
	try(401, "DELETE", "/v1/heartbeats/"+job.ID, nil)
	try(401, "POST", "/v1/keys", fields{"name": "back door"})
	try(401, "DELETE", "/v1/cluster/nodes/"+leader.Name, nil)
	try(404, "GET", "/ping/"+ping.Key+"/job", nil)
	try(404, "POST", "/ping/"+ping.Key+"/job/fail", nil)
	try(404, "GET", "/ping/"+ping.Key+"/made?create=1", nil)
	if got := call(t, admin.Key, "GET", lost.URL()+"/v1/heartbeats?consistency=stale", nil); got.status != 200 {
		t.Errorf("what the node has, within ten seconds: %d %s", got.status, got.body)
	}
	w.heal(links...)
	sent.Wait()

	var after heartbeat
	ask(t, 200, "GET", leader.URL()+"/v1/heartbeats/"+job.ID, nil, &after)
	var all struct {
		Heartbeats []heartbeat `json:"heartbeats"`
	}
	ask(t, 200, "GET", leader.URL()+"/v1/heartbeats", nil, &all)
	if after.PingsTotal != before.PingsTotal || after.Name != before.Name || after.Status != before.Status || len(all.Heartbeats) != 1 {
		t.Errorf("%+v became %+v; there are %d heartbeats", before, after, len(all.Heartbeats))
	}
}

type apiKey struct{ ID, Key, Scope string }

func (e *env) newKey(t *testing.T, scope string) (k apiKey) {
	t.Helper()
	ask(t, 201, "POST", e.leader().URL()+"/v1/keys", fields{"name": scope, "scope": scope}, &k)
	return k
}
