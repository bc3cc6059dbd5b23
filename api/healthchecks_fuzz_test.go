package api

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/api/writable"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// FuzzPingAPI sends any request to the ping API and the push URL. The answer is one
// of the contract's; one that is no acceptance is heard by nobody and changes
// nothing, and an acceptance is heard once.
func FuzzPingAPI(f *testing.F) {
	known := fsm.Create{ID: fsm.HeartbeatID{1}, Token: fsm.Token{2}, Spec: writable.Fields{}.Spec()}
	known.Spec.Name, known.Spec.Slug = "x", "x"
	const secret = "qb_2222222222222222222"
	key := fsm.PutKey{ID: fsm.KeyID{3}, Name: "k", Scope: fsm.ScopePing, Hash: hashKey([]byte(secret))}
	u := known.Token.String()
	for _, path := range []string{
		"/ping", "/ping/", "/ping/" + u, "/ping/" + u + "/", "/ping/" + u + "/start?rid=" + u, "/ping/" + u + "/256", "/ping/" + u + "/7?rid=x",
		"/ping/" + secret + "/x/fail", "/ping/" + secret + "/X", "/ping/" + secret + "/new?create=1", "/ping/" + secret + "/new/log?create=1&rid=",
		"/ping/" + nobody + "/1", "/ping/nobody/x?create=1", "/api/push/" + u + "?status=down&msg=a%FF", "/api/push/" + nobody, "/api/push/",
		"/ping/" + u + "?state=fail", "/ping/" + secret + "/x?status=in_progress&series=1", "/ping/" + u + "%2D", "/ping/" + u + "/run",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "PUT"} {
			f.Add(method, path, "é printed")
		}
	}
	shared := newMemoryRig(f)
	heard := &eavesdropper{fakeCluster: shared.cluster}
	shared.server.useCluster(heard)
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
		if method == "" || strings.ContainsAny(method+path, " \r\n\x00") || !strings.HasPrefix(path, "/ping") && !strings.HasPrefix(path, "/api/push/") {
			t.Skip("no request line, or of another interface")
		}
		r := &rig{t: t, cluster: shared.cluster, server: shared.server, dial: shared.dial}
		if err := r.cluster.store.Restore(bytes.NewReader(image.Bytes())); err != nil {
			t.Fatal(err)
		}
		a := r.raw(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: qb.example\r\nContent-Length: %d\r\n\r\n%s", method, path, len(body), body))
		if !slices.Contains([]int{200, 201, 204, 400, 404, 405, 409, 431}, a.status) {
			t.Errorf("%s %q %q: %d %s", method, path, body, a.status, a.body)
		}
		n, want := len(heard.take()), 0
		if a.status == 200 || a.status == 201 {
			want = 1
		}
		if n != want {
			t.Errorf("%s %q: %d, and %d signals were heard", method, path, a.status, n)
		}
		if after := r.cluster.picture(); want == 0 && after != before {
			t.Errorf("%s %q was answered %d and changed\n%s\nto\n%s", method, path, a.status, before, after)
		}
	})
}
