package api

import (
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestUptimeKumasPushURL sends pings as its scripts do, by any method.
func TestUptimeKumasPushURL(t *testing.T) {
	r := newPingRig(t)
	url := "/api/push/" + r.job.Token
	want := uint64(0)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		for _, query := range []string{"", "?status=up&msg=OK&ping=", "?status=up&msg=OK&ping=27", "?status=&msg=&ping=1.5", "?ping=-1&x=y"} {
			a := r.plainly(method, url+query, "")
			body := `{"ok":true}`
			if method == "HEAD" {
				body = ""
			}
			if a.status != 200 || a.body != body || string(a.header.ContentType()) != "application/json" {
				t.Errorf("%s %s: %d %s", method, query, a.status, a.body)
			}
			want++
		}
	}
	id, _ := fsm.ParseHeartbeatID(r.job.ID)
	heard := r.listener.take()
	numbered := 0
	for _, sig := range heard {
		if len(sig.Numbers) == 1 && sig.Numbers[0].Name == "ping_ms" {
			numbered++
		}
	}
	if h, _ := r.cluster.store.Heartbeat(id); len(heard) != int(want) || numbered != 3*7 || h.Pings != want-3*7 {
		t.Errorf("%d pings, %d with a number; want %d and 21", len(heard), numbered, want)
	}
	before := r.cluster.picture()
	for _, path := range []string{
		"/api/push/" + nobody + "?status=up", "/api/push/" + nobody + "?status=down", "/api/push/job", "/api/push/" + r.key,
		url + "/start", "/api/push/" + strings.ReplaceAll(r.job.Token, "-", ""),
	} {
		for _, method := range []string{"GET", "POST", "BREW"} {
			if a := r.plainly(method, path, ""); a.status != 404 || a.body != `{"ok":false,"msg":"not found"}` {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
			}
		}
	}
	r.cluster.fail(fsm.ErrNoLeader)
	for _, path := range []string{url, "/api/push/" + nobody} {
		a := r.plainly("GET", path, "")
		if a.status != 503 || !strings.HasPrefix(a.body, `{"ok":false,"msg":"no leader`) || len(a.header.Peek("Retry-After")) == 0 {
			t.Errorf("without a leader: %d %s", a.status, a.body)
		}
	}
	r.cluster.fail(nil)
	if after := r.cluster.picture(); after != before {
		t.Errorf("%s became\n%s", before, after)
	}
	if a := r.plainly("GET", "/api/push/", ""); a.status != 404 {
		t.Errorf("no token: %d", a.status)
	}
}
