package e2e

import (
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// ensuredOnce has every node asked at once for the same new slug, as a fleet does that
// starts: one heartbeat is made, and all are told of it.
func ensuredOnce(t *testing.T, e *env) {
	var made atomic.Int64
	var ids sync.Map
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			a, err := tryCall(adminKey, "PUT", e.Nodes[i%3].URL()+"/v1/heartbeats/by-slug/ensured", fields{"interval_secs": 60})
			if err != nil || a.status != http.StatusOK && a.status != http.StatusCreated {
				t.Errorf("%d %q, %v", a.status, a.body, err)
				return
			}
			if a.status == http.StatusCreated {
				made.Add(1)
			}
			var h struct {
				ID      string
				Version int
			}
			if err := json.Unmarshal([]byte(a.body), &h); err != nil || h.Version != 1 {
				t.Errorf("%v, %s", err, a.body)
			}
			ids.Store(h.ID, true)
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times", made.Load())
	}
	n := 0
	for id := range ids.Range {
		n++
		ask(t, http.StatusNoContent, "DELETE", e.Nodes[2].URL()+"/v1/heartbeats/"+id.(string), nil, nil)
	}
	if n != 1 {
		t.Errorf("%d heartbeats", n)
	}
}
