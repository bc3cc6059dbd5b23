package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestRotateAToken(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x","interval_secs":60}`)
	rotate := func(body string, headers ...string) answer {
		t.Helper()
		return r.call("POST", "/v1/heartbeats/"+h.ID+"/rotate-token", body, headers...)
	}
	ping := func(token string) int { return r.call("GET", "/v1/heartbeats/"+token+"/ping", "").status }
	a := rotate(`{"overlap_secs":86400}`)
	next := decodeAs[heartbeatJSON](t, a.body)
	switch {
	case a.status != 200 || next.ID != h.ID || next.Version != h.Version+1 || next.Token == h.Token || len(next.Token) != 36:
		t.Fatalf("%d %s", a.status, a.body)
	case !strings.HasSuffix(next.PingURL, "/v1/heartbeats/"+next.Token+"/ping"):
		t.Errorf("the URL is %s", next.PingURL)
	case string(a.header.Peek("Cache-Control")) != "no-store" || string(a.header.Peek("ETag")) != `"2"`:
		t.Errorf("an answer with a token: %q", a.header)
	case ping(h.Token) != 200 || ping(next.Token) != 200:
		t.Error("a token does not work")
	}
	if got := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body); got.Token != next.Token || got.PingsTotal != 2 {
		t.Errorf("it reads %+v", got)
	}
	last := decodeAs[heartbeatJSON](t, rotate(`{"overlap_secs":0}`).body)
	if ping(h.Token) != 404 || ping(next.Token) != 404 || ping(last.Token) != 200 {
		t.Error("an old token works after overlap_secs 0")
	}
	for range fsm.MaxOldTokens { // without a body: for a day
		last = decodeAs[heartbeatJSON](t, rotate("").body)
	}
	for body, want := range map[string]string{
		``:                          "402 8 old tokens",
		`{"overlap_secs":1}`:        "402 8 old tokens",
		`{}`:                        "402 8 old tokens",
		`{"overlap_secs":-1}`:       "400 overlap_secs is -1",
		`{"overlap_secs":31622401}`: "400 overlap_secs is 31622401; it must be 0 to 31622400",
		`{"overlap_secs":null}`:     "400 overlap_secs",
		`{"overlap_secs":"1d"}`:     "400 overlap_secs",
		`{"overlap":1}`:             "400 ",
		`null`:                      "400 ",
		`[]`:                        "400 ",
	} {
		if a := rotate(body); !strings.Contains(fmt.Sprint(a.status, " ", decodeAs[map[string]string](t, a.body)["error"]), want) {
			t.Errorf("%s: %d %s, want %s", body, a.status, a.body, want)
		}
	}
	if a := rotate(`{"overlap_secs":0}`, "If-Match", `"3"`); a.status != 409 {
		t.Errorf("of an old version: %d %s", a.status, a.body)
	}
	if ping(last.Token) != 200 {
		t.Error("a refused rotation ended the token")
	}
	if a := r.call("POST", "/v1/heartbeats/hb_doesnotexist/rotate-token", ""); a.status != 404 {
		t.Errorf("of no heartbeat: %d %s", a.status, a.body)
	}
}
