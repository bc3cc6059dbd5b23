package api

import (
	"strconv"
	"strings"
	"testing"
)

// starts are the heartbeats that TestEveryChangeOfWhenARunIsExpected begins with.
var starts = map[string]string{
	"interval": `{"name":"%s","slug":"%s","interval_secs":60}`,
	"schedule": `{"name":"%s","slug":"%s","schedule":"0 2 * * *","tz":"Europe/Berlin"}`,
	"nothing":  "",
}

// TestEveryChangeOfWhenARunIsExpected sends what clients send of interval, schedule and time zone, by
// PATCH and by PUT, to heartbeats of either kind and to none.
func TestEveryChangeOfWhenARunIsExpected(t *testing.T) {
	t.Parallel()
	const (
		berlin  = `0 2 * * * Europe/Berlin`
		noWords = "there is no schedule"
		both    = "there is a schedule; give one of the two"
	)
	for _, tt := range []struct{ body, ofInterval, ofSchedule, ofNothing string }{
		{`{}`, "60", berlin, "3600"},
		{`{"interval_secs":300}`, "300", "300", "300"},
		{`{"interval_secs":300,"schedule":null,"tz":null}`, "300", "300", "300"},
		{`{"interval_secs":300,"schedule":[]}`, "300", "300", "300"},
		{`{"interval_secs":300,"tz":""}`, "300", "300", "300"},
		{`{"interval_secs":300,"tz":"UTC"}`, noWords, noWords, noWords},
		{`{"interval_secs":300,"schedule":"@hourly"}`, both, both, both},
		{`{"interval_secs":0}`, "interval_secs is 0", "interval_secs is 0", "interval_secs is 0"},
		{`{"interval_secs":null}`, "60", berlin, "3600"},
		{`{"interval_secs":null,"schedule":"@hourly"}`, "@hourly UTC", "@hourly Europe/Berlin", "@hourly UTC"},
		{`{"interval_secs":null,"schedule":"@hourly","tz":"UTC"}`, "@hourly UTC", "@hourly UTC", "@hourly UTC"},
		{`{"schedule":"@hourly"}`, "@hourly UTC", "@hourly Europe/Berlin", "@hourly UTC"},
		{`{"schedule":"@hourly","tz":null}`, "@hourly UTC", "@hourly Europe/Berlin", "@hourly UTC"},
		{`{"schedule":"@hourly","tz":""}`, "@hourly UTC", "@hourly UTC", "@hourly UTC"},
		{`{"schedule":["@hourly","Mon 12:30"],"tz":"Europe/Berlin"}`, "@hourly,Mon 12:30 Europe/Berlin", "@hourly,Mon 12:30 Europe/Berlin", "@hourly,Mon 12:30 Europe/Berlin"},
		{`{"schedule":[]}`, "60", "3600", "3600"},
		{`{"schedule":null}`, "60", berlin, "3600"},
		{`{"schedule":[],"tz":"UTC"}`, noWords, noWords, noWords},
		{`{"schedule":"25 * * * * *"}`, "schedule: ", "schedule: ", "schedule: "},
		{`{"tz":"UTC"}`, noWords, "0 2 * * * UTC", noWords},
		{`{"tz":"UTC","grace_secs":7}`, noWords, "0 2 * * * UTC", noWords},
		{`{"tz":"Europe/Berlin"}`, noWords, berlin, noWords},
		{`{"tz":""}`, "60", "0 2 * * * UTC", "3600"},
		{`{"tz":null}`, "60", berlin, "3600"},
		{`{"tz":"Europe/Nowhere"}`, "tz", "tz", "tz"},
		{`{"tz":"` + strings.Repeat("x", 300) + `"}`, "tz", "tz", "tz"},
		{`{"tz":5}`, "tz is a JSON number", "tz is a JSON number", "tz is a JSON number"},
	} {
		for kind, want := range map[string]string{"interval": tt.ofInterval, "schedule": tt.ofSchedule, "nothing": tt.ofNothing} {
			for _, method := range []string{"PATCH", "PUT"} {
				if kind != "nothing" || method == "PUT" {
					changeOne(t, method, kind, tt.body, want)
				}
			}
		}
	}
}

// changeOne makes a heartbeat of a kind, changes it and compares what came of it.
func changeOne(t *testing.T, method, kind, body, want string) {
	r := newScheduleRig(t)
	path := "/v1/heartbeats/by-slug/job"
	var made heartbeatJSON
	if kind != "nothing" {
		made = r.create(strings.ReplaceAll(starts[kind], "%s", "job"))
		if method == "PATCH" {
			path = "/v1/heartbeats/" + made.ID
		}
	}
	before := r.cluster.picture()
	a := r.call(method, path, body)
	if a.status == 400 {
		if !strings.Contains(a.body, want) || r.cluster.picture() != before {
			t.Errorf("%s %s of %s: %s, want %s; the state is as before: %v", method, body, kind, a.body, want, r.cluster.picture() == before)
		}
		return
	}
	if got := whenOf(t, a.body); a.status > 201 || got != want {
		t.Errorf("%s %s of %s: %d %s, want %s", method, body, kind, a.status, got, want)
	}
	if again := r.call(method, path, body); again.status != 200 || whenOf(t, again.body) != want {
		t.Errorf("%s %s of %s, again: %d %s", method, body, kind, again.status, again.body)
	}
}

// whenOf is what an answer says of when runs are expected, in short.
func whenOf(t *testing.T, body string) string {
	h := decodeAs[heartbeatJSON](t, body)
	switch {
	case h.IntervalSecs != nil && (len(h.Schedule) > 0 || h.TZ != nil), h.IntervalSecs == nil && (len(h.Schedule) == 0 || h.TZ == nil):
		t.Errorf("both or neither: %s", body)
	case h.IntervalSecs != nil:
		return strconv.FormatInt(*h.IntervalSecs, 10)
	}
	return strings.Join(h.Schedule, ",") + " " + *h.TZ
}

// TestWhatDoesNotFitTogetherIsSaid: each field is right, but not beside what the heartbeat has.
func TestWhatDoesNotFitTogetherIsSaid(t *testing.T) {
	r := newScheduleRig(t)
	h := r.create(`{"name":"job","slug":"job","min_run_secs":600,"max_run_secs":900}`)
	before := r.cluster.picture()
	for _, path := range []string{"PATCH /v1/heartbeats/" + h.ID, "PUT /v1/heartbeats/by-slug/job"} {
		method, path, _ := strings.Cut(path, " ")
		if a := r.call(method, path, `{"max_run_secs":300}`); a.status != 400 || !strings.Contains(a.body, "min_run_secs is 600 and max_run_secs is 300") {
			t.Errorf("%s: %d %s", method, a.status, a.body)
		}
	}
	if r.cluster.picture() != before {
		t.Error("what was refused changed the state")
	}
}

// TestNoRunMustBeLongerThanItMay: without max_run_secs a run must end within the grace.
func TestNoRunMustBeLongerThanItMay(t *testing.T) {
	r := newScheduleRig(t)
	h := r.create(`{"name":"job","slug":"job","min_run_secs":299}`)
	const words = "grace_secs is 300: without max_run_secs a run must end within that"
	before := r.cluster.picture()
	patch, put := "PATCH /v1/heartbeats/"+h.ID, "PUT /v1/heartbeats/by-slug/job"
	for _, tt := range []struct{ to, body, want string }{
		{"POST /v1/heartbeats", `{"name":"new","min_run_secs":600}`, words},
		{"POST /v1/heartbeats", `{"name":"new","min_run_secs":60,"grace_secs":0,"interval_secs":60}`, "interval_secs is 60: "},
		{"PUT /v1/heartbeats/by-slug/new", `{"min_run_secs":300}`, words},
		{patch, `{"min_run_secs":300}`, words},
		{put, `{"min_run_secs":300}`, words},
		{patch, `{"grace_secs":120}`, "min_run_secs is 299 and grace_secs is 120"},
		{put, `{"grace_secs":120}`, "min_run_secs is 299 and grace_secs is 120"},
	} {
		method, path, _ := strings.Cut(tt.to, " ")
		if a := r.call(method, path, tt.body); a.status != 400 || !strings.Contains(a.body, tt.want) {
			t.Errorf("%s %s: %d %s", tt.to, tt.body, a.status, a.body)
		}
	}
	if r.cluster.picture() != before {
		t.Error("what was refused changed the state")
	}
	for _, body := range []string{`{"min_run_secs":600,"max_run_secs":900}`, `{"grace_secs":0}`, `{"max_run_secs":0,"grace_secs":601}`} {
		if a := r.call("PATCH", "/v1/heartbeats/"+h.ID, body); a.status != 200 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}
