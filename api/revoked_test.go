package api

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// lagging is a node that has not heard that its keys were revoked: its own store has
// them still. It catches up when it passes a barrier, unless it is cut off.
type lagging struct {
	*fakeCluster
	since time.Duration // since it heard from the leader
}

func (l *lagging) Status() ClusterStatus {
	st := l.fakeCluster.Status()
	st.Nodes[0].LastContact = l.since
	return st
}

// lagRig is a lagging node, with a heartbeat and two keys that were revoked.
func lagRig(t *testing.T) (r *rig, node *lagging, job heartbeatJSON, admin, ping string) {
	t.Helper()
	r = newRig(t)
	job = r.create(`{"name":"job"}`)
	keys := map[string]keyJSON{}
	for _, scope := range []string{"admin", "ping"} {
		keys[scope] = decodeAs[keyJSON](t, r.call("POST", "/v1/keys", `{"name":"k","scope":"`+scope+`"}`).body)
	}
	truth := store.New()
	copyStore(t, truth, r.cluster.store)
	node = &lagging{fakeCluster: &fakeCluster{store: truth}}
	own := r.server.store
	node.onRead = func() { copyStore(t, own, truth) }
	r.server.useCluster(node)
	for _, k := range keys {
		id, err := fsm.ParseKeyID(k.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := node.Propose(t.Context(), fsm.DeleteKey{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	return r, node, job, keys["admin"].Key, keys["ping"].Key
}

func copyStore(t *testing.T, to, from *store.Store) {
	t.Helper()
	var b bytes.Buffer
	if _, err := from.Snapshot().WriteTo(&b); err != nil {
		t.Error(err)
	}
	if err := to.Restore(&b); err != nil {
		t.Error(err)
	}
}

// TestARevokedKeyIsRefusedByANodeThatLags tries each route that needs a key, on a node
// that knows the key still.
func TestARevokedKeyIsRefusedByANodeThatLags(t *testing.T) {
	for _, rt := range routes {
		if rt.needs == anyone || rt.pattern == "/v1/cluster" || rt.pattern == "/v1/schedule/preview" { // which tells nothing of the cluster's
			continue
		}
		r, node, job, key, _ := lagRig(t)
		before := node.picture()
		id := map[bool]string{true: job.ID, false: fsm.AlertID{1}.String()}[strings.Contains(rt.pattern, "heartbeats")]
		if strings.HasPrefix(rt.pattern, "/v1/keys") {
			id = fsm.KeyID{1}.String()
		}
		if strings.HasPrefix(rt.pattern, "/v1/channels") {
			id = fsm.ChannelID{1}.String()
		}
		if strings.HasPrefix(rt.pattern, "/v1/incidents") {
			id = fsm.IncidentRef{Heartbeat: fsm.HeartbeatID{1}, Number: 1}.String()
		}
		path := strings.NewReplacer("{id}", id, "{node}", "alpha", "{slug}", "new").Replace(rt.pattern)
		body := map[bool]string{true: `{"name":"y"}`}[rt.method == "POST" || rt.method == "PATCH" || rt.method == "PUT"]
		if rt.method+rt.pattern == "PATCH/v1/keys/{id}" {
			body = `{"max_heartbeats":0}`
		}
		if rt.method+rt.pattern == "POST/v1/channels" {
			body = `{"name":"y","kind":"webhook","url":"https://example.com/"}`
		}
		switch rt.method + rt.pattern {
		case "POST/v1/heartbeats/{id}/pause", "PATCH/v1/heartbeats/{id}/pause", "POST/v1/heartbeats/{id}/resume", "PATCH/v1/heartbeats/{id}/resume", "POST/v1/heartbeats/{id}/rotate-token",
			"POST/v1/alerts/{id}/retry", "POST/v1/alerts/{id}/deliver", "POST/v1/alerts/{id}/hold", "POST/v1/alerts/{id}/cancel", "POST/v1/channels/{id}/test":
			body = ""
		case "POST/v1/incidents/{id}/ack", "POST/v1/incidents/{id}/unack":
			body = `{"by":"Ann"}`
		case "POST/v1/incidents/{id}/snooze":
			body = `{"for_secs":60}`
		case "POST/v1/windows":
			body = `{"name":"y","tags":["a"],"schedule":"@daily","for_secs":60}`
		case "DELETE/v1/windows/{id}":
			path = "/v1/windows/" + fsm.WindowID{1}.String()
		case "PUT/v1/templates", "POST/v1/templates/preview":
			body = `{"subject":"{{.Name}}"}`
		case "POST/v1/status-pages":
			body = `{"title":"y","tags":["a"]}`
		case "POST/v1/badges":
			body = `{"tag":"a"}`
		case "DELETE/v1/badges/{id}":
			path = "/v1/badges/" + fsm.BadgeID{1}.String()
		}
		a := r.call(rt.method, path, body, "Authorization", "Bearer "+key)
		if a.status != 401 || !strings.Contains(a.body, "revoked") || string(a.header.Peek("WWW-Authenticate")) != "Bearer" {
			t.Errorf("%s %s: %d %s", rt.method, path, a.status, a.body)
		}
		if after := node.picture(); after != before {
			t.Errorf("%s %s: %s became\n%s", rt.method, path, before, after)
		}
	}
}

// TestARevokedPingKeyIsRefusedByANodeThatLags: as an unknown one is. The barrier is
// passed before the key is revoked, so that only the command can tell.
func TestARevokedPingKeyIsRefusedByANodeThatLags(t *testing.T) {
	for _, path := range []string{"/job", "/job/start", "/job/1", "/job?rid=" + nobody, "/new?create=1"} {
		for _, early := range []bool{false, true} {
			r, node, _, _, key := lagRig(t)
			if early {
				node.onRead = nil
			}
			before := node.picture()
			if a := r.call("POST", "/ping/"+key+path, "", "Authorization", ""); a.status != 404 || a.body != "not found" {
				t.Errorf("%s, barrier before: %v: %d %q", path, early, a.status, a.body)
			}
			if after := node.picture(); after != before {
				t.Errorf("%s: %s became\n%s", path, before, after)
			}
		}
	}
}

// TestANodeThatIsCutOffForgetsTheClustersKeys: what it answers without asking anybody, it
// answers to them for ten seconds, and to its own admin key for ever.
func TestANodeThatIsCutOffForgetsTheClustersKeys(t *testing.T) {
	r, node, job, key, _ := lagRig(t)
	node.fail(fsm.ErrNoLeader)
	for _, c := range []struct {
		since  time.Duration
		status int
	}{{0, 200}, {9 * time.Second, 200}, {11 * time.Second, 503}, {-1, 503}} {
		node.since = c.since
		for _, path := range []string{"/v1/cluster", "/v1/heartbeats?consistency=stale", "/v1/heartbeats/" + job.ID + "?consistency=stale", "/v1/backup?consistency=stale"} {
			if a := r.call("GET", path, "", "Authorization", "Bearer "+key); a.status != c.status {
				t.Errorf("%s after %s: %d %s", path, c.since, a.status, a.body)
			}
			if a := r.call("GET", path, ""); a.status != 200 {
				t.Errorf("%s after %s with the node's own key: %d %s", path, c.since, a.status, a.body)
			}
		}
	}
	if a := r.call("GET", "/v1/heartbeats", "", "Authorization", "Bearer "+key); a.status != 503 {
		t.Errorf("a linearizable read: %d %s", a.status, a.body)
	}
}
