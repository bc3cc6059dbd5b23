package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// The heads that Tickstem's clients send: fetch of Node.js, httpx of Python, net/http of Go.
const (
	nodeHead = "host: HOST\r\nconnection: keep-alive\r\nAuthorization: Bearer KEY\r\nUser-Agent: tickstem-node/0.1.0\r\n" +
		"Content-Type: application/json\r\nAccept: application/json\r\naccept-language: *\r\nsec-fetch-mode: cors\r\naccept-encoding: gzip, deflate\r\n"
	nodePingHead = "host: HOST\r\nconnection: keep-alive\r\nUser-Agent: tickstem-node/0.1.0\r\naccept: */*\r\n" +
		"accept-language: *\r\nsec-fetch-mode: cors\r\naccept-encoding: gzip, deflate\r\n"
	pythonHead = "Host: HOST\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nUser-Agent: tickstem-python/0.1.0\r\n" +
		"Accept: application/json\r\nAuthorization: Bearer KEY\r\n"
	pythonPingHead = "Host: HOST\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nUser-Agent: tickstem-python/0.1.0\r\nAccept: application/json\r\n"
	goHead         = "Host: HOST\r\nUser-Agent: tickstem-go/0.1.0\r\nAuthorization: Bearer KEY\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n"
	goPingHead     = "Host: HOST\r\nUser-Agent: tickstem-go/0.1.0\r\nAccept-Encoding: gzip\r\n"
)

// tickstemClients replays what the clients put on the wire, one connection each.
func tickstemClients(t *testing.T, e *env) {
	for i, c := range []struct {
		name, head, pingHead string
		pause, resume        string // METHOD PATH BODY
	}{
		{"Node.js", nodeHead, nodePingHead, "POST /v1/heartbeats/ID/pause ", "POST /v1/heartbeats/ID/resume "},
		{"Python", pythonHead, pythonPingHead, `PATCH /v1/heartbeats/ID {"status":"paused"}`, `PATCH /v1/heartbeats/ID {"status":"active"}`},
		{"Go", goHead, goPingHead, `PATCH /v1/heartbeats/ID {"status":"paused"}`, `PATCH /v1/heartbeats/ID {"status":"active"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := dial(t, e.Nodes[i%3])
			h := w.heartbeat(t, c.head, `POST /v1/heartbeats {"name":"nightly-sync","interval_secs":86400,"grace_secs":0}`, 201)
			w.id, w.token = h["id"].(string), h["token"].(string)
			expectFields(t, h, fields{
				"name": "nightly-sync", "interval_secs": 86400.0, "grace_secs": 0.0, "status": "active",
				"consecutive_misses": 0.0, "last_pinged_at": nil,
			})
			w.ping(t, c.pingHead, `{"status":"ok"}`)
			got := w.heartbeat(t, c.head, "GET /v1/heartbeats/ID ", 200)
			if !isTime(got["last_pinged_at"]) || !isTime(got["next_expected_at"]) {
				t.Errorf("after a ping: %v", got)
			}
			expectFields(t, w.heartbeat(t, c.head, c.pause, 200), fields{"status": "paused", "next_expected_at": nil})
			w.ping(t, c.pingHead, `{"status":"paused"}`)
			expectFields(t, w.heartbeat(t, c.head, c.resume, 200), fields{"status": "active"})
			expectFields(t, w.heartbeat(t, c.head, `PATCH /v1/heartbeats/ID {"name":"renamed","interval_secs":3600}`, 200),
				fields{"name": "renamed", "interval_secs": 3600.0, "grace_secs": 0.0})
			w.pings(t, c.head)
			w.listed(t, c.head)
			if a := w.send(t, c.head, "DELETE /v1/heartbeats/ID "); a.status != 204 || a.body != "" {
				t.Errorf("DELETE: %d %q", a.status, a.body)
			}
			w.refused(t, c.head, c.pingHead)
		})
	}
}

// wire is one keep-alive connection.
type wire struct {
	conn      net.Conn
	r         *bufio.Reader
	host      string
	id, token string
}

func dial(t *testing.T, n *localcluster.Node) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", n.Addrs.HTTP)
	testkit.Must(t, err)
	t.Cleanup(func() { conn.Close() })
	testkit.Must(t, conn.SetDeadline(time.Now().Add(patience)))
	return &wire{conn: conn, r: bufio.NewReader(conn), host: n.Addrs.HTTP}
}

// send writes "METHOD PATH BODY" under a head; a POST or PATCH without a body
// says Content-Length: 0, as the clients do.
func (w *wire) send(t *testing.T, head, request string) answer {
	t.Helper()
	request = strings.NewReplacer("ID", w.id, "TOKEN", w.token).Replace(request)
	method, rest, _ := strings.Cut(request, " ")
	path, body, _ := strings.Cut(rest, " ")
	if body != "" || method != "GET" && method != "DELETE" {
		head += fmt.Sprintf("content-length: %d\r\n", len(body))
	}
	head = strings.NewReplacer("HOST", w.host, "KEY", adminKey).Replace(head)
	_, err := fmt.Fprintf(w.conn, "%s %s HTTP/1.1\r\n%s\r\n%s", method, path, head, body)
	testkit.Must(t, err)
	resp, err := http.ReadResponse(w.r, &http.Request{Method: method})
	testkit.Must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	testkit.Must(t, err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}

func (w *wire) heartbeat(t *testing.T, head, request string, status int) map[string]any {
	t.Helper()
	a := w.send(t, head, request)
	if a.status != status || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		t.Fatalf("%s: %d %s %s, want %d", request, a.status, a.header.Get("Content-Type"), a.body, status)
	}
	var h map[string]any
	testkit.Must(t, json.Unmarshal([]byte(a.body), &h))
	for _, field := range []string{
		"id", "name", "token", "interval_secs", "grace_secs", "status", "consecutive_misses",
		"last_pinged_at", "next_expected_at", "created_at", "updated_at",
		"slug", "ping_url", "miss_threshold", "tags", "arm", "email", "pings_total", "last_alert_at", "version",
	} {
		if _, ok := h[field]; !ok {
			t.Errorf("%s: no field %s in %s", request, field, a.body)
		}
	}
	if !isTime(h["created_at"]) || !isTime(h["updated_at"]) || !isUUID(h["token"]) || !strings.HasPrefix(h["id"].(string), "hb_") {
		t.Errorf("%s: a field has the wrong form: %s", request, a.body)
	}
	return h
}

func (w *wire) ping(t *testing.T, head, want string) {
	t.Helper()
	for _, method := range []string{"POST", "GET", "PUT"} {
		if a := w.send(t, head, method+" /v1/heartbeats/TOKEN/ping "); a.status != 200 || a.body != want {
			t.Errorf("%s ping: %d %q, want 200 %q", method, a.status, a.body, want)
		}
	}
}

func (w *wire) pings(t *testing.T, head string) {
	t.Helper()
	a := w.send(t, head, "GET /v1/heartbeats/ID/pings?limit=50 ")
	var page struct{ Pings []map[string]any }
	testkit.Must(t, json.Unmarshal([]byte(a.body), &page))
	if a.status != 200 || len(page.Pings) != 6 {
		t.Fatalf("pings: %d %s, want 6 of them", a.status, a.body)
	}
	for _, p := range page.Pings {
		if id, ok := p["id"].(string); !ok || id == "" || p["heartbeat_id"] != w.id || !isTime(p["pinged_at"]) {
			t.Errorf("ping %v", p)
		}
	}
	if first, last := page.Pings[0]["pinged_at"].(string), page.Pings[5]["pinged_at"].(string); first < last {
		t.Errorf("not newest first: %s before %s", first, last)
	}
	for _, limit := range []string{"0", "101", "x"} {
		if a := w.send(t, head, "GET /v1/heartbeats/ID/pings?limit="+limit+" "); a.status != 400 {
			t.Errorf("limit=%s: %d", limit, a.status)
		}
	}
}

func (w *wire) listed(t *testing.T, head string) {
	t.Helper()
	var all struct{ Heartbeats []map[string]any }
	a := w.send(t, head, "GET /v1/heartbeats ")
	testkit.Must(t, json.Unmarshal([]byte(a.body), &all))
	if !slices.ContainsFunc(all.Heartbeats, func(h map[string]any) bool { return h["id"] == w.id }) {
		t.Errorf("%s is not listed", w.id)
	}
}

// refused asks for what is gone and with a wrong key.
func (w *wire) refused(t *testing.T, head, pingHead string) {
	t.Helper()
	if a := w.send(t, pingHead, "POST /v1/heartbeats/TOKEN/ping "); a.status != 404 || errorCode(t, a) != "not_found" {
		t.Errorf("ping of a deleted heartbeat: %d %s", a.status, a.body)
	}
	if a := w.send(t, head, "GET /v1/heartbeats/ID "); a.status != 404 || errorCode(t, a) != "not_found" {
		t.Errorf("GET of a deleted heartbeat: %d %s", a.status, a.body)
	}
	wrong := strings.ReplaceAll(head, "KEY", "not-the-key-of-anybody")
	if a := w.send(t, wrong, "GET /v1/heartbeats "); a.status != 401 || a.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("wrong key: %d %q", a.status, a.header.Get("WWW-Authenticate"))
	}
}

func expectFields(t *testing.T, got map[string]any, want fields) {
	t.Helper()
	for name, v := range want {
		if got[name] != v {
			t.Errorf("%s is %v, want %v", name, got[name], v)
		}
	}
}

var (
	timeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
)

func isTime(v any) bool {
	s, ok := v.(string)
	return ok && timeForm.MatchString(s)
}

func isUUID(v any) bool {
	s, ok := v.(string)
	return ok && uuidForm.MatchString(s)
}
