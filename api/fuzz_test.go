package api

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/api/writable"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// FuzzRoutes sends any request; none may panic, and none that is refused may
// change anything.
func FuzzRoutes(f *testing.F) {
	known := fsm.Create{ID: fsm.HeartbeatID{1}, Token: fsm.Token{2}, Spec: writable.Fields{}.Spec()}
	known.Spec.Name = "x"
	key := fsm.PutKey{ID: fsm.KeyID{3}, Name: "k", Scope: fsm.ScopePing}
	fill := strings.NewReplacer("/v1/keys/{id}", "/v1/keys/"+key.ID.String(), "{id}", known.ID.String(), "{node}", "alpha")
	for _, rt := range routes {
		f.Add(rt.method, fill.Replace(rt.pattern), `{"name":"y","status":"paused"}`)
	}
	f.Add("POST", "/v1/heartbeats/"+known.Token.String()+"/ping", "")
	f.Add("PATCH", "/v1/heartbeats/"+known.ID.String(), `{"name":"changed","interval_secs":0}`)
	f.Add("GET", "/v1/heartbeats?tag=a&status=paused&q=x&limit=1&cursor=MQ&consistency=stale", "")
	f.Add("GET", "/v1/alerts?state=sent&heartbeat_id="+known.ID.String()+"&cursor=YWxf", "")
	shared := newMemoryRig(f)
	for _, c := range []fsm.Command{known, key} {
		if _, err := shared.cluster.Propose(f.Context(), c); err != nil {
			f.Fatal(err)
		}
	}
	var image bytes.Buffer
	if _, err := shared.cluster.store.Snapshot().WriteTo(&image); err != nil {
		f.Fatal(err)
	}
	before := shared.cluster.picture()
	f.Fuzz(func(t *testing.T, method, path, body string) {
		if method == "" || strings.ContainsAny(method+path, " \r\n\x00") || !strings.HasPrefix(path, "/") {
			t.Skip("no request line")
		}
		if strings.HasPrefix(path, "/v1/events") && method == "GET" {
			t.Skip("its answer does not end")
		}
		r := &rig{t: t, cluster: shared.cluster, server: shared.server, dial: shared.dial}
		if err := r.cluster.store.Restore(bytes.NewReader(image.Bytes())); err != nil {
			t.Fatal(err)
		}
		a := r.raw(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: qb.example\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", method, path, testKey, len(body), body))
		if a.status == 500 {
			t.Errorf("%s %q %q: %s", method, path, body, a.body)
		}
		if after := r.cluster.picture(); a.status >= 300 && after != before {
			t.Errorf("%s %q was answered %d and changed\n%s\nto\n%s", method, path, a.status, before, after)
		}
	})
}
