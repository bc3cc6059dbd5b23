package api

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/api/writable"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const nobody = "00000000-0000-4000-8000-000000000000"

// text holds an answer of the ping API against its contract.
func (a answer) text(t testing.TB, what string, status int, body string) {
	t.Helper()
	if a.status != status || a.body != body {
		t.Errorf("%s: %d %q, want %d %q", what, a.status, a.body, status, body)
	}
	h := func(name string) string { return string(a.header.Peek(name)) }
	if body != "" && h("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%s: Content-Type %q", what, h("Content-Type"))
	}
	accepted := status == 200 || status == 201
	if accepted != (h("Ping-Body-Limit") == "10000") || accepted && h("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%s: Ping-Body-Limit %q, Access-Control-Allow-Origin %q", what, h("Ping-Body-Limit"), h("Access-Control-Allow-Origin"))
	}
}

// TestThePingAPIRefusesAsItsContractSays has every answer but 200 and 201; none
// changes anything.
func TestThePingAPIRefusesAsItsContractSays(t *testing.T) {
	r := newPingRig(t)
	admin := r.makeKey(fsm.ScopeAdmin).Key
	u, k := r.job.Token, r.key
	const rid = "?rid=123e4567-e89b-12d3-a456-426614174000"
	before := r.cluster.picture()
	for _, c := range []struct {
		path, words string
		status      int
	}{
		{"/" + nobody, "not found", 404},
		{"/" + nobody + "/", "not found", 404},
		{"/" + nobody + "/start", "not found", 404},
		{"/" + nobody + "/fail", "not found", 404},
		{"/" + nobody + "/log", "not found", 404},
		{"/" + nobody + "/1", "not found", 404},
		{"/" + nobody + "?create=1", "not found", 404},
		{"/" + nobody + "/256?rid=x", "not found", 404}, // the heartbeat comes first
		{"", "not found", 404},
		{"/", "not found", 404},
		{"/not-a-uuid", "not found", 404},
		{"/" + strings.ReplaceAll(u, "-", ""), "not found", 404},
		{"/" + u + "/stop", "not found", 404},
		{"/" + u + "/-1", "not found", 404},
		{"/" + u + "/+1", "not found", 404},
		{"/" + u + "/1.5", "not found", 404},
		{"/" + u + "/start/1", "not found", 404},
		{"/" + k, "not found", 404},
		{"/" + k + "/", "not found", 404},
		{"/" + k + "/nothing", "not found", 404},
		{"/" + k + "/nothing/start", "not found", 404},
		{"/" + k + "/nothing?create=0", "not found", 404},
		{"/" + k + "/nothing?create=true", "not found", 404},
		{"/" + k + "/" + u, "not found", 404}, // a token is no slug
		{"/" + k + "/job/stop", "not found", 404},
		{"/" + k + "/job/1/2", "not found", 404},
		{"/" + k + "/j%C3%B6b?create=1", "not found", 404},
		{"/" + k + "/jo.b?create=1", "not found", 404},
		{"/" + k + "/" + strings.Repeat("a", fsm.MaxSlugLen+1) + "?create=1", "not found", 404},
		{"/qb_0000000000000000000/job", "not found", 404},
		{"/qb_0000000000000000000/new?create=1", "not found", 404},
		{"/" + admin + "/job", "not found", 404}, // what is in a URL gets into logs
		{"/" + admin + "/new?create=1", "not found", 404},
		{"/" + testKey + "/job", "not found", 404},
		{"/" + u + "/job", "not found", 404},

		{"/" + u + "/256", "invalid url format", 400},
		{"/" + u + "/99999999999999999999999", "invalid url format", 400},
		{"/" + u + "/256?rid=x", "invalid url format", 400}, // before the run
		{"/" + k + "/job/256", "invalid url format", 400},
		{"/" + k + "/JOB", "invalid url format", 400},
		{"/" + k + "/Job/start", "invalid url format", 400},
		{"/" + k + "/New?create=1", "invalid url format", 400},
		{"/qb_0000000000000000000/JOB", "invalid url format", 400},
		{"/" + k + "/new/256?create=1", "invalid url format", 400}, // and nothing is created

		{"/" + u + "?rid=x", "invalid uuid format", 400},
		{"/" + u + "?rid=", "invalid uuid format", 400},
		{"/" + u + "/start" + rid + "0", "invalid uuid format", 400},
		{"/" + u + "/1?rid=123e4567e89b12d3a456426614174000", "invalid uuid format", 400},
		{"/" + k + "/job/log?rid=x", "invalid uuid format", 400},
		{"/" + k + "/new?create=1&rid=x", "invalid uuid format", 400},

		{"/" + k + "/twins", "ambiguous slug", 409},
		{"/" + k + "/twins/fail", "ambiguous slug", 409},
		{"/" + k + "/twins/256?rid=x", "ambiguous slug", 409},
		{"/" + k + "/twins?create=1", "ambiguous slug", 409},
	} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			words := c.words
			if method == "HEAD" {
				words = ""
			}
			r.plainly(method, "/ping"+c.path, "").text(t, method+" /ping"+c.path, c.status, words)
		}
	}
	if after := r.cluster.picture(); after != before || len(r.listener.take()) > 0 {
		t.Errorf("%s became\n%s", before, after)
	}
}

func TestThePingAPITakesThreeMethods(t *testing.T) {
	r := newPingRig(t)
	before := r.cluster.picture()
	for _, path := range []string{"/" + r.job.Token, "/" + r.job.Token + "/fail", "/" + r.key + "/job", "/" + r.key + "/new?create=1", "/" + nobody, ""} {
		a := r.plainly("OPTIONS", "/ping"+path, "")
		if a.status != 204 || a.body != "" || string(a.header.Peek("Access-Control-Allow-Origin")) != "*" {
			t.Errorf("OPTIONS %s: %d %q %s", path, a.status, a.body, a.header)
		}
		for _, method := range []string{"PUT", "PATCH", "DELETE", "BREW"} {
			a := r.plainly(method, "/ping"+path, "")
			a.text(t, method+" "+path, 405, "this address takes GET, HEAD, POST, OPTIONS")
			if got := string(a.header.Peek("Allow")); got != "GET, HEAD, POST, OPTIONS" {
				t.Errorf("%s %s: Allow %q", method, path, got)
			}
		}
	}
	if after := r.cluster.picture(); after != before || len(r.listener.take()) > 0 {
		t.Errorf("%s became\n%s", before, after)
	}
}

// TestASuccessIsAPing: what tells nothing more goes the short way.
func TestASuccessIsAPing(t *testing.T) {
	r := newPingRig(t)
	id, _ := fsm.ParseHeartbeatID(r.job.ID)
	want := uint64(0)
	for _, path := range []string{
		r.job.Token, r.job.Token + "/", strings.ToUpper(r.job.Token), r.job.Token + "?create=1", "/" + r.job.Token,
		r.key + "/job", r.key + "/job/", r.key + "/job?create=1",
	} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			body := "OK"
			if method == "HEAD" {
				body = ""
			}
			r.plainly(method, "/ping/"+path, "").text(t, method+" "+path, 200, body)
			want++
		}
	}
	r.plainly("GET", "/ping/"+r.job.Token, "a body that GET does not have").text(t, "GET with a body", 200, "OK")
	want++
	if h, _ := r.cluster.store.Heartbeat(id); h.Pings != want || h.LastFrom != "127.0.0.1" {
		t.Errorf("%d pings from %q, want %d", h.Pings, h.LastFrom, want)
	}
	r.call("POST", "/v1/heartbeats/"+r.job.ID+"/pause", "")
	r.plainly("POST", "/ping/"+r.job.Token, "").text(t, "while paused", 200, "OK")
	if body := r.call("GET", "/metrics", "").body; !strings.Contains(body, fmt.Sprintf(`quorumbeat_ping_requests_total{code="200"} %d`, want+1)) {
		t.Error("the pings are not counted")
	}
}

func TestASlugIsProvisionedOnce(t *testing.T) {
	r := newPingRig(t)
	target := "/ping/" + r.key + "/new-job?create=1"
	r.plainly("POST", target, "").text(t, "the first", 201, "Created")
	r.plainly("POST", target, "").text(t, "the second", 200, "OK")
	r.plainly("HEAD", "/ping/"+r.key+"/another_1/?create=1", "").text(t, "HEAD", 201, "")
	list, _ := r.cluster.store.Heartbeats(fsm.HeartbeatFilter{Query: "new-job"})
	if len(list) != 1 {
		t.Fatalf("%d heartbeats", len(list))
	}
	h := list[0]
	if h.Spec.Name != "new-job" || h.Spec.Slug != "new-job" || h.Spec.Interval != 86400 || h.Spec.Grace != 3600 ||
		h.Spec.Threshold != fsm.DefaultThreshold || h.Pings != 2 || h.Status != fsm.StatusActive {
		t.Errorf("%+v", h)
	}
	r.cluster.fail(fsm.ErrQuota)
	before := r.cluster.picture()
	r.plainly("POST", "/ping/"+r.key+"/third?create=1", "").text(t, "over the quota", 402, "the cluster's quota is reached: delete what is not needed")
	if r.cluster.picture() != before {
		t.Error("the state has changed")
	}
}

// TestAPingKeyFollowsItsSlug: edits and deletions take effect, and a revoked key ends.
func TestAPingKeyFollowsItsSlug(t *testing.T) {
	r := newPingRig(t)
	k := r.makeKey(fsm.ScopePing)
	ping := func(slug string) answer { return r.plainly("GET", "/ping/"+k.Key+"/"+slug, "") }
	r.call("PATCH", "/v1/heartbeats/"+r.job.ID, `{"slug":"renamed"}`)
	ping("job").text(t, "the old slug", 404, "not found")
	ping("renamed").text(t, "the new slug", 200, "OK")
	r.call("DELETE", "/v1/heartbeats/"+r.job.ID, "")
	ping("renamed").text(t, "a deleted heartbeat", 404, "not found")
	twins, _ := r.cluster.store.Heartbeats(fsm.HeartbeatFilter{Query: "twins"})
	r.call("DELETE", "/v1/heartbeats/"+twins[0].ID.String(), "")
	ping("twins").text(t, "one of two", 200, "OK")
	r.call("DELETE", "/v1/keys/"+k.ID, "")
	ping("twins").text(t, "a revoked key", 404, "not found")
}

// TestANodeThatLagsAsksFirst has the leader's state arrive with the barrier.
func TestANodeThatLagsAsksFirst(t *testing.T) {
	for name, c := range map[string]struct {
		arrives func(r *pingRig, late fsm.Create, key fsm.PutKey) fsm.Command
		path    string
		status  int
	}{
		"a token": {func(_ *pingRig, late fsm.Create, _ fsm.PutKey) fsm.Command { return late }, "/{token}/", 200},
		"a slug":  {func(_ *pingRig, late fsm.Create, _ fsm.PutKey) fsm.Command { return late }, "/{known}/late", 200},
		"a key":   {func(_ *pingRig, _ fsm.Create, key fsm.PutKey) fsm.Command { return key }, "/{key}/job", 200},
		"a key that creates": {
			func(_ *pingRig, _ fsm.Create, key fsm.PutKey) fsm.Command { return key }, "/{key}/new?create=1", 201,
		},
		"a twin that has gone": {func(r *pingRig, _ fsm.Create, _ fsm.PutKey) fsm.Command {
			list, _ := r.cluster.store.Heartbeats(fsm.HeartbeatFilter{Query: "twins"})
			return fsm.Delete{ID: list[0].ID}
		}, "/{known}/twins", 200},
		"a twin that has come": {func(_ *pingRig, late fsm.Create, _ fsm.PutKey) fsm.Command {
			late.Spec.Slug = "job"
			return late
		}, "/{known}/job", 409},
		"a key that was revoked": {func(r *pingRig, _ fsm.Create, _ fsm.PutKey) fsm.Command {
			return fsm.DeleteKey{ID: r.cluster.store.Keys()[0].ID}
		}, "/{known}/job", 404},
		"nothing": {func(*pingRig, fsm.Create, fsm.PutKey) fsm.Command { return fsm.RecordGap{} }, "/{known}/late", 404},
	} {
		t.Run(name, func(t *testing.T) {
			r := newPingRig(t)
			const secret = "qb_1111111111111111111"
			late := fsm.Create{ID: fsm.HeartbeatID{7}, Token: fsm.Token{7}, Spec: writable.Fields{}.Spec()}
			late.Spec.Name, late.Spec.Slug = "late", "late"
			cmd := c.arrives(r, late, fsm.PutKey{ID: fsm.KeyID{7}, Name: "k", Scope: fsm.ScopePing, Hash: hashKey([]byte(secret))})
			r.cluster.onRead = func() { r.cluster.Propose(context.Background(), cmd) }
			asked := r.cluster.barriers
			path := strings.NewReplacer("{token}", late.Token.String(), "{known}", r.key, "{key}", secret).Replace(c.path)
			if a := r.plainly("GET", "/ping"+path, ""); a.status != c.status {
				t.Errorf("%d %q, want %d", a.status, a.body, c.status)
			}
			if n := r.cluster.barriers - asked; n != 1 {
				t.Errorf("%d barriers", n)
			}
		})
	}
}

// TestWithoutALeaderNothingIsNotFound: clients try again at 503, and give up at 404.
func TestWithoutALeaderNothingIsNotFound(t *testing.T) {
	r := newPingRig(t)
	r.cluster.fail(fsm.ErrNoLeader)
	for _, path := range []string{
		r.job.Token, r.job.Token + "/", r.key + "/job", r.key + "/new?create=1", nobody, r.key + "/nothing", "qb_0/job", r.key + "/twins",
	} {
		a := r.plainly("POST", "/ping/"+path, "")
		a.text(t, path, 503, "no leader could be reached in time; nothing was recorded: try again, or another node")
		if string(a.header.Peek("Retry-After")) == "" {
			t.Errorf("%s: no Retry-After", path)
		}
	}
}

// TestAHeartbeatThatWasMadeIsNotDenied loses the leader between the two commands.
func TestAHeartbeatThatWasMadeIsNotDenied(t *testing.T) {
	r := newPingRig(t)
	r.server.useCluster(proposer{r.cluster, func(ctx context.Context, cmd fsm.Command) (fsm.Result, error) {
		if _, ok := unwrap(cmd).(fsm.Ensure); !ok {
			return fsm.Result{}, fsm.ErrNoLeader
		}
		return r.cluster.Propose(ctx, cmd)
	}})
	a := r.plainly("POST", "/ping/"+r.key+"/new?create=1", "")
	if a.status != 503 || strings.Contains(a.body, "nothing was recorded") {
		t.Errorf("%d %q", a.status, a.body)
	}
}

func TestAPingKeyIsOneForURLs(t *testing.T) {
	r := newPingRig(t)
	form := regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{21}$`)
	for range 50 {
		if key := newKey(fsm.ScopePing); !form.MatchString(key) {
			t.Fatalf("a ping key is %q", key)
		}
	}
	if key := newKey(fsm.ScopeAdmin); len(key) < 40 {
		t.Errorf("an admin key is %q", key)
	}
	for _, path := range []string{"/v1/heartbeats", "/v1/keys"} {
		if a := r.call("GET", path, "", "Authorization", "Bearer "+r.key); a.status != 403 {
			t.Errorf("a ping key at %s: %d", path, a.status)
		}
	}
}

func TestAFaultInThePingAPIIsText(t *testing.T) {
	r := newPingRig(t)
	r.server.useCluster(proposer{r.cluster, func(context.Context, fsm.Command) (fsm.Result, error) { panic("a fault for the test") }})
	r.plainly("POST", "/ping/"+r.job.Token, "").text(t, "a fault", 500, "an internal error; it was logged")
}

// BenchmarkHealthchecksPing is BenchmarkPing for the ping API.
func BenchmarkHealthchecksPing(b *testing.B) {
	r := newMemoryRig(b)
	benchmarkHandler(b, r, "/ping/"+r.create(`{"name":"x"}`).Token)
}

func BenchmarkHealthchecksPingBySlug(b *testing.B) {
	r := newMemoryRig(b)
	r.create(`{"name":"x"}`)
	benchmarkHandler(b, r, "/ping/"+r.makeKey(fsm.ScopePing).Key+"/x")
}

// TestThePingAPIIsDocumented holds answers against the OpenAPI document.
func TestThePingAPIIsDocumented(t *testing.T) {
	r := newPingRig(t)
	doc := decodeAs[struct {
		Paths      map[string]map[string]struct{ Responses map[string]any }
		Components struct {
			Responses map[string]struct {
				Content map[string]struct {
					Schema struct {
						Const string
						Enum  []string
					}
				}
			}
		}
	}](t, string(openAPIDocument))
	u, k := r.job.Token, r.key
	for path, pattern := range map[string]string{
		u: "/ping/{uuid}", u + "?rid=x": "/ping/{uuid}", nobody: "/ping/{uuid}",
		u + "/0": "/ping/{key}/{slug}", u + "/256": "/ping/{key}/{slug}", k + "/twins": "/ping/{key}/{slug}",
		k + "/nothing": "/ping/{key}/{slug}", k + "/new?create=1": "/ping/{key}/{slug}",
		k + "/twins/start": "/ping/{key}/{slug}/{signal}", k + "/nothing/1": "/ping/{key}/{slug}/{signal}",
	} {
		a := r.plainly("POST", "/ping/"+path, "")
		status := fmt.Sprint(a.status)
		if _, ok := doc.Paths[pattern]["post"].Responses[status]; !ok {
			t.Errorf("%s: %s is not documented", path, status)
		}
		words := doc.Components.Responses["Ping"+status].Content["text/plain"].Schema
		if a.body != words.Const && !slices.Contains(words.Enum, a.body) {
			t.Errorf("%s: %s %q is not documented", path, status, a.body)
		}
	}
}
