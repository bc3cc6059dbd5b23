package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestPutMakesOnceAndLeavesTheRestAlone is what a job that starts again and again does.
func TestPutMakesOnceAndLeavesTheRestAlone(t *testing.T) {
	r := newRig(t)
	const path = "/v1/heartbeats/by-slug/nightly-sync"
	var first heartbeatJSON
	for i, step := range []struct {
		body   string
		status int
		want   func(heartbeatJSON) bool
	}{
		{`{"interval_secs":86400,"grace_secs":0}`, 201, func(h heartbeatJSON) bool { return h.Name == "nightly-sync" && h.GraceSecs == 0 }},
		{`{"interval_secs":86400,"grace_secs":0}`, 200, func(h heartbeatJSON) bool { return h.Version == 1 }},
		{`{"name":"Nightly","slug":"nightly-sync","tags":["a"]}`, 200, func(h heartbeatJSON) bool { return h.Name == "Nightly" && *h.IntervalSecs == 86400 }},
		{`{}`, 200, func(h heartbeatJSON) bool { return h.Version == 2 && h.Name == "Nightly" && len(h.Tags) == 1 }},
		{`{"tags":[],"methods":["POST"]}`, 200, func(h heartbeatJSON) bool { return h.Version == 3 && len(h.Tags) == 0 && len(h.Methods) == 1 }},
	} {
		a := r.call("PUT", path, step.body)
		h := decodeAs[heartbeatJSON](t, a.body)
		if i == 0 {
			first = h
		}
		if a.status != step.status || !step.want(h) || h.ID != first.ID || h.Token != first.Token || h.Slug != "nightly-sync" {
			t.Errorf("%s: %d %s", step.body, a.status, a.body)
		}
	}
	if n := strings.Count(r.call("GET", "/v1/heartbeats", "").body, `"id":`); n != 1 {
		t.Errorf("%d heartbeats", n)
	}
	r.call("POST", "/v1/heartbeats/"+first.ID+"/pause", "")
	if h := decodeAs[heartbeatJSON](t, r.call("PUT", path, `{"interval_secs":60}`).body); h.Status != "paused" || *h.IntervalSecs != 60 {
		t.Errorf("a pause by hand did not hold: %+v", h)
	}
}

func TestPutRefusesWithWords(t *testing.T) {
	r := newRig(t)
	r.create(`{"name":"two"}`)
	r.create(`{"name":"two"}`)
	h := r.create(`{"name":"one"}`)
	key := decodeAs[keyJSON](t, r.call("POST", "/v1/keys", `{"name":"jobs","max_heartbeats":1}`).body).Key
	r.call("PUT", "/v1/heartbeats/by-slug/of-the-key", `{}`, "Authorization", "Bearer "+key)
	for what, c := range map[string]struct {
		slug, body string
		headers    []string
		status     int
		words      string
	}{
		"a slug of two":            {"two", `{}`, nil, 409, "several heartbeats"},
		"another slug in the body": {"one", `{"slug":"other"}`, nil, 400, "path"},
		"a slug that is none":      {"One", `{}`, nil, 400, "slug"},
		"a status":                 {"one", `{"status":"paused"}`, nil, 400, "status"},
		"a typo":                   {"one", `{"intervall_secs":60}`, nil, 400, "intervall_secs"},
		"a value out of limits":    {"one", `{"interval_secs":0}`, nil, 400, "interval_secs"},
		"no body":                  {"one", ``, nil, 400, "empty"},
		"another version":          {"one", `{"name":"x"}`, []string{"If-Match", `"7"`}, 409, "If-Match"},
		"no key":                   {"one", `{}`, []string{"Authorization", ""}, 401, "API key"},
		"one more than the quota":  {"new", `{}`, []string{"Authorization", "Bearer " + key}, 402, "max_heartbeats"},
	} {
		a := r.call("PUT", "/v1/heartbeats/by-slug/"+c.slug, c.body, c.headers...)
		if a.status != c.status || !strings.Contains(a.body, c.words) {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	if got := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body); got.Version != 1 {
		t.Errorf("what was refused changed it: %+v", got)
	}
}

// TestEverySlugCanBePut: some look like other routes.
func TestEverySlugCanBePut(t *testing.T) {
	r := newRig(t)
	for _, slug := range []string{"ping", "pings", "pause", "resume", "by-slug", "x", "_", strings.Repeat("a", fsm.MaxSlugLen)} {
		for _, want := range []int{http.StatusCreated, http.StatusOK} {
			if a := r.call("PUT", "/v1/heartbeats/by-slug/"+slug, `{}`); a.status != want || !strings.Contains(a.body, `"slug":"`+slug+`"`) {
				t.Errorf("%s: %d %s", slug, a.status, a.body)
			}
		}
	}
	if a := r.call("GET", "/v1/heartbeats/by-slug/x", ""); a.status != 405 {
		t.Errorf("GET: %d %s", a.status, a.body)
	}
}
