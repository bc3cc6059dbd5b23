package api

import (
	"encoding/json"
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

func TestRotateATokenInABrowser(t *testing.T) {
	r := newMemoryRig(t)
	h := r.create(`{"name":"x","interval_secs":60}`)
	b := r.browse(testKey)
	page := "/ui/heartbeats/" + h.ID
	post := func(overlap string) answer { return b.submit(page+"/rotate", page+"/rotate", "overlap="+overlap) }
	if a := b.get(page); !strings.Contains(a.body, page+"/rotate") || !strings.Contains(a.body, h.Token) {
		t.Fatalf("its page has no way to a new URL, or not the old one: %s", a.body)
	}
	for overlap, works := range map[string]int{"1d": 200, "0s": 404} {
		old := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body).Token
		a := post(overlap)
		next := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body).Token
		if a.status != 303 || next == old {
			t.Fatalf("%s: %d %s", overlap, a.status, a.body)
		}
		if shown := b.get(string(a.header.Peek("Location"))).body; !strings.Contains(shown, next) || strings.Contains(shown, old) || !strings.Contains(shown, "It has a new ping URL") {
			t.Errorf("%s: the page does not show the new URL, or says nothing: %s", overlap, shown)
		}
		if a := r.call("GET", "/v1/heartbeats/"+old+"/ping", ""); a.status != works {
			t.Errorf("%s: the old token is answered %d, want %d", overlap, a.status, works)
		}
	}
	for _, wrong := range []string{"", "soon", "-1s", "367d"} {
		if a := post(wrong); a.status != 400 {
			t.Errorf("%q: %d", wrong, a.status)
		}
	}
}

// TestAnOpenPageTurnsToTheNewURL when somebody else makes one; nobody who may only read is told of any.
func TestAnOpenPageTurnsToTheNewURL(t *testing.T) {
	r := newMemoryRig(t)
	h := r.create(`{"name":"x","interval_secs":60}`)
	var reader struct{ Key string }
	if a := r.call("POST", "/v1/keys", `{"name":"wall","scope":"read"}`); a.status != 201 || json.Unmarshal([]byte(a.body), &reader) != nil {
		t.Fatalf("a key to read: %d %s", a.status, a.body)
	}
	stream := "/ui/events?heartbeat=" + h.ID
	open := r.listen(stream, "Authorization", "", "Cookie", r.browse(testKey).cookie)
	seen := r.listen(stream, "Authorization", "", "Cookie", r.browse(reader.Key).cookie)
	open.until(h.Token)
	if list := seen.until("numbers"); strings.Contains(fmt.Sprint(list), h.Token) {
		t.Errorf("who may only read is told the URL: %v", list)
	}
	next := decodeAs[heartbeatJSON](t, r.call("POST", "/v1/heartbeats/"+h.ID+"/rotate-token", "").body)
	open.until(next.Token)
	r.call("GET", "/v1/heartbeats/"+next.Token+"/ping", "")
	if list := seen.until("history"); strings.Contains(fmt.Sprint(list), next.Token) {
		t.Errorf("who may only read is told the new URL: %v", list)
	}
}
