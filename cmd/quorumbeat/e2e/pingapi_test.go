package e2e

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

func pingKey(t *testing.T, n *localcluster.Node) string {
	t.Helper()
	var k struct{ Key string }
	ask(t, http.StatusCreated, "POST", n.URL()+"/v1/keys", fields{"name": "ping", "scope": "ping"}, &k)
	return k.Key
}

// says expects an answer of the ping API.
func says(t *testing.T, n *localcluster.Node, method, path string, status int, body string) {
	t.Helper()
	if a := call(t, "", method, n.URL()+path, nil); a.status != status || a.body != body {
		t.Errorf("%s %s through %s: %d %q, want %d %q", method, path, n.Name, a.status, a.body, status, body)
	}
}

// healthchecksAPI asks each node for what another has just been told.
func healthchecksAPI(t *testing.T, e *env) {
	key := pingKey(t, e.Nodes[0])
	slug := "/ping/" + key + "/"
	for i, n := range e.Nodes {
		other := e.Nodes[(i+1)%3]
		h := create(t, other, fields{"name": "of " + other.Name})
		says(t, n, "POST", "/ping/"+h.Token, 200, "OK")
		says(t, n, "GET", "/ping/"+h.Token+"/", 200, "OK")
		says(t, n, "GET", slug+"of-"+strings.ToLower(other.Name), 200, "OK")
		says(t, n, "GET", "/api/push/"+h.Token+"?status=up&msg=OK&ping=", 200, `{"ok":true}`)
		says(t, n, "OPTIONS", "/ping/"+h.Token, 204, "")
		says(t, n, "PUT", "/ping/"+h.Token, 405, "this address takes GET, HEAD, POST, OPTIONS")
		says(t, n, "GET", "/ping/"+h.Token+"/256", 400, "invalid url format")
		says(t, n, "GET", "/ping/"+h.Token+"/1?rid=x", 400, "invalid uuid format")
		if got := get(t, other, h.ID); got.PingsTotal != 4 || got.Status != "active" {
			t.Errorf("%d pings, want 4; %s", got.PingsTotal, got.Status)
		}
		says(t, n, "POST", "/ping/"+h.Token+"/start", 200, "OK")
		says(t, n, "GET", "/ping/"+h.Token+"/log", 200, "OK")
		says(t, n, "GET", slug+"of-"+strings.ToLower(other.Name)+"/17", 200, "OK")
		if got := get(t, other, h.ID); got.PingsTotal != 7 || got.Status != "failing" {
			t.Errorf("%d pings, want 7; %s after exit status 17", got.PingsTotal, got.Status)
		}
		ask(t, 204, "DELETE", other.URL()+"/v1/heartbeats/"+h.ID, nil, nil)
		says(t, n, "POST", "/ping/"+h.Token, 404, "not found")
		says(t, n, "GET", slug+"of-"+strings.ToLower(other.Name), 404, "not found")
		says(t, n, "GET", "/api/push/"+h.Token, 404, `{"ok":false,"msg":"not found"}`)
	}
	one, two := create(t, e.Nodes[0], fields{"name": "Twins"}), create(t, e.Nodes[1], fields{"name": "twins"})
	says(t, e.Nodes[2], "GET", slug+"twins?create=1", 409, "ambiguous slug")
	says(t, e.Nodes[2], "GET", slug+"Twins", 400, "invalid url format")
	ask(t, 200, "PATCH", e.Nodes[1].URL()+"/v1/heartbeats/"+two.ID, fields{"slug": "other"}, nil)
	says(t, e.Nodes[0], "GET", slug+"twins", 200, "OK")
	says(t, e.Nodes[2], "GET", slug+"other", 200, "OK")
	for _, h := range []heartbeat{one, two} {
		ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
	}
	provisionedOnce(t, e, slug+"provisioned")
}

// provisionedOnce has every node asked at once for the same new slug.
func provisionedOnce(t *testing.T, e *env, path string) {
	var made, pinged atomic.Int64
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			a, err := tryCall("", "POST", e.Nodes[i%3].URL()+path+"?create=1", nil)
			switch {
			case err == nil && a.status == 201 && a.body == "Created":
				made.Add(1)
			case err == nil && a.status == 200 && a.body == "OK":
				pinged.Add(1)
			default:
				t.Errorf("%d %q, %v", a.status, a.body, err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 || pinged.Load() != 29 {
		t.Errorf("made %d times, pinged %d times", made.Load(), pinged.Load())
	}
	for _, h := range list(t, e.Nodes[1]) {
		if h.Name == "provisioned" {
			if h.PingsTotal != 30 {
				t.Errorf("%d pings, want 30", h.PingsTotal)
			}
			ask(t, 204, "DELETE", e.Nodes[2].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
		}
	}
}

// TestSlugsArePingedThroughAnElection provisions and pings by slug while the leader
// is killed: no ping is refused, none is lost, and nothing is made twice.
func TestSlugsArePingedThroughAnElection(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	e.waitServing(t)
	leader := e.leader()
	survivors := e.Followers(leader)
	key := pingKey(t, leader)
	var stop atomic.Bool
	var made atomic.Int64
	acked := make([]atomic.Int64, 4)
	slugs := []string{"job-a", "job-b", "job-c", "job-d"}
	var wg sync.WaitGroup
	for i := range acked {
		wg.Go(func() {
			for n := 0; !stop.Load(); n++ {
				a, err := tryCall("", "POST", survivors[(i+n)%2].URL()+"/ping/"+key+"/"+slugs[i]+"?create=1", nil)
				switch {
				case err == nil && a.status == 201:
					made.Add(1)
				case err != nil || a.status != 200 || a.body != "OK":
					t.Errorf("%s: %d %q, %v", slugs[i], a.status, a.body, err)
					return
				}
				acked[i].Add(1)
			}
		})
	}
	grow := func(what string, by int64) {
		for i := range acked {
			want := acked[i].Load() + by
			testkit.Eventually(t, slugs[i]+" is pinged "+what, func() bool { return acked[i].Load() >= want || t.Failed() })
		}
	}
	defer wg.Wait()
	defer stop.Store(true)
	grow("before", 5)
	testkit.Must(t, leader.Kill())
	grow("after", 5)
	fresh := call(t, "", "GET", survivors[0].URL()+"/ping/"+key+"/made-after?create=1", nil)
	if fresh.status != 201 {
		t.Errorf("creation after the election: %d %q", fresh.status, fresh.body)
	}
	stop.Store(true)
	wg.Wait()
	if made.Load() != 4 {
		t.Errorf("%d heartbeats were made for 4 slugs", made.Load())
	}
	seen := 0
	for _, h := range list(t, survivors[1]) {
		for i, slug := range slugs {
			if h.Name == slug {
				seen++
				if int64(h.PingsTotal) != acked[i].Load() {
					t.Errorf("%s has %d pings, %d were answered", slug, h.PingsTotal, acked[i].Load())
				}
			}
		}
	}
	if seen != 4 {
		t.Errorf("%d heartbeats of 4 are listed", seen)
	}
}
