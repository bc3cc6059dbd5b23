package api

import (
	"net/url"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/api/web"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// scopesOfRoutes says who may call what: the least scope of each route. A new route needs a
// line here. It is written out, and not taken from the routes, so that a mistake there shows.
var scopesOfRoutes = map[string]string{
	"GET /v1/heartbeats":                    "read",
	"POST /v1/heartbeats":                   "write",
	"PUT /v1/heartbeats/by-slug/{slug}":     "write",
	"GET /v1/heartbeats/{id}":               "read",
	"PATCH /v1/heartbeats/{id}":             "write",
	"DELETE /v1/heartbeats/{id}":            "write",
	"POST /v1/heartbeats/{id}/pause":        "write",
	"POST /v1/heartbeats/{id}/resume":       "write",
	"POST /v1/heartbeats/{id}/rotate-token": "write",
	"PATCH /v1/heartbeats/{id}/pause":       "write",
	"PATCH /v1/heartbeats/{id}/resume":      "write",
	"GET /v1/heartbeats/{id}/uptime":        "read",
	"GET /v1/heartbeats/{id}/pings":         "read",
	"GET /v1/heartbeats/{id}/suggest":       "read",
	"GET /v1/heartbeats/{id}/explain":       "read",
	"GET /v1/incidents":                     "read",
	"GET /v1/incidents/{id}":                "read",
	"POST /v1/incidents/{id}/ack":           "write",
	"POST /v1/incidents/{id}/unack":         "write",
	"POST /v1/incidents/{id}/snooze":        "write",
	"GET /v1/alerts":                        "read",
	"POST /v1/alerts/test":                  "write",
	"POST /v1/schedule/preview":             "read",
	"POST /v1/alerts/{id}/retry":            "write",
	"POST /v1/alerts/{id}/deliver":          "write",
	"POST /v1/alerts/{id}/hold":             "write",
	"POST /v1/alerts/{id}/cancel":           "write",
	"GET /v1/channels":                      "read",
	"POST /v1/channels":                     "admin",
	"GET /v1/channels/{id}":                 "read",
	"PATCH /v1/channels/{id}":               "admin",
	"DELETE /v1/channels/{id}":              "admin",
	"POST /v1/channels/{id}/test":           "write",
	"GET /v1/windows":                       "read",
	"POST /v1/windows":                      "admin",
	"DELETE /v1/windows/{id}":               "admin",
	"GET /v1/keys":                          "admin",
	"POST /v1/keys":                         "admin",
	"PATCH /v1/keys/{id}":                   "admin",
	"DELETE /v1/keys/{id}":                  "admin",
	"GET /v1/cluster":                       "read",
	"DELETE /v1/cluster/nodes/{node}":       "admin",
	"GET /v1/backup":                        "admin",
	"GET /v1/events":                        "read",
	"GET /v1/templates":                     "read",
	"PUT /v1/templates":                     "admin",
	"DELETE /v1/templates":                  "admin",
	"POST /v1/templates/preview":            "read",
	"GET /v1/status-pages":                  "admin",
	"POST /v1/status-pages":                 "admin",
	"DELETE /v1/status-pages/{slug}":        "admin",
	"GET /v1/badges":                        "admin",
	"POST /v1/badges":                       "admin",
	"DELETE /v1/badges/{id}":                "admin",
	"GET /incident/{token}":                 "",
	"POST /incident/{token}":                "",
	"GET /status/{slug}":                    "",
	"GET /status/assets/{file}":             "",
	"GET /badge/{file}":                     "",
	"GET /v1/openapi.json":                  "",
	"GET /healthz":                          "",
	"GET /readyz":                           "",
	"GET /metrics":                          "", // with a scrape token: see TestScopesAndScrapes
	"GET /metrics/node":                     "",
}

// scopesOfPages is the same for the dashboard, below /ui/.
var scopesOfPages = map[string]string{
	"GET ":                               "read",
	"POST bulk":                          "write",
	"GET heartbeats/new":                 "write",
	"GET heartbeats/preview":             "write",
	"POST heartbeats/new":                "write",
	"GET heartbeats/{id}":                "read",
	"GET heartbeats/{id}/edit":           "write",
	"POST heartbeats/{id}/edit":          "write",
	"POST heartbeats/{id}/pause":         "write",
	"POST heartbeats/{id}/resume":        "write",
	"POST heartbeats/{id}/ping":          "write",
	"GET heartbeats/{id}/delete":         "write",
	"POST heartbeats/{id}/delete":        "write",
	"GET heartbeats/{id}/rotate":         "write",
	"POST heartbeats/{id}/rotate":        "write",
	"GET incidents":                      "read",
	"POST incidents/{id}/ack":            "write",
	"POST incidents/{id}/unack":          "write",
	"POST incidents/{id}/snooze":         "write",
	"GET alerts":                         "read",
	"POST alerts/{id}/retry":             "write",
	"POST alerts/{id}/deliver":           "write",
	"POST alerts/{id}/hold":              "write",
	"POST alerts/{id}/cancel":            "write",
	"GET channels":                       "read",
	"GET channels/words":                 "read",
	"POST channels/words":                "admin",
	"GET channels/new":                   "admin",
	"POST channels/new":                  "admin",
	"GET channels/{id}/edit":             "admin",
	"POST channels/{id}/edit":            "admin",
	"GET channels/{id}/delete":           "admin",
	"POST channels/{id}/delete":          "admin",
	"POST channels/{id}/test":            "write",
	"GET windows":                        "read",
	"POST windows":                       "admin",
	"GET windows/{id}/delete":            "admin",
	"POST windows/{id}/delete":           "admin",
	"GET keys":                           "admin",
	"POST keys":                          "admin",
	"GET keys/{id}/revoke":               "admin",
	"GET published":                      "admin",
	"POST published/pages":               "admin",
	"GET published/pages/{slug}/revoke":  "admin",
	"POST published/pages/{slug}/revoke": "admin",
	"GET published/badges/{id}/revoke":   "admin",
	"POST published/badges":              "admin",
	"POST published/badges/{id}/revoke":  "admin",
	"POST keys/{id}/revoke":              "admin",
	"GET cluster":                        "read",
	"GET events":                         "read",
}

// allowed says it anew, apart from fsm.ScopeAllows.
var allowed = map[string][]string{
	"":      {"", "ping", "read", "write", "admin"},
	"read":  {"read", "write", "admin"},
	"write": {"write", "admin"},
	"admin": {"admin"},
}

func mayCallWith(scope, needed string) bool {
	for _, s := range allowed[needed] {
		if s == scope {
			return true
		}
	}
	return false
}

// scopeRig has a key of each scope, and two heartbeats.
func scopeRig(t *testing.T) (r *rig, keys map[string]string, h heartbeatJSON) {
	r = newMemoryRig(t)
	keys = map[string]string{"": ""}
	for _, scope := range fsm.Scopes {
		keys[scope] = "Bearer " + r.makeKey(scope).Key
	}
	r.create(`{"name":"other"}`)
	return r, keys, r.create(`{"name":"job"}`)
}

// TestEveryRouteByEveryScope: whoever may not is refused, before anything is done, and
// whoever may gets through to what the route itself says.
func TestEveryRouteByEveryScope(t *testing.T) {
	t.Parallel()
	for _, rt := range routes {
		name := rt.method + " " + rt.pattern
		needed, listed := scopesOfRoutes[name]
		if !listed {
			t.Errorf("%s has no line in scopesOfRoutes: say who may call it", name)
			continue
		}
		r, keys, h := scopeRig(t)
		before := r.cluster.picture()
		for _, scope := range []string{"", "ping", "read", "write", "admin"} {
			id := h.ID
			if strings.HasPrefix(rt.pattern, "/v1/keys") {
				id = fsm.KeyID{1}.String()
			}
			path := strings.NewReplacer("{id}", id, "{node}", "alpha", "{slug}", "job").Replace(rt.pattern)
			a := r.call(rt.method, path, map[bool]string{true: `{"nonsense":1}`}[rt.method != "GET" && rt.method != "DELETE"], "Authorization", keys[scope])
			switch may := mayCallWith(scope, needed); {
			case may && (a.status == 401 || a.status == 403):
				t.Errorf("%s with %q: %d %s", name, scope, a.status, a.body)
			case !may && scope == "" && a.status != 401, !may && scope != "" && a.status != 403:
				t.Errorf("%s with %q: %d %s", name, scope, a.status, a.body)
			case !may && r.cluster.picture() != before:
				t.Errorf("%s with %q changed something", name, scope)
			case !may && scope != "" && !strings.Contains(a.body, "scope "+needed):
				t.Errorf("%s with %q does not say which scope it takes: %s", name, scope, a.body)
			}
		}
	}
	if len(routes) != len(scopesOfRoutes) {
		t.Errorf("%d routes, %d lines", len(routes), len(scopesOfRoutes))
	}
}

// TestEveryPageByEveryScope does the same as somebody who has signed in.
func TestEveryPageByEveryScope(t *testing.T) {
	t.Parallel()
	for _, p := range web.Pages() {
		name := p.Method + " " + p.Pattern
		needed, listed := scopesOfPages[name]
		if !listed {
			t.Errorf("%s has no line in scopesOfPages: say who may see it", name)
			continue
		}
		r, keys, h := scopeRig(t)
		before := r.cluster.picture()
		path := "/ui/" + strings.NewReplacer("{id}", h.ID).Replace(p.Pattern)
		if p.Pattern == "events" {
			path += "?once=1"
		}
		for _, scope := range []string{"read", "write", "admin"} {
			b := r.browse(strings.TrimPrefix(keys[scope], "Bearer "))
			a := b.get(path)
			if p.Method == "POST" {
				csrf := csrfField.FindStringSubmatch(b.get("/ui/").body)
				a = b.post(path, "csrf="+url.QueryEscape(csrf[1])) // of the search form, which all have
			}
			switch may := mayCallWith(scope, needed); {
			case may && (a.status == 401 || a.status == 403):
				t.Errorf("%s with %q: %d %s", name, scope, a.status, a.body)
			case !may && a.status != 403:
				t.Errorf("%s with %q: %d %s", name, scope, a.status, a.body)
			case !may && r.cluster.picture() != before:
				t.Errorf("%s with %q changed something", name, scope)
			}
		}
	}
	if len(web.Pages()) != len(scopesOfPages) {
		t.Errorf("%d pages, %d lines", len(web.Pages()), len(scopesOfPages))
	}
	r, keys, _ := scopeRig(t)
	stranger := &browser{rig: r}
	if a := stranger.post("/ui/login", "key="+strings.TrimPrefix(keys["ping"], "Bearer ")); a.status != 401 || a.header.PeekCookie("quorumbeat") != nil {
		t.Errorf("a ping key signs in: %d", a.status)
	}
}

// TestAReaderSeesNoSecret looks for the token of a heartbeat in all that a key of scope read
// gets, and for buttons on pages.
func TestAReaderSeesNoSecret(t *testing.T) {
	r, keys, h := scopeRig(t)
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping/3", "out")
	key := keys["read"]
	channel := decodeAs[struct{ ID string }](t, r.call("POST", "/v1/channels", `{"name":"ops","kind":"webhook","url":"https://example.com/"}`).body).ID
	b := r.browse(strings.TrimPrefix(key, "Bearer "))
	look := func(what string, a answer) {
		t.Helper()
		if a.status != 200 || strings.Contains(a.body, h.Token) {
			t.Errorf("%s: %d, with the token: %v", what, a.status, strings.Contains(a.body, h.Token))
		}
	}
	for name, needed := range scopesOfRoutes {
		method, pattern, _ := strings.Cut(name, " ")
		if method == "GET" && mayCallWith("read", needed) && !isPublic([]byte(pattern)) { // see TestAStatusPageTellsNoSecret, TestLinksInMails
			id := h.ID
			if strings.HasPrefix(pattern, "/v1/channels") {
				id = channel
			}
			if strings.HasPrefix(pattern, "/v1/incidents") {
				id = "in_" + strings.TrimPrefix(h.ID, "hb_") + "_1"
			}
			path := strings.NewReplacer("{id}", id).Replace(pattern)
			look(path, r.call("GET", path, "", "Authorization", key))
		}
	}
	for name, needed := range scopesOfPages {
		method, pattern, _ := strings.Cut(name, " ")
		if method != "GET" || !mayCallWith("read", needed) {
			continue
		}
		path := "/ui/" + strings.NewReplacer("{id}", h.ID).Replace(pattern)
		paths := []string{path}
		if pattern == "events" {
			paths = []string{path + "?once=1", path + "?once=1&cluster", path + "?once=1&heartbeat=" + h.ID}
		}
		for _, path := range paths {
			a := b.get(path)
			look(path, a)
			for _, way := range []string{`action="/ui/heartbeats/`, `/edit"`, `/delete"`, `name="do"`, `action="/ui/alerts`, "/ui/keys", "/ui/heartbeats/new"} {
				if strings.Contains(a.body, way) {
					t.Errorf("%s shows %s", path, way)
				}
			}
		}
	}
	got := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "", "Authorization", key).body)
	if got.Token != "" || got.PingURL != "" || got.Name != "job" {
		t.Errorf("%+v", got)
	}
	for _, scope := range []string{"write", "admin"} {
		if got := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "", "Authorization", keys[scope]).body); got.Token != h.Token || got.PingURL != h.PingURL {
			t.Errorf("%s: %+v", scope, got)
		}
	}
}

func TestScopesAndScrapes(t *testing.T) {
	const token = "the-scrape-token-of-a-test"
	r := newRigWith(t, func(c *Config) { c.MetricsToken = token }, func(*Server) {})
	for scope, want := range map[string]int{"ping": 403, "read": 200, "write": 200, "admin": 200} {
		key := decodeAs[keyJSON](t, r.call("POST", "/v1/keys", `{"name":"k","scope":"`+scope+`"}`).body).Key
		for _, path := range []string{"/metrics", "/metrics/node"} {
			if a := r.call("GET", path, "", "Authorization", "Bearer "+key); a.status != want {
				t.Errorf("%s with %s: %d, want %d", path, scope, a.status, want)
			}
		}
	}
	if a := r.call("GET", "/metrics", "", "Authorization", ""); a.status != 401 {
		t.Errorf("without a key: %d", a.status)
	}
}

func TestAScopeThatIsNoneIsRefused(t *testing.T) {
	r := newRig(t)
	for _, scope := range []string{"", "Admin", "reads", "owner"} {
		if a := r.call("POST", "/v1/keys", `{"name":"k","scope":"`+scope+`"}`); a.status != 400 || !strings.Contains(a.body, "admin, write, read or ping") {
			t.Errorf("%q: %d %s", scope, a.status, a.body)
		}
	}
	if a := r.call("POST", "/v1/keys", `{"name":"k","scope":null}`); a.status != 400 || !strings.Contains(a.body, "scope is null; leave it out") {
		t.Errorf("a scope that a script did not know made a key for everything: %d %s", a.status, a.body)
	}
	if a := r.call("POST", "/v1/keys", `{"name":"k","max_heartbeats":null}`); a.status != 400 || !strings.Contains(a.body, "max_heartbeats is null") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestEveryFormNeedsItsOwnToken posts every form as another site would make a browser do: with the
// cookie, and without the token, or with that of somebody else's session.
func TestEveryFormNeedsItsOwnToken(t *testing.T) {
	t.Parallel()
	for _, p := range web.Pages() {
		if p.Method != "POST" || p.Pattern == "login" {
			continue
		}
		r, keys, h := scopeRig(t)
		other := r.browse(strings.TrimPrefix(keys["write"], "Bearer "))
		theirs := csrfField.FindStringSubmatch(other.get("/ui/").body)[1]
		b := r.browse(strings.TrimPrefix(keys["admin"], "Bearer "))
		before := r.cluster.picture()
		path := "/ui/" + strings.NewReplacer("{id}", h.ID).Replace(p.Pattern)
		for _, form := range []string{"", "csrf=", "csrf=x", "csrf=" + url.QueryEscape(theirs), "name=x&id=" + h.ID} {
			if a := b.post(path, form); a.status != 403 || r.cluster.picture() != before {
				t.Errorf("POST %s with %q: %d %s", path, form, a.status, a.body)
			}
		}
		if b.get("/ui/").status != 200 {
			t.Errorf("POST %s without a token signs out", path)
		}
	}
}
