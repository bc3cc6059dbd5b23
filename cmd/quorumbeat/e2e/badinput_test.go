package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// badInput sends what must be refused and compares the heartbeat before and after.
func badInput(t *testing.T, e *env) {
	h := create(t, e.Nodes[0], fields{"name": "steady", "interval_secs": 3600})
	one := "/v1/heartbeats/" + h.ID
	before := call(t, adminKey, "GET", e.Nodes[0].URL()+one, nil).body
	count := len(names(t, e, "refused"))
	tests := []struct {
		name, key, method, path, body string
		status                        int
	}{
		{"not JSON", adminKey, "POST", "/v1/heartbeats", `{"name":`, 400},
		{"more than JSON", adminKey, "POST", "/v1/heartbeats", `{"name":"refused"} x`, 400},
		{"no name", adminKey, "POST", "/v1/heartbeats", `{}`, 400},
		{"an unknown field", adminKey, "POST", "/v1/heartbeats", `{"name":"refused","intervall_secs":5}`, 400},
		{"an interval out of its limits", adminKey, "POST", "/v1/heartbeats", `{"name":"refused","interval_secs":0}`, 400},
		{"an interval that is text", adminKey, "POST", "/v1/heartbeats", `{"name":"refused","interval_secs":"5"}`, 400},
		{"an interval of 1e30", adminKey, "POST", "/v1/heartbeats", `{"name":"refused","interval_secs":1e30}`, 400},
		{"a line break in the name", adminKey, "POST", "/v1/heartbeats", `{"name":"refused\r\nBcc: x@example.com"}`, 400},
		{"a line break in a recipient", adminKey, "POST", "/v1/heartbeats", `{"name":"refused","email":["a@example.com\r\nx"]}`, 400},
		{"a name that is too long", adminKey, "POST", "/v1/heartbeats", `{"name":"refused` + strings.Repeat("x", 200) + `"}`, 400},
		{"a body over the limit", adminKey, "POST", "/v1/heartbeats", `{"name":"refused` + strings.Repeat("x", 4<<20) + `"}`, 413},
		{"a read-only field", adminKey, "PATCH", one, `{"pings_total":7}`, 400},
		{"a status that is none", adminKey, "PATCH", one, `{"status":"failing"}`, 400},
		{"a wrong method", adminKey, "PUT", one, `{}`, 405},
		{"no key", "", "PATCH", one, `{"name":"x"}`, 401},
		{"an unknown key", "some-other-key-of-nobody", "PATCH", one, `{"name":"x"}`, 401},
		{"a key in the wrong form", "ü", "PATCH", one, `{"name":"x"}`, 401},
		{"an unknown heartbeat", adminKey, "PATCH", "/v1/heartbeats/hb_nothing", `{"name":"x"}`, 404},
		{"an unknown token", "", "POST", "/v1/heartbeats/7f1b6a30-3f1d-4d6e-9a53-1f0d4a3f2b11/ping", "", 404},
		{"a token that is no UUID", "", "POST", "/v1/heartbeats/nonsense/ping", "", 404},
		{"an unknown route", adminKey, "GET", "/v1/nothing", "", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := raw(t, tt.key, tt.method, e.Nodes[1].URL()+tt.path, tt.body)
			if a.status != tt.status {
				t.Fatalf("%d %.200s, want %d", a.status, a.body, tt.status)
			}
			errorCode(t, a)
			if a.status == 405 && a.header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
		})
	}
	if after := call(t, adminKey, "GET", e.Nodes[0].URL()+one, nil).body; after != before {
		t.Errorf("the heartbeat changed:\n%s\n%s", before, after)
	}
	if n := len(names(t, e, "refused")); n != count {
		t.Errorf("%d heartbeats were made by requests that were refused", n-count)
	}
	if _, err := io.WriteString(dial(t, e.Nodes[0]).conn, "NONSENSE\r\n\r\n"); err != nil {
		t.Error(err)
	}
	ping(t, e.Nodes[0], h)
}

// raw sends a body as it is.
func raw(t *testing.T, key, method, url, body string) answer {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	testkit.Must(t, err)
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := client.Do(req)
	testkit.Must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	testkit.Must(t, err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// names lists the heartbeats whose name begins with a prefix.
func names(t *testing.T, e *env, prefix string) []string {
	t.Helper()
	var found []string
	for _, h := range list(t, e.Nodes[0]) {
		if strings.HasPrefix(h.Name, prefix) {
			found = append(found, h.Name)
		}
	}
	return found
}
