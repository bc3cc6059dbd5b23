package api

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const rid = "11111111-2222-4333-8444-555555555555"

// pings lists a heartbeat's history.
func (r *rig) pings(id string) []pingJSON {
	r.t.Helper()
	a := r.call("GET", "/v1/heartbeats/"+id+"/pings", "")
	if a.status != 200 {
		r.t.Fatalf("%d %s", a.status, a.body)
	}
	return decodeAs[struct{ Pings []pingJSON }](r.t, a.body).Pings
}

func TestSignals(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x","miss_threshold":5}`)
	do := func(target, body string, headers ...string) {
		t.Helper()
		a := r.call("POST", "/v1/heartbeats/"+h.Token+"/ping"+target, body, headers...)
		if a.status != 200 || a.body != `{"status":"ok"}` {
			t.Errorf("%s: %d %s", target, a.status, a.body)
		}
	}
	now := func() heartbeatJSON {
		return decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body)
	}
	do("/start?rid="+rid, "")
	if h := now(); !h.Running || h.StartedAt == nil || h.LastPingedAt != nil {
		t.Errorf("after a start: %+v", h)
	}
	do("/log", "halfway")
	do("/3?rid="+strings.ToUpper(rid), "disk\xff full")
	if h := now(); h.Status != "failing" || *h.LastExitCode != 3 || h.Running || h.LastDurationMs == nil {
		t.Errorf("after a failure: %+v", h)
	}
	do("/0", "")
	do("", "", "Idempotency-Key", "k")
	do("/fail", "", "Idempotency-Key", "k") // a retry of the one before, whatever it says
	at := time.Now().Add(-time.Hour)
	do("?at="+at.Format(time.RFC3339), "")
	do(fmt.Sprintf("/fail?at=%d", at.Unix()), "")
	if h := now(); h.Status != "active" || h.PingsTotal != 7 || h.LastExitCode != nil {
		t.Errorf("in the end: %+v", h)
	}
	list := r.pings(h.ID)
	var kinds []string
	for _, p := range list {
		kinds = append(kinds, p.Kind)
	}
	if got := strings.Join(kinds, " "); got != "fail success success success fail log start" {
		t.Errorf("kinds %s", got)
	}
	if p := list[0]; !p.Late || *p.PingedAt != *request.Stamp(time.Unix(at.Unix(), 0)) || p.ReceivedAt == nil || p.From != "127.0.0.1" {
		t.Errorf("%+v", p)
	}
	if p := list[4]; *p.ExitCode != 3 || *p.RID != rid || p.DurationMs == nil || *p.Body != "disk\uFFFD full" || p.BodySize != 10 {
		t.Errorf("%+v", p)
	}
	if p := list[5]; *p.Body != "halfway" || p.Late || p.ReceivedAt != nil {
		t.Errorf("%+v", p)
	}
	metrics := r.call("GET", "/metrics", "").body
	if strings.Contains(metrics, "quorumbeat_heartbeat_last_exit_code{") {
		t.Error("an exit status that the newest run did not tell is exported")
	}
	do("/start", "")
	do("/7", "")
	metrics = r.call("GET", "/metrics", "").body
	for _, want := range []string{"heartbeat_last_exit_code{id=\"" + h.ID + "\",name=\"x\"} 7", "heartbeat_run_duration_seconds{id=\"" + h.ID + "\""} {
		if !strings.Contains(metrics, "quorumbeat_"+want) {
			t.Errorf("no %s", want)
		}
	}
	r.call("POST", "/v1/heartbeats/"+h.ID+"/pause", "")
	for _, method := range []string{"GET", "POST", "PUT"} {
		if a := r.call(method, "/v1/heartbeats/"+h.Token+"/ping/fail", ""); a.status != 200 || a.body != `{"status":"paused"}` {
			t.Errorf("%s while paused: %d %s", method, a.status, a.body)
		}
	}
}

func TestADroppedBodyIsSaidToBe(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	ping := func(body string) answer {
		return r.call("POST", "/v1/heartbeats/"+h.Token+"/ping/log", body)
	}
	if a := ping("kept"); a.status != 200 || string(a.header.Peek("Quorumbeat-Body")) != "" {
		t.Errorf("%d %v", a.status, a.header)
	}
	r.cluster.dropBodies()
	if a := ping("dropped"); a.status != 200 || string(a.header.Peek("Quorumbeat-Body")) != "dropped" {
		t.Errorf("%d %v", a.status, a.header)
	}
	list := r.pings(h.ID)
	if p := list[0]; !p.BodyDropped || p.BodySize != len("dropped") || p.Body != nil {
		t.Errorf("%+v", p)
	}
	if p := list[1]; p.BodyDropped || *p.Body != "kept" {
		t.Errorf("%+v", p)
	}
}

func TestBadSignalsChangeNothing(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	before := r.cluster.picture()
	const stranger = "99999999-2222-4333-8444-555555555555"
	long := strings.Repeat("ü", 65)
	old, soon := time.Now().Add(-24*time.Hour-time.Minute).Unix(), time.Now().Add(2*time.Minute).Unix()
	for _, c := range []struct {
		target, key string
		status      int
		words       string
	}{
		{stranger + "/ping/256?rid=x", "", 404, "not found"},
		{stranger + "/ping/start", "", 404, "not found"},
		{h.Token + "/ping/256?rid=x", "", 400, `exit status is "256"`},
		{h.Token + "/ping/99999999999999999999", "", 400, "exit status"},
		{h.Token + "/ping/1?rid=x&at=x", "", 400, "rid is"},
		{h.Token + "/ping?rid=", "", 400, "rid is"},
		{h.Token + "/ping?at=yesterday", long, 400, "at is"},
		{h.Token + "/ping?at=", "", 400, "at is"},
		{h.Token + "/ping?at=NaN", "", 400, "at is"},
		{h.Token + fmt.Sprint("/ping?at=", old), "", 400, "24 hours ago"},
		{h.Token + fmt.Sprint("/ping?at=", soon), "", 400, "in the future"},
		{h.Token + "/ping/fail", long, 400, "65 characters"},
		{h.Token + "/ping/nonsense", "", 404, "not found"},
		{h.Token + "/ping/-1", "", 404, "not found"},
		{h.Token + "/ping/start/1", "", 404, "not found"},
		{h.Token + "/pingstart", "", 404, "not found"},
	} {
		a := r.call("POST", "/v1/heartbeats/"+c.target, "", "Idempotency-Key", c.key)
		if a.status != c.status || !strings.Contains(a.body, strings.ReplaceAll(c.words, `"`, `\"`)) || !strings.Contains(a.body, `"code":`) {
			t.Errorf("%s: %d %s", c.target, a.status, a.body)
		}
	}
	if a := r.call("DELETE", "/v1/heartbeats/"+h.Token+"/ping/fail", ""); a.status != 405 {
		t.Errorf("DELETE: %d", a.status)
	}
	if after := r.cluster.picture(); after != before {
		t.Errorf("it changed\n%s\nto\n%s", before, after)
	}
}

func TestALongBodyIsCutOnACharacter(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	if a := r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", strings.Repeat("x", fsm.MaxBody-1)+strings.Repeat("ü", maxBody)); a.status != 200 {
		t.Fatalf("a long body: %d %s", a.status, a.body)
	}
	if p := r.pings(h.ID)[0]; p.BodySize != fsm.MaxBody-1 {
		t.Errorf("%d bytes are kept", p.BodySize)
	}
}

// TestAPlainPingStaysCheap: nothing about signals is parsed for it.
func TestAPlainPingStaysCheap(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	var got []fsm.Command
	r.server.useCluster(proposer{r.cluster, func(_ context.Context, cmd fsm.Command) (fsm.Result, error) {
		got = append(got, cmd)
		return fsm.Result{Code: fsm.CodeOK}, nil
	}})
	for _, target := range []string{"/ping", "/ping?utm=1", "/ping?rid=" + rid} {
		r.call("POST", "/v1/heartbeats/"+h.Token+target, "")
	}
	for i, want := range []fsm.Kind{fsm.KindPing, fsm.KindPing, fsm.KindSignal} {
		if got[i].Kind() != want {
			t.Errorf("request %d: %T", i, got[i])
		}
	}
}
