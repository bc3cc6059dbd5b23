package api

import (
	"slices"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestALookAtALinkIsNoGoodRun has a heartbeat that takes POST alone pinged on every route
// and by every method. What is ignored is answered as ever, and noted.
func TestALookAtALinkIsNoGoodRun(t *testing.T) {
	r := newPingRig(t)
	if a := r.call("PATCH", "/v1/heartbeats/"+r.job.ID, `{"methods":["POST"]}`); a.status != 200 || !slices.Equal(decodeAs[heartbeatJSON](t, a.body).Methods, []string{"POST"}) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	token := r.job.Token
	for _, path := range []string{
		"/ping/" + token, "/ping/" + token + "/fail", "/ping/" + token + "?s=1", "/ping/" + r.key + "/job", "/ping/" + r.key + "/job/start", "/v1/heartbeats/" + token + "/ping",
		"/v1/heartbeats/" + token + "/ping/3", "/api/push/" + token, "/api/push/" + token + "?status=down&msg=x", "/p/" + r.key + "/job?state=fail", "/finish/" + token, "/api/1/cron/job/" + r.key + "/?status=ok",
	} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			if a := r.plainly(method, path, ""); a.status != 200 && a.status != 202 {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
			}
			told := r.listener.take()
			if len(told) != 1 || (method != "POST") != (told[0].Tells == fsm.SignalLog) || method != "POST" && len(told[0].Body) > 0 {
				t.Errorf("%s %s told %+v", method, path, told)
			}
		}
	}
	for _, body := range []string{`{"methods":["GET"]}`, `{"methods":["POST","GET"]}`, `{"methods":"POST"}`, `{"methods":["post"]}`} {
		if a := r.call("PATCH", "/v1/heartbeats/"+r.job.ID, body); a.status != 400 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	r.call("PATCH", "/v1/heartbeats/"+r.job.ID, `{"methods":[]}`)
	if r.plainly("GET", "/ping/"+token, ""); r.listener.take()[0].Tells != fsm.SignalSuccess {
		t.Error("all methods count again, and GET does not")
	}
	if h := r.create(`{"name":"y","methods":["POST"]}`); !slices.Equal(h.Methods, []string{"POST"}) {
		t.Errorf("%+v", h)
	}
}
