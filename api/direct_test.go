package api

import (
	"bufio"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestAKeptConnectionHoldsToTheRules: plain pings on it do not pass the HTTP server, and all
// that can be said against a ping is said against them as well.
func TestAKeptConnectionHoldsToTheRules(t *testing.T) {
	r := newRigWith(t, func(c *Config) { c.PingRate, c.PingBurst = 0.001, 3 }, func(*Server) {})
	conn := r.connect()
	defer conn.Close()
	from := bufio.NewReader(conn)
	ask := func(method, path string, status int, body string) {
		t.Helper()
		_, _ = conn.Write([]byte(method + " " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"))
		var res fasthttp.Response
		res.SkipBody = method == "HEAD"
		if err := res.Read(from); err != nil || res.StatusCode() != status || body != "" && string(res.Body()) != body {
			t.Errorf("%s %s: %d %s, %v; want %d %s", method, path, res.StatusCode(), res.Body(), err, status, body)
		}
	}
	lastPing := func(h heartbeatJSON) bool {
		id, _ := fsm.ParseHeartbeatID(h.ID)
		got, _ := r.cluster.store.Heartbeat(id)
		return !got.LastPing.IsZero()
	}
	ask("GET", "/healthz", 200, "")

	limited := r.create(`{"name":"limited"}`)
	for _, method := range []string{"POST", "GET", "HEAD"} {
		ask(method, "/ping/"+limited.Token, 200, "")
	}
	ask("POST", "/ping/"+limited.Token, 429, "")
	if n := r.counted(limited); n != 3 {
		t.Errorf("%d pings counted of a heartbeat that may have 3", n)
	}

	posted := r.create(`{"name":"posted","methods":["POST"]}`)
	ask("GET", "/ping/"+posted.Token, 200, "OK")
	if lastPing(posted) {
		t.Error("a GET is a good run of a heartbeat that takes POST alone")
	}
	ask("POST", "/v1/heartbeats/"+posted.Token+"/ping", 200, `{"status":"ok"}`)
	if !lastPing(posted) {
		t.Error("a POST is none")
	}

	r.call("POST", "/v1/heartbeats/"+posted.ID+"/pause", "")
	ask("POST", "/v1/heartbeats/"+posted.Token+"/ping", 200, `{"status":"paused"}`)
	r.call("DELETE", "/v1/heartbeats/"+posted.ID, "")
	ask("POST", "/v1/heartbeats/"+posted.Token+"/ping", 404, "")
}
