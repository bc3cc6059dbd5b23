package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/api/writable"
	"github.com/quorumbeat/quorumbeat/fsm"
)

func decodeAs[T any](t testing.TB, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// TestTickstemClients sends what the clients of the contract send, byte for byte.
func TestTickstemClients(t *testing.T) {
	r := newRig(t)
	auth := "Authorization: Bearer " + testKey + "\r\n"
	body := `{"name":"nightly-sync","interval_secs":86400,"grace_secs":3600}`
	created := r.raw("POST /v1/heartbeats HTTP/1.1\r\nHost: qb.example\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: " +
		fmt.Sprint(len(body)) + "\r\n" + auth + "Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n" + body)
	if created.status != 201 {
		t.Fatalf("create: %d %s", created.status, created.body)
	}
	h := decodeAs[heartbeatJSON](t, created.body)
	if h.Name != "nightly-sync" || *h.IntervalSecs != 86400 || h.GraceSecs != 3600 || h.Status != "active" || h.LastPingedAt != nil ||
		h.PingURL != "http://qb.example/v1/heartbeats/"+h.Token+"/ping" || h.MissThreshold != 2 || h.Slug != "nightly-sync" {
		t.Errorf("created %s", created.body)
	}
	for _, field := range []string{`"consecutive_misses":0`, `"last_pinged_at":null`, `"next_expected_at":"`, `"tags":[]`, `"email":[]`} {
		if !strings.Contains(created.body, field) {
			t.Errorf("the answer lacks %s: %s", field, created.body)
		}
	}
	pings := map[string]string{
		"Go":     "POST /v1/heartbeats/" + h.Token + "/ping HTTP/1.1\r\nHost: qb.example\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 0\r\nAccept-Encoding: gzip\r\n\r\n",
		"Node":   "POST /v1/heartbeats/" + h.Token + "/ping HTTP/1.1\r\nhost: qb.example\r\nconnection: keep-alive\r\nContent-Type: application/json\r\naccept: */*\r\naccept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\naccept-encoding: gzip, deflate\r\ncontent-length: 0\r\n\r\n",
		"Python": "POST /v1/heartbeats/" + h.Token + "/ping HTTP/1.1\r\nHost: qb.example\r\nUser-Agent: python-requests/2.32.3\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
		"curl":   "GET /v1/heartbeats/" + strings.ToUpper(h.Token) + "/ping HTTP/1.1\r\nHost: qb.example\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n",
		"wget":   "PUT /v1/heartbeats/" + h.Token + "/ping HTTP/1.0\r\nHost: qb.example\r\n\r\n",
	}
	for name, request := range pings {
		if a := r.raw(request); a.status != 200 || a.body != `{"status":"ok"}` {
			t.Errorf("ping by %s: %d %q", name, a.status, a.body)
		}
	}
	if a := r.raw("HEAD /v1/heartbeats/" + h.Token + "/ping HTTP/1.1\r\nHost: qb.example\r\n\r\n"); a.status != 200 || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
	path := "/v1/heartbeats/" + h.ID
	for _, step := range []struct{ method, path, body, status string }{
		{"PATCH", path, `{"status":"paused"}`, "paused"},
		{"PATCH", path, `{"status":"active"}`, "active"},
		{"POST", path + "/pause", "", "paused"},
		{"POST", path + "/resume", "", "active"},
	} {
		a := r.raw(step.method + " " + step.path + " HTTP/1.1\r\nHost: qb.example\r\n" + auth + "Content-Type: application/json\r\nContent-Length: " +
			fmt.Sprint(len(step.body)) + "\r\n\r\n" + step.body)
		if got := decodeAs[heartbeatJSON](t, a.body); a.status != 200 || got.Status != step.status {
			t.Errorf("%s %s: %d %s", step.method, step.path, a.status, a.body)
		}
		if step.status == "paused" {
			if a := r.raw(pings["Go"]); a.status != 200 || a.body != `{"status":"paused"}` {
				t.Errorf("ping while paused: %d %q", a.status, a.body)
			}
		}
	}
	if a := r.call("GET", path+"/pings?limit=3", ""); strings.Count(a.body, `"heartbeat_id":"`+h.ID) != 3 || !strings.Contains(a.body, "next_cursor") {
		t.Errorf("pings: %s", a.body)
	}
	if a := r.call("DELETE", path, ""); a.status != 204 || a.body != "" {
		t.Errorf("delete: %d %q", a.status, a.body)
	}
	if a := r.raw(pings["Go"]); a.status != 404 {
		t.Errorf("ping after delete: %d %s", a.status, a.body)
	}
}

// TestBadInputIsRefusedAndChangesNothing tries what clients get wrong.
func TestBadInputIsRefusedAndChangesNothing(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	path := "/v1/heartbeats/" + h.ID
	const other = "/v1/heartbeats/hb_000000000000000000000000"
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		words                    string
	}{
		{"no JSON", "POST", "/v1/heartbeats", `{"name":`, 400, "JSON"},
		{"an array", "POST", "/v1/heartbeats", `["x"]`, 400, "object"},
		{"an empty body", "POST", "/v1/heartbeats", ``, 400, "empty"},
		{"two objects", "POST", "/v1/heartbeats", `{"name":"a"}{"name":"b"}`, 400, "more than one"},
		{"a field in capitals", "POST", "/v1/heartbeats", `{"NAME":"a"}`, 400, "NAME"},
		{"a field in another case", "POST", "/v1/heartbeats", `{"name":"a","Tags":[]}`, 400, "Tags"},
		{"a field with a long s", "POST", "/v1/heartbeats", `{"name":"a","\u017flug":"x"}`, 400, "unknown field"},
		{"a field of an embedded struct's name", "POST", "/v1/heartbeats", `{"fields":{}}`, 400, "unknown field"},
		{"a field twice", "POST", "/v1/heartbeats", `{"name":"a","name":"b"}`, 400, "twice"},
		{"a field twice, once escaped", "POST", "/v1/heartbeats", `{"name":"a","n\u0061me":"b"}`, 400, "twice"},
		{"an unknown field", "POST", "/v1/heartbeats", `{"name":"a","intervall_secs":5}`, 400, "intervall_secs"},
		{"no name", "POST", "/v1/heartbeats", `{}`, 400, "name"},
		{"a name with a line break", "POST", "/v1/heartbeats", `{"name":"a\r\nBcc: b@example.com"}`, 400, "name"},
		{"a name that is too long", "POST", "/v1/heartbeats", `{"name":"` + strings.Repeat("ä", 201) + `"}`, 400, "200"},
		{"an interval of zero", "POST", "/v1/heartbeats", `{"name":"a","interval_secs":0}`, 400, "interval_secs is 0; it must be 1 to 31622400"},
		{"an interval in words", "POST", "/v1/heartbeats", `{"name":"a","interval_secs":"1h"}`, 400, "interval_secs"},
		{"half a second", "POST", "/v1/heartbeats", `{"name":"a","interval_secs":0.5}`, 400, "interval_secs"},
		{"a negative grace", "POST", "/v1/heartbeats", `{"name":"a","grace_secs":-1}`, 400, "grace_secs"},
		{"a recipient that is none", "POST", "/v1/heartbeats", `{"name":"a","email":["nobody"]}`, 400, "email"},
		{"a recipient with a line break", "POST", "/v1/heartbeats", `{"name":"a","email":["a@b.c\r\nX: y"]}`, 400, "email"},
		{"a slug in capitals", "POST", "/v1/heartbeats", `{"name":"a","slug":"ABC"}`, 400, "slug"},
		{"a body over the limit", "POST", "/v1/heartbeats", `{"name":"` + strings.Repeat("a", maxBody) + `"}`, 413, "65536"},
		{"a status that cannot be set", "PATCH", path, `{"status":"failing"}`, 400, "status"},
		{"a good field and a bad status", "PATCH", path, `{"name":"changed","status":"stopped"}`, 400, "status"},
		{"a limit of zero", "GET", path + "/pings?limit=0", ``, 400, "limit"},
		{"a limit over the limit", "GET", path + "/pings?limit=101", ``, 400, "100"},
		{"a cursor of nobody", "GET", "/v1/heartbeats?cursor=%21", ``, 400, "cursor"},
		{"an unknown consistency", "GET", "/v1/heartbeats?consistency=eventual", ``, 400, "consistency"},
		{"an ID that is not there", "GET", other, ``, 404, "not found"},
		{"an ID that is none", "GET", "/v1/heartbeats/17", ``, 404, "not found"},
		{"an edit of nothing", "PATCH", other, `{"name":"a"}`, 404, "not found"},
		{"an unknown address", "GET", "/v1/nothing", ``, 404, "not found"},
		{"a wrong method", "PUT", "/v1/heartbeats", `{}`, 405, "GET, POST"},
		{"a wrong method for a ping", "DELETE", "/v1/heartbeats/" + h.Token + "/ping", ``, 405, "POST"},
		{"an unknown token", "POST", "/v1/heartbeats/00000000-0000-4000-8000-000000000000/ping", ``, 404, "not found"},
		{"a token that is none", "POST", "/v1/heartbeats/x/ping", ``, 404, "not found"},
		{"an unknown scope", "POST", "/v1/keys", `{"name":"a","scope":"root"}`, 400, "scope"},
		{"a key that is not there", "DELETE", "/v1/keys/key_000000000000000000000000", ``, 404, "not found"},
		{"a node that is not there", "DELETE", "/v1/cluster/nodes/nobody", ``, 404, "not found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := r.call(c.method, c.path, c.body)
			e := decodeAs[struct{ Error, Code string }](t, a.body)
			if a.status != c.status || !strings.Contains(e.Error, c.words) || e.Code == "" {
				t.Errorf("%d %s, want %d with %q", a.status, a.body, c.status, c.words)
			}
			if (a.status == 405) != (len(a.header.Peek("Allow")) > 0) {
				t.Errorf("status %d with Allow %q", a.status, a.header.Peek("Allow"))
			}
		})
	}
	if all := r.call("GET", "/v1/heartbeats", ""); decodeAs[struct{ Heartbeats []heartbeatJSON }](t, all.body).Heartbeats[0].Version != 1 ||
		strings.Count(all.body, `"id"`) != 1 {
		t.Errorf("bad input left its mark: %s", all.body)
	}
}

func TestVersions(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	path := "/v1/heartbeats/" + h.ID
	if a := r.call("PATCH", path, `{"name":"y"}`, "If-Match", `"7"`); a.status != 409 {
		t.Errorf("a stale version: %d %s", a.status, a.body)
	}
	a := r.call("PATCH", path, `{"name":"y","status":"paused"}`, "If-Match", `"1"`)
	got := decodeAs[heartbeatJSON](t, a.body)
	if a.status != 200 || got.Name != "y" || got.Status != "paused" || string(a.header.Peek("ETag")) != fmt.Sprintf(`"%d"`, got.Version) {
		t.Errorf("%d %s, ETag %s", a.status, a.body, a.header.Peek("ETag"))
	}
}

func TestKeys(t *testing.T) {
	r := newRig(t)
	if a := r.call("GET", "/v1/heartbeats", "", "Authorization", ""); a.status != 401 || string(a.header.Peek("WWW-Authenticate")) != "Bearer" {
		t.Errorf("no key: %d %s", a.status, a.body)
	}
	if a := r.call("GET", "/v1/heartbeats", "", "Authorization", "Bearer nobody"); a.status != 401 {
		t.Errorf("an unknown key: %d %s", a.status, a.body)
	}
	made := map[string]keyJSON{}
	for scope, status := range map[string]int{"admin": 200, "ping": 403} {
		a := r.call("POST", "/v1/keys", `{"name":"ci","scope":"`+scope+`"}`)
		k := decodeAs[keyJSON](t, a.body)
		made[scope] = k
		if a.status != 201 || !strings.HasPrefix(k.Key, "qb_") {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if a := r.call("GET", "/v1/heartbeats", "", "Authorization", "Bearer "+k.Key); a.status != status {
			t.Errorf("a key of scope %s: %d %s", scope, a.status, a.body)
		}
	}
	if a := r.call("GET", "/v1/keys", ""); strings.Contains(a.body, "qb_") || strings.Count(a.body, `"key_`) != 2 {
		t.Errorf("keys: %s", a.body)
	}
	if a := r.call("DELETE", "/v1/keys/"+made["admin"].ID, ""); a.status != 204 {
		t.Errorf("delete: %d", a.status)
	}
	if a := r.call("GET", "/v1/heartbeats", "", "Authorization", "Bearer "+made["admin"].Key); a.status != 401 {
		t.Errorf("a revoked key: %d", a.status)
	}
}

// TestNothingIsDeniedOnStaleState lets a token arrive only with the barrier, as on
// a node that lags.
func TestNothingIsDeniedOnStaleState(t *testing.T) {
	r := newRig(t)
	late := fsm.Create{ID: fsm.HeartbeatID{9}, Token: fsm.Token{9}, Spec: writable.Fields{}.Spec()}
	late.Spec.Name = "late"
	arrived := false
	r.cluster.onRead = func() {
		if !arrived {
			arrived = true
			r.cluster.Propose(t.Context(), late)
		}
	}
	if a := r.call("POST", "/v1/heartbeats/"+late.Token.String()+"/ping", ""); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	r.cluster.fail(fsm.ErrNoLeader)
	for _, c := range [][3]string{
		{"POST", "/v1/heartbeats/00000000-0000-4000-8000-000000000000/ping", "Bearer " + testKey},
		{"GET", "/v1/heartbeats/hb_000000000000000000000000?consistency=stale", "Bearer " + testKey},
		{"GET", "/v1/heartbeats", "Bearer nobody"},
	} {
		if a := r.call(c[0], c[1], "", "Authorization", c[2]); a.status != 503 || len(a.header.Peek("Retry-After")) == 0 {
			t.Errorf("%s %s without a leader: %d %s", c[0], c[1], a.status, a.body)
		}
	}
}

// TestGuessesWaitForPacedBarriers sends many unknown tokens at once.
func TestGuessesWaitForPacedBarriers(t *testing.T) {
	r := newRig(t)
	done := make(chan int)
	const guesses = 200
	for i := range guesses {
		go func() {
			done <- r.call("POST", fmt.Sprintf("/v1/heartbeats/00000000-0000-4000-8000-%012d/ping", i), "").status
		}()
	}
	for range guesses {
		if s := <-done; s != 404 {
			t.Errorf("status %d", s)
		}
	}
	r.cluster.mu.Lock()
	defer r.cluster.mu.Unlock()
	if r.cluster.paced != guesses || r.cluster.barriers != guesses {
		t.Errorf("%d barriers for %d guesses, %d of them paced", r.cluster.barriers, guesses, r.cluster.paced)
	}
}

func TestErrorsOfTheCluster(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	for err, words := range map[error]string{
		fsm.ErrNoLeader:       "nothing was recorded",
		fsm.ErrOverloaded:     "nothing was recorded",
		fsm.ErrShutdown:       "nothing was recorded",
		fsm.ErrUnknownOutcome: "unknown",
	} {
		r.cluster.fail(err)
		a := r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "")
		if a.status != 503 || len(a.header.Peek("Retry-After")) == 0 || !strings.Contains(a.body, words) {
			t.Errorf("%v: %d %s", err, a.status, a.body)
		}
		if a := r.call("GET", "/readyz", ""); a.status != 503 || !strings.Contains(a.body, err.Error()) {
			t.Errorf("readyz: %d %s", a.status, a.body)
		}
		if a := r.call("GET", "/healthz", ""); a.status != 200 {
			t.Errorf("healthz: %d", a.status)
		}
		if a := r.call("GET", "/v1/cluster", ""); a.status != 200 {
			t.Errorf("cluster: %d %s", a.status, a.body)
		}
	}
}

func TestListings(t *testing.T) {
	r := newRig(t)
	if a := r.call("GET", "/v1/heartbeats", ""); a.body != `{"heartbeats":[]}` {
		t.Errorf("an empty list: %s", a.body)
	}
	for i := range 5 {
		r.create(fmt.Sprintf(`{"name":"job %d","tags":["t%d"]}`, i, i%2))
	}
	type page struct {
		Heartbeats []heartbeatJSON
		NextCursor string `json:"next_cursor"`
	}
	var names []string
	cursor := ""
	for range 3 {
		p := decodeAs[page](t, r.call("GET", "/v1/heartbeats?limit=2"+cursor, "").body)
		for _, h := range p.Heartbeats {
			names = append(names, h.Name)
		}
		cursor = "&cursor=" + p.NextCursor
		if (p.NextCursor == "") != (len(names) == 5) {
			t.Errorf("next_cursor %q after %v", p.NextCursor, names)
		}
	}
	if got := strings.Join(names, ","); got != "job 4,job 3,job 2,job 1,job 0" {
		t.Errorf("pages: %s", got)
	}
	for query, want := range map[string]int{"tag=t0": 3, "q=JOB+1": 1, "status=active": 5, "status=failing": 0, "tag=none": 0} {
		if p := decodeAs[page](t, r.call("GET", "/v1/heartbeats?"+query, "").body); len(p.Heartbeats) != want {
			t.Errorf("%s: %d heartbeats, want %d", query, len(p.Heartbeats), want)
		}
	}
}
