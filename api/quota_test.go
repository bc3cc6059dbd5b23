package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestAKeyHasAQuota shows it, and says which quota is reached and how to raise it, in the
// form of each API.
func TestAKeyHasAQuota(t *testing.T) {
	r := newRig(t)
	for body, want := range map[string]int{`{"name":"a"}`: 1000, `{"name":"b","scope":"ping"}`: 1000, `{"name":"c","max_heartbeats":0}`: 0, `{"name":"d","max_heartbeats":7}`: 7} {
		if k := decodeAs[keyJSON](t, r.call("POST", "/v1/keys", body).body); k.MaxHeartbeats != want {
			t.Errorf("%s: %+v", body, k)
		}
	}
	for _, body := range []string{`{"name":"x","max_heartbeats":-1}`, `{"name":"x","max_heartbeats":4000001}`, `{"name":"x","max_heartbeats":1.5}`, `{"name":"x","max_heartbeats":"5"}`} {
		if a := r.call("POST", "/v1/keys", body); a.status != 400 || !strings.Contains(a.body, "max_heartbeats") {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	key := decodeAs[keyJSON](t, r.call("POST", "/v1/keys", `{"name":"jobs","scope":"ping","max_heartbeats":2}`).body)
	push := func(n int) answer {
		return r.call("POST", fmt.Sprintf("/ping/%s/job-%d?create=1", key.Key, n), "", "Authorization", "")
	}
	for n, status := range []int{201, 201, 402, 402} {
		if a := push(n); a.status != status || status == 402 && !strings.Contains(a.body, "PATCH /v1/keys/") {
			t.Errorf("job %d: %d %q", n, a.status, a.body)
		}
	}
	if a := push(1); a.status != 200 {
		t.Errorf("one that is there: %d %q", a.status, a.body)
	}
	a := r.call("PATCH", "/v1/keys/"+key.ID, `{"max_heartbeats":3}`)
	if k := decodeAs[keyJSON](t, a.body); a.status != 200 || k.MaxHeartbeats != 3 || k.Heartbeats != 2 || k.Key != "" {
		t.Errorf("raised: %d %s", a.status, a.body)
	}
	if a := push(2); a.status != 201 {
		t.Errorf("after it was raised: %d %q", a.status, a.body)
	}
	if a := r.call("GET", "/v1/keys", ""); !strings.Contains(a.body, `"max_heartbeats":3,"heartbeats":3`) {
		t.Errorf("%s", a.body)
	}
	for body, status := range map[string]int{`{}`: 400, `{"max_heartbeats":-1}`: 400, `{"name":"x"}`: 400} {
		if a := r.call("PATCH", "/v1/keys/"+key.ID, body); a.status != status {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if a := r.call("PATCH", "/v1/keys/"+fsm.KeyID{9}.String(), `{"max_heartbeats":1}`); a.status != 404 {
		t.Errorf("a key that is none: %d", a.status)
	}
}

func TestAnAdminKeysQuotaIsTold(t *testing.T) {
	r := newRig(t)
	key := decodeAs[keyJSON](t, r.call("POST", "/v1/keys", `{"name":"terraform","max_heartbeats":1}`).body).Key
	for n, status := range []int{201, 402} {
		a := r.call("POST", "/v1/heartbeats", fmt.Sprintf(`{"name":"job %d"}`, n), "Authorization", "Bearer "+key)
		if a.status != status || status == 402 && !strings.Contains(a.body, `"code":"quota_exceeded"`) {
			t.Errorf("%d: %d %s", n, a.status, a.body)
		}
	}
	r.create(`{"name":"the admin key of the settings has no quota"}`)
}

func TestTheClustersQuotaIsTold(t *testing.T) {
	r := newRig(t)
	settings := fsm.DefaultSettings()
	settings.MaxHeartbeats = 1
	if _, err := r.cluster.Propose(t.Context(), fsm.SetSettings{Settings: settings}); err != nil {
		t.Fatal(err)
	}
	r.create(`{"name":"one"}`)
	if a := r.call("POST", "/v1/heartbeats", `{"name":"two"}`); a.status != 402 || !strings.Contains(a.body, "--max-heartbeats") || !strings.Contains(a.body, `"code":"quota_exceeded"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}
