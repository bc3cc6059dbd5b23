package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/request"
)

// TestOnlyWhatIsExactlyARouteIsOne writes known paths in ways that a decoder, or one
// who cleans paths, would take for the same.
func TestOnlyWhatIsExactlyARouteIsOne(t *testing.T) {
	r := newPingRig(t)
	token, id := r.job.Token, r.job.ID
	for _, path := range []string{
		"//v1/heartbeats", "/v1//heartbeats", "/v1/heartbeats/", "/v1/./heartbeats", "/v1/x/../heartbeats", "/./v1/heartbeats",
		"/v1%2Fheartbeats", "/v1%2fheartbeats", "/%76%31/heartbeats", "/v1/heartbeat%73", "/v1/x/%2E%2E/heartbeats", "/v1/x/%2e./heartbeats",
		"/v1/heartbeats/%2E", "/v1/heartbeats/%2E%2E", "/v1/heartbeats/x%2F" + id, "/v1/heartbeats/" + id + "%2Fpings", "/v1/heartbeats/%zz", "/v1/heartbeats/%",
		"/v1\\heartbeats", "/V1/heartbeats", "/v1/heartbeats;x", "/v1/heartbeats#x", "/v1/heartbeats%00", "/v1/heartbeats%3Fx", "x/v1/heartbeats", "//qb.example/v1/heartbeats",
		"/healthz/", "//healthz", "/health%7A", "/metrics/../healthz", "/healthz/../metrics", "/metrics%2F", "/x/../../healthz", "//metrics", "/readyz//",
		"//ping/" + token, "/ping//" + token, "/ping%2F" + token, "/x/../ping/" + token, "/ping/x/../" + token, "/ping/./" + token, "/ping/" + token + "%2Ffail",
		"/ping/" + token + "//fail", "/ping/" + token + "/x/../fail", "/ping/" + token + "/%66ail", "/ping/" + r.key + "/job%2Ffail", "/ping/" + r.key + "/%2E%2E",
		"/p%2F" + r.key + "/job", "/p/" + r.key + "//job", "/p/" + r.key + "/job/%66ail", "/%73tart/" + token, "/start//" + token, "/start/x/../" + token,
		"/api/1/cron/job/" + r.key + "/x", "/api/1/cron//job/" + r.key, "/api/1/cr%6Fn/job/" + r.key, "/api/v1/endpoints/job/externa%6C", "/api/v1/endpoints//job/external",
		"/v1/heartbeats/" + token + "/ping/../ping", "/v1/heartbeats//" + token + "/ping", "/v1/heartbeats/" + token + "/ping//", "/v1/heartbeats/" + token + "/ping/start//", "/v1/heartbeats/" + token + "%2Fping", "/v1/heartbeats/" + token + "/%70ing",
		"/api/push//" + token, "/api/push/%2e%2e/push/" + token, "/api//push/" + token, "/api/push%2F" + token,
	} {
		for _, method := range []string{"GET", "POST"} {
			a := r.raw(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n", method, path, testKey))
			if a.status != 404 && a.status != 400 {
				t.Errorf("%s %s: %d %.80s, want 404", method, path, a.status, a.body)
			}
			if told := r.listener.take(); len(told) > 0 {
				t.Errorf("%s %s is a ping", method, path)
			}
		}
	}
}

// TestAWholeURLIsARoute sends what a proxy may.
func TestAWholeURLIsARoute(t *testing.T) {
	r := newPingRig(t)
	for target, status := range map[string]int{
		"http://qb.example/healthz": 200, "HTTPS://qb.example:8080/healthz": 200, "http://qb.example/ping/" + r.job.Token + "?x": 200,
		"http:///healthz": 404, "http://qb.example//healthz": 404, "ftp://qb.example/healthz": 404, "http://qb.example": 404,
	} {
		if a := r.raw("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"); a.status != status && a.status != 400 {
			t.Errorf("%s: %d %s, want %d", target, a.status, a.body, status)
		}
	}
}

// FuzzRawPath holds that a route is found for its own path only: the static parts are
// there as they are, and no more parts than it has.
func FuzzRawPath(f *testing.F) {
	for _, path := range []string{"/v1/heartbeats", "/v1/heartbeats/a%2Fb", "//v1/heartbeats", "/v1/../healthz", "http://x/healthz", "/v1/keys/%2e%2e", "/ping/x/%2e"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, target string) {
		var h fasthttp.RequestHeader
		h.SetRequestURI(target)
		path := string(request.Path(&h))
		if path != "" && (path[0] != '/' || !strings.Contains(target, path)) {
			t.Fatalf("%q has the path %q", target, path)
		}
		for i := range routes {
			args, ok := request.Match(routes[i].pattern, path)
			if !ok {
				continue
			}
			want, have := strings.Split(routes[i].pattern, "/"), strings.Split(path, "/")
			for j := range want {
				if len(want) != len(have) || !strings.HasPrefix(want[j], "{") && want[j] != have[j] {
					t.Fatalf("%q is taken for %s", target, routes[i].pattern)
				}
			}
			for _, arg := range args {
				if strings.Contains(arg, "/") || arg == "" || arg == "." || arg == ".." {
					t.Fatalf("%q has the part %q", target, arg)
				}
			}
		}
	})
}
