package compat

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// query reads a query as package api does.
func query(text string) Told {
	values, _ := url.ParseQuery(text)
	return Params(func(yield func(name, value []byte) bool) {
		for name, list := range values {
			for _, value := range list {
				if !yield([]byte(name), []byte(value)) {
					return
				}
			}
		}
	})
}

// TestNoFailureIsAGoodRun has every word that a client says "failed" with, as every
// parameter that may say it, and in every spelling.
func TestNoFailureIsAGoodRun(t *testing.T) {
	failed := strings.Fields(`fail failed FAIL Failed failure error ERROR Error err errored down DOWN Down critical CRITICAL crit fatal bad ko nok not_ok not-ok
		unhealthy unsuccessful aborted abort crashed panic broken killed timeout timed_out timed-out missed exception false False FALSE no nonzero non-zero
		interrupted cancelled canceled unreachable exit-code signal core-dump watchdog oom-kill start-limit-hit dumped
		1 2 17 255 256 137 -1 +1 01 0x1 1.0 0.5 1e3 99999999999999999999`)
	for _, name := range []string{"state", "status", "s", "status_code", "exit_code", "exit_status", "State", "STATUS", "S"} {
		for _, word := range append(failed, " fail ", "Not OK", "timed out") {
			if told := query(url.Values{name: {word}}.Encode()); !told.Fails || told.Starts {
				t.Errorf("%s=%s tells %+v", name, word, told)
			}
		}
		for _, word := range []string{"", "0", "00", "0.0", "ok", "OK", "up", "success", "complete", "true", "SUCCESS", "passed"} {
			if told := query(url.Values{name: {word}}.Encode()); told.Fails || told.Starts || told.Unread != "" {
				t.Errorf("%s=%s tells %+v", name, word, told)
			}
		}
		for _, word := range []string{"run", "RUN", "start", "started", "in_progress", "in-progress", "running"} {
			if told := query(url.Values{name: {word}}.Encode()); told.Fails || !told.Starts {
				t.Errorf("%s=%s tells %+v", name, word, told)
			}
		}
	}
	for _, text := range []string{"success=false", "success=0", "success=no", "Success=FALSE", "state=ok&state=fail", "status=up&s=1", "state=run&status=down", "state=complete&status_code=3", "success=true&exit_code=1"} {
		if told := query(text); !told.Fails {
			t.Errorf("%s tells %+v", text, told)
		}
	}
	for _, text := range []string{"success=true", "success=1", "fail=1", "msg=fail", "x=error", "state=warning", "status=nan", "s=inf"} {
		if told := query(text); told.Fails {
			t.Errorf("%s tells %+v", text, told)
		}
	}
	if told := query("state=fnord"); told.Unread != "fnord" || told.Stated {
		t.Errorf("%+v", told)
	}
	for text, exit := range map[string]int{"s=17": 17, "s=0": 0, "s=256": NoExit, "s=-1": NoExit, "s=0&status_code=4": 4, "status_code=4&s=0": 4, "state=fail": NoExit, "s=1.5": NoExit} {
		if told := query(text); told.Exit != exit {
			t.Errorf("%s has the exit status %d, want %d", text, told.Exit, exit)
		}
	}
}

func TestARunHasTheIDThatItsClientGaveIt(t *testing.T) {
	const id = "123e4567-e89b-12d3-a456-426614174000"
	want, _ := fsm.ParseToken([]byte(id))
	for _, text := range []string{id, strings.ReplaceAll(id, "-", ""), strings.ToUpper(id)} {
		if RunID(text) != want {
			t.Errorf("%s is another run", text)
		}
	}
	if RunID("nightly 4711") == RunID("nightly 4712") || RunID("a") == want {
		t.Error("two runs are one")
	}
	if told := query("series=nightly"); !told.HasRun || told.Run != RunID("nightly") {
		t.Errorf("%+v", told)
	}
}

func TestAlertmanagersWebhook(t *testing.T) {
	const rest = `"alerts":[{"status":"resolved","labels":{"alertname":"Watchdog"}}],"groupLabels":{},"externalURL":"http://x","version":"4","groupKey":"{}"}`
	for body, want := range map[string][2]bool{ // known, fails
		`{"receiver":"qb","status":"firing",` + rest:                   {true, false},
		`{"receiver":"qb","status":"resolved",` + rest:                 {true, true},
		" \r\n{\n  \"status\" : \"resolved\" ,\n" + rest:               {true, true},
		`{` + rest[:len(rest)-1] + `,"status":"resolved"}`:             {true, true},
		`{"receiver":"qb","status":"resolved","alerts":[{"status":"re`: {true, true}, // cut off
		`{"receiver":"qb","status":"firing","alerts":[`:                {true, false},
		`{"status":"resolved"}`:                                        {},
		`{"receiver":"qb","status":"done",` + rest:                     {},
		`{"receiver":"qb","data":{"status":"resolved"},"alerts":[]}`:   {},
		`{"receiver":"qb","sta`:                                        {},
		`["receiver","status"]`:                                        {},
		`receiver status resolved alerts`:                              {},
		``:                                                             {},
		`{"receiver":"qb","status":{"a":1},"alerts":[]}`:               {},
	} {
		told, ok := Alertmanager([]byte(body))
		if ok != want[0] || told.Fails != want[1] {
			t.Errorf("%s: %v %+v", body, ok, told)
		}
	}
}

func TestPaths(t *testing.T) {
	for path, want := range map[string]string{
		"/p/KEY/slug": "0 KEY slug 0", "/p/KEY/slug/": "0 KEY slug 0", "/p/KEY/slug/run": "0 KEY slug 1", "/p/KEY/slug/complete/": "0 KEY slug 0", "/p/KEY/slug/fail": "0 KEY slug 2",
		"/p/run/run": "0 run run 0", "/api/1/cron/slug/KEY/": "1 KEY slug 0", "/api/x/cron/cron/cron": "1 cron cron 0", "/start/TOKEN": "2 TOKEN 1", "/finish/TOKEN/": "2 TOKEN 0", "/fail/TOKEN": "2 TOKEN 2",
		"/api/v1/endpoints/slug/external": "3  slug 0",
		"":                                "", "/": "", "//": "", "/p": "", "/p/": "", "/p/KEY": "", "/p//slug": "", "/p/KEY/slug//": "", "/p/KEY/slug/stop": "", "/p/KEY/slug/run/x": "", "/P/KEY/slug": "", "/start": "", "/start/": "", "/start//TOKEN": "", "/stop/TOKEN": "",
		"/ping/TOKEN": "", "/api/1/cron/slug": "", "/api/1/cron/slug/KEY/x": "", "/api/v1/endpoints/slug": "", "/api/push/TOKEN": "", "/v1/heartbeats": "", "/a/b/c/d/e/f/g/h/i/j": "",
	} {
		a, ok := Path([]byte(path))
		got := strings.Join([]string{string('0' + rune(a.Sender)), string(a.Key), string(a.Slug), string('0' + rune(a.Kind))}, " ")
		if a.Token != nil {
			got = strings.Join([]string{string('0' + rune(a.Sender)), string(a.Token), string('0' + rune(a.Kind))}, " ")
		}
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s is %q, %v; want %q", path, got, ok, want)
		}
	}
}

func TestCheckIns(t *testing.T) {
	for _, c := range []struct {
		query map[string]string
		body  string
		want  string // success, start, fail or part of the error
	}{
		{map[string]string{"status": "ok"}, "", "success"},
		{map[string]string{"status": "in_progress"}, "", "start"},
		{map[string]string{"status": "error"}, "", "fail"},
		{map[string]string{"status": "ERROR"}, "", "fail"},
		{map[string]string{"status": "timeout"}, "", "fail"},
		{map[string]string{"status": "missed"}, "", "fail"},
		{nil, `{"status":"ok"}`, "success"},
		{nil, `{"status":"error"}`, "fail"},
		{map[string]string{"status": "error"}, `{"status":"ok"}`, "fail"},
		{map[string]string{"status": "ok"}, `{"status":"error"}`, "fail"},
		{map[string]string{"status": "ok"}, `{"monitor_config":{"schedule":{"type":"interval","value":1,"unit":"day"}}}`, "success"},
		{map[string]string{"status": "ok"}, "it printed this", "success"},
		{nil, "", "in_progress, ok or error"},
		{map[string]string{"status": "good"}, "", `"good"`},
		{map[string]string{"status": "ok"}, "{", "JSON"},
		{map[string]string{"status": "ok"}, `{"monitor_config":{"schedule":{"type":"sundial"}}}`, "sundial"},
	} {
		in, err := ReadCheckIn(c.query, []byte(c.body))
		got := "success"
		switch {
		case err != nil:
			got = err.Error()
		case in.Fails:
			got = "fail"
		case in.Starts:
			got = "start"
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%v %s: %s, want %s", c.query, c.body, got, c.want)
		}
	}
	for id, has := range map[string]bool{"": false, strings.Repeat("0", 32): false, "00000000-0000-0000-0000-000000000000": false, "83a7c03ed0a04e1b97e2e3b18d38f244": true, "x": true} {
		if in, _ := ReadCheckIn(map[string]string{"status": "ok", "check_in_id": id}, nil); in.HasRun != has {
			t.Errorf("check_in_id %q: %+v", id, in)
		}
	}
}

func TestMonitors(t *testing.T) {
	for body, want := range map[string]Monitor{
		`{"schedule":{"type":"interval","value":10,"unit":"minute"}}`:                                  {600, 1800, 1},
		`{"schedule":{"type":"interval","value":2,"unit":"month"},"checkin_margin":5,"max_runtime":1}`: {62 * 86400, 300, 1},
		`{"schedule":{"type":"crontab","value":"*/10 * * * *"},"max_runtime":90}`:                      {600, 5400, 1},
		`{"schedule":{"type":"crontab","value":"@daily"},"failure_issue_threshold":3}`:                 {86400, 1800, 3},
		`{"schedule":{"type":"crontab","value":"0 2 * * mon-fri"},"timezone":"Europe/Berlin"}`:         {3 * 86400, 1800 + 3600, 1},
		`{"schedule":{"type":"crontab","value":"30 4 1,15 * *"},"timezone":"UTC"}`:                     {17 * 86400, 1800, 1},
		`{"schedule":{"type":"crontab","value":"0 0 31 * *"}}`:                                         {61 * 86400, 1800, 1},
		`{"schedule":{"type":"crontab","value":"0 0 29 2 *"}}`:                                         {366 * 86400, 1800, 1},
		`{"schedule":{"type":"crontab","value":"0 0 13 * 5"}}`:                                         {7 * 86400, 1800, 1},
		`{"schedule":{"type":"crontab","value":"15 8-18/2 * * 7"}}`:                                    {7*86400 - 10*3600, 1800, 1},
	} {
		in, err := ReadCheckIn(map[string]string{"status": "ok"}, []byte(`{"monitor_config":`+body+`}`))
		if err != nil || *in.Monitor != want {
			t.Errorf("%s: %+v, %v; want %+v", body, in.Monitor, err, want)
		}
	}
	for _, schedule := range []string{
		`"interval","value":0,"unit":"day"`, `"interval","value":"1","unit":"day"`, `"interval","value":1,"unit":"eon"`, `"crontab","value":5`,
		`"crontab","value":"* * * *"`, `"crontab","value":"60 * * * *"`, `"crontab","value":"* * 0 * *"`, `"crontab","value":"*/0 * * * *"`, `"crontab","value":"5-1 * * * *"`,
		`"crontab","value":"0 0 30 2 *"`, `"crontab","value":"0 0 L * *"`, `"crontab","value":""`, `"","value":""`,
	} {
		if in, err := ReadCheckIn(map[string]string{"status": "ok"}, []byte(`{"monitor_config":{"schedule":{"type":`+schedule+`}}}`)); err == nil {
			t.Errorf("%s makes %+v", schedule, in.Monitor)
		}
	}
}

// FuzzParams holds that a failure is never lost, whatever else is in the query.
func FuzzParams(f *testing.F) {
	for _, text := range []string{"state=ok", "s=0&success=true", "status=up&msg=x", "state=run", "%", "a&&=&"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if told := query(text); told.Exit < NoExit || told.Exit > maxExit || told.Exit > 0 && !told.Fails {
			t.Errorf("%q tells %+v", text, told)
		}
		for _, failure := range []string{"state=fail", "s=1", "success=false"} {
			if !query(text+"&"+failure).Fails && !strings.ContainsAny(text, ";") && !slices.Contains([]string{"%"}, text) {
				if _, err := url.ParseQuery(text + "&" + failure); err == nil {
					t.Errorf("%q with %s is no failure", text, failure)
				}
			}
		}
	})
}

// FuzzBodies reads anything, and never takes for a webhook what does not say so.
func FuzzBodies(f *testing.F) {
	for _, text := range []string{`{"receiver":"x","status":"resolved","alerts":[]}`, `{"monitor_config":{"schedule":{"type":"crontab","value":"0 0 * * *"}}}`, "{", "[]", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if told, ok := Alertmanager([]byte(body)); ok && told.Fails && !strings.Contains(body, "res") {
			t.Errorf("%q is resolved", body)
		}
		if in, err := ReadCheckIn(map[string]string{"status": "ok"}, []byte(body)); err == nil && in.Monitor != nil {
			if m := in.Monitor; m.Interval < 60 || m.Interval > 366*86400 || m.Grace < 60 || m.Grace > 366*86400+clockChange || m.Threshold < 1 || m.Threshold > 100 {
				t.Errorf("%q makes %+v", body, m)
			}
		}
	})
}

// FuzzPath holds that the parts of a path are parts of it, and none is empty.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/p/k/s/run", "/api/1/cron/s/k/", "/start/t", "/api/v1/endpoints/s/external"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		a, ok := Path([]byte(path))
		if !ok {
			return
		}
		for _, part := range [][]byte{a.Token, a.Key, a.Slug} {
			if part != nil && (len(part) == 0 || strings.ContainsRune(string(part), '/') || !strings.Contains(path, "/"+string(part))) {
				t.Errorf("%q has the part %q", path, part)
			}
		}
	})
}
