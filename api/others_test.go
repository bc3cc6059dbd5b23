package api

import (
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/api/compat"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const webhook = `{"receiver":"quorumbeat","status":"STATUS","alerts":[{"status":"STATUS","labels":{"alertname":"Watchdog"},"startsAt":"2026-05-01T02:00:00Z"}],` +
	`"groupLabels":{},"commonLabels":{"alertname":"Watchdog"},"externalURL":"http://am:9093","version":"4","groupKey":"{}:{}","truncatedAlerts":0}`

// senders are the requests of public clients as they send them; TOKEN, KEY and RID stand
// for what their users fill in.
var senders = []struct {
	who, method, target, body string
	status                    int
	tells                     fsm.SignalKind
	exit                      int
	printed                   string
	run                       string
}{
	{"healthchecks: borgmatic start", "POST", "/ping/TOKEN/start", "", 200, fsm.SignalStart, -1, "", ""},
	{"healthchecks: borgmatic log", "POST", "/ping/TOKEN/log", "a log", 200, fsm.SignalLog, -1, "a log", ""},
	{"healthchecks: borgmatic finish", "POST", "/ping/TOKEN", "a log", 200, fsm.SignalSuccess, -1, "a log", ""},
	{"healthchecks: borgmatic fail", "POST", "/ping/TOKEN/fail", "a log", 200, fsm.SignalFail, -1, "a log", ""},
	{"healthchecks: borgmatic create_slug", "POST", "/ping/KEY/job?create=1", "a log", 200, fsm.SignalSuccess, -1, "a log", ""},
	{"healthchecks: runitor start", "POST", "/ping/TOKEN/start?create=0&rid=RID", "", 200, fsm.SignalStart, -1, "", "RID"},
	{"healthchecks: runitor exit", "POST", "/ping/KEY/job/3?create=0&rid=RID", "out", 200, fsm.SignalFail, 3, "out", "RID"},
	{"healthchecks: resticprofile", "HEAD", "/ping/TOKEN/start", "", 200, fsm.SignalStart, -1, "", ""},
	{"healthchecks: backrest", "GET", "/ping/TOKEN", "", 200, fsm.SignalSuccess, -1, "", ""},
	{"cronitor: borgmatic run", "GET", "/ping/TOKEN/run", "", 200, fsm.SignalStart, -1, "", ""},
	{"cronitor: borgmatic complete", "GET", "/ping/TOKEN/complete", "", 200, fsm.SignalSuccess, -1, "", ""},
	{"cronitor: borgmatic fail", "GET", "/ping/TOKEN/fail", "", 200, fsm.SignalFail, -1, "", ""},
	{"cronitor: borgmatic by slug", "GET", "/p/KEY/job/run", "", 200, fsm.SignalStart, -1, "", ""},
	{"cronitor: CLI run", "GET", "/ping/KEY/job?state=run&try=1&stamp=1777600800.123&msg=backup.sh&host=db1&series=7f3a&env=prod", "", 200, fsm.SignalStart, -1, "backup.sh", "7f3a"},
	{"cronitor: CLI complete", "GET", "/ping/KEY/job?state=complete&try=1&stamp=1777600800.123&msg=done&host=db1&duration=3.200&series=7f3a&status_code=0&metric=rows%3A5", "", 200, fsm.SignalSuccess, 0, "done", "7f3a"},
	{"cronitor: CLI fail", "GET", "/ping/KEY/job?state=fail&try=1&duration=3.200&series=7f3a&status_code=2", "", 200, fsm.SignalFail, 2, "", "7f3a"},
	{"cronitor: complete with an error", "POST", "/p/KEY/job?state=complete&status_code=1", "", 200, fsm.SignalFail, 1, "", ""},
	{"cronitor: ok", "GET", "/p/KEY/job?state=ok&message=fine", "", 200, fsm.SignalSuccess, -1, "fine", ""},
	{"cronitor: tick", "GET", "/p/KEY/job?state=tick", "", 200, fsm.SignalSuccess, -1, "", ""},
	{"cronitor: no state", "GET", "/p/KEY/job", "", 200, fsm.SignalSuccess, -1, "", ""},
	{"cronitor: FAIL", "POST", "/p/KEY/job?state=FAIL", "out", 200, fsm.SignalFail, -1, "out", ""},
	{"cronitor: unknown", "GET", "/p/KEY/job?state=fnord", "", 400, 0, 0, "", ""},
	{"cronitor: unknown, and failed", "GET", "/p/KEY/job?state=fnord&status_code=1", "", 200, fsm.SignalFail, 1, "", ""},
	{"cronitor: by token", "GET", "/ping/TOKEN?state=run", "", 200, fsm.SignalStart, -1, "", ""},
	{"cronhub: borgmatic start", "GET", "/start/TOKEN", "", 200, fsm.SignalStart, -1, "", ""},
	{"cronhub: borgmatic finish", "GET", "/finish/TOKEN", "", 200, fsm.SignalSuccess, -1, "", ""},
	{"cronhub: borgmatic fail", "GET", "/fail/TOKEN", "", 200, fsm.SignalFail, -1, "", ""},
	{"cronhub: a failure in the query", "GET", "/finish/TOKEN?status=error", "", 200, fsm.SignalFail, -1, "", ""},
	{"sentry: borgmatic start", "POST", "/api/203069/cron/job/KEY/?status=in_progress", "", 202, fsm.SignalStart, -1, "", ""},
	{"sentry: borgmatic finish", "POST", "/api/203069/cron/job/KEY/?status=ok", "", 202, fsm.SignalSuccess, -1, "", ""},
	{"sentry: borgmatic fail", "POST", "/api/203069/cron/job/KEY/?status=error", "", 202, fsm.SignalFail, -1, "", ""},
	{"sentry: curl", "GET", "/api/1/cron/job/KEY?check_in_id=RID&status=in_progress&environment=production", "", 202, fsm.SignalStart, -1, "", "RID"},
	{"sentry: JSON", "POST", "/api/1/cron/job/KEY/", `{"check_in_id":"RID","status":"error","duration":2.5,"monitor_config":{"schedule":{"type":"interval","value":1,"unit":"day"}}}`, 202, fsm.SignalFail, -1, "", "RID"},
	{"sentry: no status", "GET", "/api/1/cron/job/KEY/", "", 400, 0, 0, "", ""},
	{"sentry: unknown status", "GET", "/api/1/cron/job/KEY/?status=fnord", "", 400, 0, 0, "", ""},
	{"sentry: no such slug", "POST", "/api/1/cron/nothing/KEY/?status=ok", "", 404, 0, 0, "", ""},
	{"sentry: no such key", "POST", "/api/1/cron/job/5f80ec/?status=ok", "", 404, 0, 0, "", ""},
	{"uptime kuma: up", "GET", "/api/push/TOKEN?status=up&msg=OK&ping=27", "", 200, fsm.SignalSuccess, -1, "", ""},
	{"uptime kuma: borgmatic finish", "GET", "/api/push/TOKEN?status=up&msg=finish", "", 200, fsm.SignalSuccess, -1, "finish", ""},
	{"uptime kuma: borgmatic fail", "GET", "/api/push/TOKEN?status=down&msg=fail", "", 200, fsm.SignalFail, -1, "fail", ""},
	{"alertmanager: firing", "POST", "/ping/TOKEN", strings.ReplaceAll(webhook, "STATUS", "firing"), 200, fsm.SignalSuccess, -1, strings.ReplaceAll(webhook, "STATUS", "firing"), ""},
	{"alertmanager: resolved", "POST", "/ping/TOKEN", strings.ReplaceAll(webhook, "STATUS", "resolved"), 200, fsm.SignalFail, -1, strings.ReplaceAll(webhook, "STATUS", "resolved"), ""},
	{"alertmanager: resolved, by slug", "POST", "/ping/KEY/job", strings.ReplaceAll(webhook, "STATUS", "resolved"), 200, fsm.SignalFail, -1, strings.ReplaceAll(webhook, "STATUS", "resolved"), ""},
	{"alertmanager: resolved, v1", "POST", "/v1/heartbeats/TOKEN/ping", strings.ReplaceAll(webhook, "STATUS", "resolved"), 200, fsm.SignalFail, -1, strings.ReplaceAll(webhook, "STATUS", "resolved"), ""},
	{"alertmanager: long", "POST", "/ping/TOKEN", strings.Replace(strings.ReplaceAll(webhook, "STATUS", "resolved"), "Watchdog", strings.Repeat("W", 20_000), 1), 200, fsm.SignalFail, -1, "*", ""},
	{"alertmanager: told as a failure", "POST", "/ping/TOKEN/fail", strings.ReplaceAll(webhook, "STATUS", "firing"), 200, fsm.SignalFail, -1, "*", ""},
	{"dead man's snitch, moved", "POST", "/ping/TOKEN?s=1&m=oops", "", 200, fsm.SignalFail, 1, "", ""},
	{"a script: fail", "GET", "/ping/TOKEN?state=fail", "", 200, fsm.SignalFail, -1, "", ""},
	{"a script: down", "HEAD", "/ping/KEY/job?status=DOWN", "", 200, fsm.SignalFail, -1, "", ""},
	{"a script: exit status", "GET", "/v1/heartbeats/TOKEN/ping?s=17", "", 200, fsm.SignalFail, 17, "", ""},
	{"a script: critical", "PUT", "/v1/heartbeats/TOKEN/ping?status=critical", "", 200, fsm.SignalFail, -1, "", ""},
	{"a script: systemd's result", "GET", "/ping/TOKEN?status=exit-code", "", 200, fsm.SignalFail, -1, "", ""},
	{"a script: exit status 0 and a failure", "GET", "/ping/TOKEN/0?state=fail", "", 200, fsm.SignalFail, -1, "", ""},
	{"a script: two failures", "GET", "/ping/TOKEN/4?s=5", "", 200, fsm.SignalFail, 4, "", ""},
	{"a script: failed, said to be a note", "GET", "/ping/TOKEN/log?state=error", "", 200, fsm.SignalFail, -1, "", ""},
	{"a script: failed, said to begin", "GET", "/v1/heartbeats/TOKEN/ping/start?s=2", "", 200, fsm.SignalFail, 2, "", ""},
	{"a script: the path says failed", "GET", "/ping/TOKEN/fail?state=ok&s=0", "", 200, fsm.SignalFail, -1, "", ""},
	{"a script: a note that says ok", "GET", "/ping/TOKEN/log?state=ok", "", 200, fsm.SignalLog, -1, "", ""},
	{"a script: 0", "GET", "/ping/TOKEN?s=0", "", 200, fsm.SignalSuccess, 0, "", ""},
	{"a script: an unknown word", "GET", "/ping/TOKEN?status=fnord", "", 200, fsm.SignalSuccess, -1, "", ""},
}

// TestEverySenderIsUnderstood sends what public clients send, and looks at what was
// recorded.
func TestEverySenderIsUnderstood(t *testing.T) {
	r := newPingRig(t)
	fill := strings.NewReplacer("TOKEN", r.job.Token, "KEY", r.key, "RID", rid)
	for _, c := range senders {
		what := c.who + ": " + c.method + " " + c.target
		a := r.plainly(c.method, fill.Replace(c.target), fill.Replace(c.body))
		if a.status != c.status {
			t.Errorf("%s: %d %s, want %d", what, a.status, a.body, c.status)
		}
		if strings.HasPrefix(c.target, "/ping/") || strings.HasPrefix(c.target, "/p/") || strings.HasPrefix(c.target, "/start/") {
			if want := map[int]string{200: "OK", 400: a.body}[a.status]; c.method != "HEAD" && a.body != want {
				t.Errorf("%s is answered %q", what, a.body)
			}
		}
		told := r.listener.take()
		if c.status >= 400 {
			if len(told) > 0 {
				t.Errorf("%s is a ping: %+v", what, told)
			}
			continue
		}
		if len(told) != 1 {
			t.Errorf("%s: %d signals", what, len(told))
			continue
		}
		sig := told[0]
		run := sig.HasRun && sig.Run == compat.RunID(fill.Replace(c.run))
		if sig.Tells != c.tells || sig.Exit != c.exit || run != (c.run != "") || c.printed != "*" && string(sig.Body) != fill.Replace(c.printed) {
			t.Errorf("%s told %+v", what, sig)
		}
	}
}

// TestGatusExternalEndpoint has the key in a header, as Gatus has it.
func TestGatusExternalEndpoint(t *testing.T) {
	r := newPingRig(t)
	const path = "/api/v1/endpoints/job/external"
	for _, c := range []struct {
		query, key string
		status     int
		tells      fsm.SignalKind
		printed    string
	}{
		{"?success=true&duration=10s", r.key, 200, fsm.SignalSuccess, ""},
		{"?success=false&error=disk%20full", r.key, 200, fsm.SignalFail, "disk full"},
		{"?success=FALSE", r.key, 200, fsm.SignalFail, ""},
		{"?success=0", r.key, 200, fsm.SignalFail, ""},
		{"?success=maybe", r.key, 400, 0, ""},
		{"", r.key, 400, 0, ""},
		{"?success=true", "", 401, 0, ""},
		{"?success=true", "qb_unknown", 404, 0, ""},
		{"?success=true", testKey, 404, 0, ""},
	} {
		header := "Bearer " + c.key
		if c.key == "" {
			header = ""
		}
		a := r.call("POST", path+c.query, "", "Authorization", header)
		if a.status != c.status {
			t.Errorf("%s with %q: %d %s", c.query, c.key, a.status, a.body)
		}
		told := r.listener.take()
		if c.status == 200 != (len(told) == 1) || len(told) == 1 && (told[0].Tells != c.tells || string(told[0].Body) != c.printed) {
			t.Errorf("%s told %+v", c.query, told)
		}
	}
}

// TestACheckInMakesItsMonitor once, and leaves one alone that is there.
func TestACheckInMakesItsMonitor(t *testing.T) {
	r := newPingRig(t)
	send := func(value string) {
		t.Helper()
		body := `{"status":"in_progress","monitor_config":{"schedule":{"type":"crontab","value":"` + value + `"},"checkin_margin":5,"max_runtime":60,"timezone":"UTC"}}`
		a := r.plainly("POST", "/api/1/cron/made/"+r.key+"/", body)
		if id := decodeAs[map[string]string](t, a.body)["id"]; a.status != 202 || len(id) != 32 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	send("0 3 * * 0")
	send("0 3 * * *")
	list := decodeAs[struct{ Heartbeats []heartbeatJSON }](t, r.call("GET", "/v1/heartbeats?q=made", "").body).Heartbeats
	if len(list) != 1 || list[0].Slug != "made" || *list[0].IntervalSecs != 7*86400 || list[0].GraceSecs != 3600 || list[0].MissThreshold != 1 {
		t.Errorf("made %+v", list)
	}
	for _, bad := range []string{`{"status":"ok","monitor_config":{"schedule":{"type":"crontab","value":"x"}}}`, `{"status":"ok"}`} {
		if a := r.plainly("POST", "/api/1/cron/unmade/"+r.key+"/", bad); a.status != 400 && a.status != 404 {
			t.Errorf("%s: %d %s", bad, a.status, a.body)
		}
	}
	if _, n := r.cluster.store.Slug("unmade"); n != 0 {
		t.Error("a bad one was made")
	}
}

// TestOtherAddressesRefuse what is no ping, and change nothing.
func TestOtherAddressesRefuse(t *testing.T) {
	r := newPingRig(t)
	admin := r.makeKey(fsm.ScopeAdmin).Key
	before := r.cluster.picture()
	for path, status := range map[string]int{
		"/p/" + r.key + "/nothing": 404, "/p/nobody/job": 404, "/p/" + r.key + "/twins": 409, "/p/" + r.key + "/JOB": 400, "/start/" + nobody: 404, "/finish/job": 404,
		"/p/" + admin + "/job": 404, "/start/" + r.job.Token + "/x": 404, "/p/" + r.job.Token: 404, "/" + r.job.Token + "?s=1": 404,
	} {
		for _, method := range []string{"GET", "POST"} {
			if a := r.plainly(method, path, ""); a.status != status {
				t.Errorf("%s %s: %d %s, want %d", method, path, a.status, a.body, status)
			}
		}
	}
	for _, path := range []string{"/p/" + r.key + "/job", "/start/" + r.job.Token, "/api/1/cron/job/" + r.key + "/?status=ok"} {
		for _, method := range []string{"DELETE", "OPTIONS", "PATCH"} {
			if a := r.plainly(method, path, ""); a.status != 405 || len(a.header.Peek("Allow")) == 0 {
				t.Errorf("%s %s: %d", method, path, a.status)
			}
		}
	}
	if after := r.cluster.picture(); after != before || len(r.listener.take()) > 0 {
		t.Errorf("%s became %s", before, after)
	}
}
