package api

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

// TestNumbersComeWithPings: in each form in which they may be sent, and no ping is refused
// for one.
func TestNumbersComeWithPings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, path, body string
		want               map[string]float64
		told               string
	}{
		"in the query":             {"GET", "/v1/heartbeats/T/ping?m.bytes=0&m.rows.new=-1.5e3", "", map[string]float64{"bytes": 0, "rows.new": -1500}, ""},
		"in a body":                {"POST", "/v1/heartbeats/T/ping", `{"metrics":{"bytes":7,"ratio":0.25},"x":1}`, map[string]float64{"bytes": 7, "ratio": 0.25}, ""},
		"in both":                  {"PUT", "/v1/heartbeats/T/ping/0?m.bytes=1&m.a=2", `{"metrics":{"bytes":7}}`, map[string]float64{"bytes": 7, "a": 2}, ""},
		"as Cronitor's":            {"GET", "/ping/T/complete?metric=count:12,error_count:0&metric=duration:5.5", "", map[string]float64{"count": 12, "error_count": 0, "duration": 5.5}, ""},
		"by Healthchecks' address": {"POST", "/ping/T/fail?m.bytes=3", "", map[string]float64{"bytes": 3}, ""},
		"by Uptime Kuma's":         {"GET", "/api/push/T?status=up&msg=OK&ping=27", "", map[string]float64{"ping_ms": 27}, ""},
		"a name that is none":      {"GET", "/v1/heartbeats/T/ping?m.Bytes=1&m.ok=2", "", map[string]float64{"ok": 2}, `dropped 1; the name "Bytes"`},
		"a value that is none":     {"GET", "/v1/heartbeats/T/ping?m.a=1k&m.b=NaN&m.c=1e999&m.d=", "", nil, `dropped 4; a is "1k", which is no finite decimal number`},
		"minus nothing":            {"GET", "/v1/heartbeats/T/ping?m.a=-0&m.b=-0.0e5", "", map[string]float64{"a": 0, "b": 0}, ""},
		"minus nothing in a body":  {"POST", "/v1/heartbeats/T/ping", `{"metrics":{"a":-0,"b":-0.0}}`, map[string]float64{"a": 0, "b": 0}, ""},
		"the ends of all numbers":  {"GET", "/v1/heartbeats/T/ping?m.a=1.7976931348623157e308&m.b=5e-324&m.c=1e-400", "", map[string]float64{"a": math.MaxFloat64, "b": 5e-324, "c": 0}, ""},
		"endless ones":             {"GET", "/v1/heartbeats/T/ping?m.a=Inf&m.b=-infinity&m.c=1e400&m.d=0x10&m.e=1_000", "", nil, `dropped 5; a is "Inf", which is no finite decimal number`},
		"endless ones in a body":   {"POST", "/v1/heartbeats/T/ping", `{"metrics":{"a":1e400,"b":1}}`, map[string]float64{"b": 1}, `dropped 1; a is "1e400"`},
		"a huge name":              {"GET", "/v1/heartbeats/T/ping?m." + strings.Repeat("n", 5000) + "=1&m.ok=2", "", map[string]float64{"ok": 2}, `dropped 1; the name "nnnn`},
		"a huge name in a body":    {"POST", "/v1/heartbeats/T/ping", `{"metrics":{"` + strings.Repeat("n", 5000) + `":1,"ok":2}}`, map[string]float64{"ok": 2}, `dropped 1; the name "nnnn`},
		"a hundred in a body":      {"POST", "/v1/heartbeats/T/ping", hundredNumbers(), firstSixteen(), "dropped 84; n016 is one of too many"},
		"a name that is no text":   {"GET", "/v1/heartbeats/T/ping?m.%ff%fe=1", "", nil, `dropped 1; the name "\xff\xfe"`},
		"a name with line breaks":  {"GET", "/v1/heartbeats/T/ping?m.a%0d%0aX:1=1", "", nil, `dropped 1; the name "a\r\nX:1"`},
		"a text in a body":         {"POST", "/v1/heartbeats/T/ping", `{"metrics":{"bytes":"7","é":1}}`, nil, `dropped 2; bytes is "\"7\""`},
		"a list in a body":         {"POST", "/v1/heartbeats/T/ping", `{"metrics":[1]}`, nil, "dropped 1; the body is not JSON with an object metrics"},
		"a body that is cut":       {"POST", "/v1/heartbeats/T/ping", `{"metrics":{"bytes":7`, nil, "dropped 1; the body is not JSON"},
		"another body":             {"POST", "/v1/heartbeats/T/ping", "metrics: 7", nil, ""},
		"too many":                 {"GET", "/v1/heartbeats/T/ping?" + strings.Repeat("m.z=0&", 3) + "m.a=1&m.b=1&m.c=1&m.d=1&m.e=1&m.f=1&m.g=1&m.h=1&m.i=1&m.j=1&m.k=1&m.l=1&m.m=1&m.n=1&m.o=1&m.p=1", "", map[string]float64{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1, "h": 1, "i": 1, "j": 1, "k": 1, "l": 1, "m": 1, "n": 1, "o": 1, "z": 0}, "dropped 1; p is one of too many"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			h := r.create(`{"name":"x"}`)
			a := r.call(c.method, strings.Replace(c.path, "T", h.Token, 1), c.body)
			if told := string(a.header.Peek("Quorumbeat-Numbers")); a.status != 200 || !strings.HasPrefix(told, c.told) || told != "" && c.told == "" {
				t.Fatalf("%d %s, told %q", a.status, a.body, told)
			}
			list := r.pings(h.ID)
			if len(list) != 1 || len(list[0].Metrics)+len(c.want) > 0 && !reflect.DeepEqual(list[0].Metrics, c.want) {
				t.Errorf("%+v", list)
			}
			newest := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body).Metrics
			if len(newest)+len(c.want) > 0 && !reflect.DeepEqual(newest, c.want) {
				t.Errorf("the heartbeat tells %v", newest)
			}
		})
	}
}

// hundredNumbers is a body with the numbers n000 to n099.
func hundredNumbers() string {
	var list []string
	for i := range 100 {
		list = append(list, fmt.Sprintf(`"n%03d":%d`, i, i))
	}
	return `{"metrics":{` + strings.Join(list, ",") + `}}`
}

func firstSixteen() map[string]float64 {
	out := map[string]float64{}
	for i := range 16 {
		out[fmt.Sprintf("n%03d", i)] = float64(i)
	}
	return out
}

func TestResultsInTheAPI(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"backup \"q\"","checks":["bytes > 0","seconds <= 3 * median"],"failure_threshold":2,"max_run_secs":7200,"min_run_secs":5}`)
	if len(h.Checks) != 2 || h.FailureThreshold != 2 || *h.MaxRunSecs != 7200 || *h.MinRunSecs != 5 || h.Metrics == nil {
		t.Errorf("%+v", h)
	}
	ping := "/v1/heartbeats/" + h.Token + "/ping"
	r.call("GET", ping+"?m.bytes=0", "")
	if p := r.pings(h.ID)[0]; p.Kind != "fail" || p.CheckBroken != "completed but wrote 0 bytes; expected bytes > 0" {
		t.Errorf("%+v", p)
	}
	if s := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body).Status; s != "active" {
		t.Errorf("one failure of two makes it %s", s)
	}
	r.call("GET", ping+"?m.bytes=0&m.rows=2.5", "")
	if a := r.call("GET", "/v1/alerts", ""); !strings.Contains(a.body, `"check_broken":"completed but wrote 0 bytes; expected bytes \u003e 0"`) && !strings.Contains(a.body, `"check_broken":"completed but wrote 0 bytes; expected bytes > 0"`) {
		t.Error(a.body)
	}
	scrape := r.call("GET", "/metrics", "").body
	for _, want := range []string{
		`quorumbeat_heartbeat_metric{id="` + h.ID + `",name="backup \"q\"",metric="bytes"} 0` + "\n",
		`quorumbeat_heartbeat_metric{id="` + h.ID + `",name="backup \"q\"",metric="rows"} 2.5` + "\n",
	} {
		if !strings.Contains(scrape, want) {
			t.Errorf("no %s", want)
		}
	}
	changed := decodeAs[heartbeatJSON](t, r.call("PATCH", "/v1/heartbeats/"+h.ID, `{"checks":[],"failure_threshold":1,"max_run_secs":0,"min_run_secs":0}`).body)
	if len(changed.Checks) != 0 || changed.FailureThreshold != 1 || changed.MaxRunSecs != nil || changed.MinRunSecs != nil || changed.Metrics["rows"] != 2.5 {
		t.Errorf("%+v", changed)
	}
	before := r.cluster.picture()
	for body, want := range map[string]string{
		`{"checks":["bytes => 0"]}`:             `checks[0] is \"bytes => 0\": \"=>\" is no comparison`,
		`{"checks":["a > 0","a > 0"]}`:          "checks[1] repeats",
		`{"checks":"bytes > 0"}`:                "checks is a JSON string; it must be an array of strings",
		`{"failure_threshold":0}`:               "failure_threshold is 0; it must be 1 to 100",
		`{"failure_threshold":101}`:             "failure_threshold is 101; it must be 1 to 100",
		`{"max_run_secs":-1}`:                   "max_run_secs is -1",
		`{"min_run_secs":60,"max_run_secs":60}`: "min_run_secs is 60 and max_run_secs is 60",
		`{"min_run_secs":1.5}`:                  "min_run_secs is a JSON number 1.5",
		`{"metrics":{"bytes":1}}`:               `unknown field \"metrics\"`,
	} {
		a := r.call("PATCH", "/v1/heartbeats/"+h.ID, body)
		if words := strings.ReplaceAll(a.body, `\u003e`, ">"); a.status != 400 || !strings.Contains(words, want) {
			t.Errorf("%s: %d %s", body, a.status, words)
		}
	}
	if after := r.cluster.picture(); after != before {
		t.Errorf("%s became\n%s", before, after)
	}
}

// TestExportedNumbersAreBounded: a job that names its numbers anew each time has sixteen series, not more and more.
func TestExportedNumbersAreBounded(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	for ping := range 30 {
		var numbers []string
		for n := range 16 {
			numbers = append(numbers, fmt.Sprintf("m.p%d.n%d=%d", ping, n, ping))
		}
		if a := r.call("GET", "/v1/heartbeats/"+h.Token+"/ping?"+strings.Join(numbers, "&"), ""); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	scrape := r.call("GET", "/metrics", "").body
	if n := strings.Count(scrape, "quorumbeat_heartbeat_metric{"); n != 16 || !strings.Contains(scrape, `metric="p29.n15"} 29`+"\n") {
		t.Errorf("%d series", n)
	}
	names := map[string]bool{} // the history keeps as many, the first ones until it has let go of them
	for _, p := range r.pings(h.ID) {
		for name := range p.Metrics {
			names[name] = true
		}
	}
	if len(names) != 16 {
		t.Errorf("the history has %d names", len(names))
	}
}
