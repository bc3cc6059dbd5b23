package api

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/api/proxied"
	"github.com/quorumbeat/quorumbeat/api/writable"
	"github.com/quorumbeat/quorumbeat/fsm"
)

var fsmAll = fsm.HeartbeatFilter{}

// proxied is a rig behind a trusted proxy, which names whom a test wants.
func behindProxy(t *testing.T, configure func(*Config)) *rig {
	t.Helper()
	return newRigWith(t, func(c *Config) { c.TrustedProxies = []string{"127.0.0.1"}; configure(c) }, func(*Server) {})
}

// guess has an address name what nobody knows until it is refused, and returns that
// answer.
func (r *rig) guess(address, method, path string, headers ...string) answer {
	r.t.Helper()
	for n := range limits.GuessBurst + 10 {
		a := r.call(method, path, "", append([]string{"X-Forwarded-For", address}, headers...)...)
		if a.status == 429 {
			if n < limits.GuessBurst {
				r.t.Errorf("%s is refused after %d guesses", path, n)
			}
			return a
		}
	}
	return answer{}
}

// TestGuessesAreLimited on every route on which a guess costs the cluster a question,
// in the form that the route's clients expect.
func TestGuessesAreLimited(t *testing.T) {
	for _, c := range []struct{ method, path, auth, kind, body, reason string }{
		{"GET", "/v1/heartbeats/" + nobody + "/ping", "", "application/json", `{"code":"rate_limited","error":"`, limits.UnknownToken},
		{"POST", "/v1/heartbeats/" + nobody + "/ping/fail", "", "application/json", `{"code":"rate_limited","error":"`, limits.UnknownToken},
		{"GET", "/ping/" + nobody, "", plainText, "too many requests", limits.UnknownToken},
		{"GET", "/ping/qb_1234567890123456789/job", "", plainText, "too many requests", limits.UnknownToken},
		{"GET", "/api/push/" + nobody, "", "application/json", `{"ok":false,"msg":"too many requests`, limits.UnknownToken},
		{"GET", "/v1/heartbeats", "Bearer nobody's", "application/json", `{"code":"rate_limited","error":"`, limits.FailedLogin},
	} {
		t.Run(c.path, func(t *testing.T) {
			r := behindProxy(t, func(*Config) {})
			h := r.create(`{"name":"job"}`)
			const bad = "198.51.100.1"
			a := r.guess(bad, c.method, c.path, "Authorization", c.auth)
			wait, err := strconv.Atoi(string(a.header.Peek("Retry-After")))
			if err != nil || wait != 1 || string(a.header.ContentType()) != c.kind || !strings.HasPrefix(a.body, c.body) {
				t.Fatalf("%d %s %q, Retry-After %q", a.status, a.header.ContentType(), a.body, a.header.Peek("Retry-After"))
			}
			asked := r.cluster.barriers
			if a := r.call(c.method, c.path, "", "X-Forwarded-For", bad, "Authorization", c.auth); a.status != 429 || r.cluster.barriers != asked {
				t.Errorf("%d, after %d more barriers", a.status, r.cluster.barriers-asked)
			}
			if n := testutil.ToFloat64(r.server.limits.Refused(c.reason)); n != 2 {
				t.Errorf("%g are counted", n)
			}
			// Nothing else is limited.
			if a := r.call(c.method, c.path, "", "X-Forwarded-For", "198.51.100.2", "Authorization", c.auth); a.status == 429 {
				t.Error("another address is limited too")
			}
			if a := r.call("GET", "/v1/heartbeats/"+h.Token+"/ping", "", "X-Forwarded-For", bad, "Authorization", ""); a.status != 200 {
				t.Errorf("a good token from there: %d", a.status)
			}
			if a := r.call("GET", "/v1/heartbeats", "", "X-Forwarded-For", bad); a.status != 200 {
				t.Errorf("a good key from there: %d", a.status)
			}
		})
	}
}

// TestNobodyIsLimitedForOthers: not a proxy, nor who has made a token elsewhere a moment
// ago, nor anybody while there is no leader.
func TestNobodyIsLimitedForOthers(t *testing.T) {
	path := "/v1/heartbeats/" + nobody + "/ping"
	for name, via := range map[string]string{"a proxy that names nobody": "unknown", "a proxy behind a proxy": "127.0.0.1", "no header": ""} {
		r := behindProxy(t, func(*Config) {})
		if a := r.guess(via, "GET", path); a.status != 0 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	r := newRig(t)
	if a := r.guess("198.51.100.1", "GET", path); a.status != 0 {
		t.Errorf("loopback, without a proxy being declared: %d", a.status)
	}
	r = newRigWith(t, func(c *Config) { c.TrustedProxies = []string{proxy} }, func(*Server) {})
	if a := r.guess("198.51.100.1", "GET", path); a.status != 429 {
		t.Error("loopback is not limited although other proxies are declared")
	}
	r = behindProxy(t, func(*Config) {})
	r.cluster.fail(fsm.ErrNoLeader)
	if a := r.guess("198.51.100.1", "GET", path); a.status != 0 {
		t.Errorf("without a leader: %d", a.status)
	}
	r = behindProxy(t, func(*Config) {})
	for n := range limits.GuessBurst + 10 {
		c := fsm.Create{ID: fsm.HeartbeatID{byte(n), 1}, Token: fsm.Token{byte(n), 1}, Spec: writable.Fields{}.Spec()}
		c.Spec.Name, c.Spec.Slug = "late", "late"
		r.cluster.onRead = func() { _, _ = r.cluster.Propose(context.Background(), c) }
		if a := r.call("GET", "/v1/heartbeats/"+c.Token.String()+"/ping", "", "X-Forwarded-For", "198.51.100.1"); a.status != 200 {
			t.Fatalf("new token %d that arrives behind the barrier: %d", n, a.status)
		}
	}
}

func TestIPv6IsLimitedByItsNetwork(t *testing.T) {
	r := behindProxy(t, func(*Config) {})
	path := "/ping/" + nobody
	r.guess("2001:db8::1", "GET", path)
	for address, status := range map[string]int{"2001:db8::ffff:2": 429, "2001:db8:0:1::1": 404} {
		if a := r.call("GET", path, "", "X-Forwarded-For", address); a.status != status {
			t.Errorf("%s: %d", address, a.status)
		}
	}
}

// TestPingsAreLimitedWhereThatIsAskedFor: of each heartbeat by itself, however it is
// addressed.
func TestPingsAreLimitedWhereThatIsAskedFor(t *testing.T) {
	r := newRigWith(t, func(c *Config) { c.PingRate, c.PingBurst = 0.5, 5 }, func(*Server) {})
	h, other := r.create(`{"name":"job"}`), r.create(`{"name":"other"}`)
	key := decodeAs[keyJSON](t, r.call("POST", "/v1/keys", `{"name":"k","scope":"ping"}`).body).Key
	paths := []string{"/v1/heartbeats/" + h.Token + "/ping", "/v1/heartbeats/" + h.Token + "/ping/start", "/ping/" + h.Token, "/ping/" + key + "/job", "/api/push/" + h.Token}
	for _, p := range paths {
		if a := r.call("GET", p, "", "Authorization", ""); a.status != 200 {
			t.Errorf("%s: %d %s", p, a.status, a.body)
		}
	}
	for _, p := range paths {
		a := r.call("GET", p, "", "Authorization", "")
		if a.status != 429 || !strings.Contains(a.body, "0.5 times a second") || string(a.header.Peek("Retry-After")) != "2" {
			t.Errorf("%s once more: %d %s, Retry-After %q", p, a.status, a.body, a.header.Peek("Retry-After"))
		}
	}
	if n := testutil.ToFloat64(r.server.limits.Refused(limits.PingRate)); int(n) != len(paths) {
		t.Errorf("%g are counted", n)
	}
	if got, _ := r.cluster.store.Heartbeats(fsm.HeartbeatFilter{Query: "job"}); got[0].Pings != uint64(len(paths)) {
		t.Errorf("%d pings", got[0].Pings)
	}
	if a := r.call("GET", "/ping/"+other.Token, ""); a.status != 200 {
		t.Errorf("another heartbeat: %d", a.status)
	}
}

// TestFailedLoginsAreCountedAndTold: with restraint, and never with the key.
func TestFailedLoginsAreCountedAndTold(t *testing.T) {
	var log bytes.Buffer // written to under the lock of logins
	r := newRigWith(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) }, func(*Server) {})
	ping := decodeAs[keyJSON](t, r.call("POST", "/v1/keys", `{"name":"k","scope":"ping"}`).body).Key
	for n := range 20 {
		r.call("GET", "/v1/keys", "", "Authorization", fmt.Sprintf("Bearer secret-%d", n))
		r.call("GET", "/ping/secret-ping-key/job", "", "Authorization", "")
	}
	r.call("GET", "/v1/keys", "", "Authorization", "")
	r.call("GET", "/v1/keys", "", "Authorization", "Bearer "+ping)
	for reason, want := range map[string]float64{limits.UnknownKey: 40, limits.NoKey: 1, limits.WrongScope: 1, limits.RevokedKey: 0} {
		if n := testutil.ToFloat64(r.server.logins.Failed(reason)); n != want {
			t.Errorf("%s: %g, want %g", reason, n, want)
		}
	}
	text := log.String()
	if strings.Count(text, "not known") != 1 || strings.Contains(text, "secret") || !strings.Contains(text, "from=127.0.0.1") {
		t.Errorf("logged:\n%s", text)
	}
}

// TestAddressesAreReadCheaply: a plain ping costs nothing more without the flags, and one
// allocation behind a declared proxy.
func TestAddressesAreReadCheaply(t *testing.T) {
	var ctx fasthttp.RequestCtx
	ctx.Init(headerRequest("X-Forwarded-For", "203.0.113.66, 198.51.100.1"), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
	free, err := limits.New(limits.Options{Registry: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	for _, trusted := range []proxied.Networks{nil, testProxies(t)} {
		s := &Server{proxies: trusted, limits: free}
		got := testing.AllocsPerRun(100, func() { s.remote(&ctx); _ = s.limits.Ping(1, time.Time{}) })
		if got > float64(min(len(trusted), 1)) {
			t.Errorf("%g allocations with the proxies %v", got, trusted)
		}
	}
}

func headerRequest(name, value string) *fasthttp.Request {
	var req fasthttp.Request
	req.Header.Set(name, value)
	return &req
}
