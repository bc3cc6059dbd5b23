package api

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// testZones know Berlin as it was in 2026, and no other zone.
type testZones struct{}

func (testZones) Version() string { return "test" }

func (testZones) Location(name string) (*time.Location, error) {
	if name != "" && name != "UTC" && name != "Europe/Berlin" {
		return nil, fsm.ErrInvalid
	}
	return time.LoadLocation(name)
}

func newScheduleRig(t *testing.T) *rig {
	return newRigWith(t, func(c *Config) { c.Zones = testZones{} }, func(*Server) {})
}

func TestSchedulesInTheAPI(t *testing.T) {
	r := newScheduleRig(t)
	h := r.create(`{"name":"x","schedule":"0 2 * * 1-5","tz":"Europe/Berlin"}`)
	if h.IntervalSecs != nil || len(h.Schedule) != 1 || *h.TZ != "Europe/Berlin" || h.NextExpectedAt == nil {
		t.Fatalf("%+v", h)
	}
	next, err := time.Parse(time.RFC3339, *h.NextExpectedAt)
	berlin, _ := time.LoadLocation("Europe/Berlin")
	if local := next.In(berlin); err != nil || local.Hour() != 2 || local.Minute() != 0 || local.Weekday() == time.Sunday || local.Weekday() == time.Saturday {
		t.Errorf("next expected at %v", local)
	}
	body := r.call("GET", "/v1/heartbeats/"+h.ID, "").body
	if !strings.Contains(body, `"interval_secs":null`) || !strings.Contains(body, `"schedule":"0 2 * * 1-5"`) {
		t.Error(body)
	}
	patch := func(body string) heartbeatJSON {
		t.Helper()
		a := r.call("PATCH", "/v1/heartbeats/"+h.ID, body)
		if a.status != 200 {
			t.Fatalf("%s: %d %s", body, a.status, a.body)
		}
		return decodeAs[heartbeatJSON](t, a.body)
	}
	if h := patch(`{"schedule":["@hourly","Mon *-*-* 12:30"],"tz":"UTC"}`); len(h.Schedule) != 2 || h.NextExpectedAt == nil {
		t.Errorf("%+v", h)
	}
	if h := patch(`{"schedule":"@daily"}`); h.NextExpectedAt != nil || *h.TZ != "UTC" { // the leader computes it
		t.Errorf("%+v", h)
	}
	if h := patch(`{"interval_secs":60}`); h.Schedule != nil || h.TZ != nil || *h.IntervalSecs != 60 || h.NextExpectedAt == nil {
		t.Errorf("%+v", h)
	}
	if a := r.call("PUT", "/v1/heartbeats/by-slug/made", `{"schedule":"*/5 * * * *"}`); a.status != 201 {
		t.Errorf("%d %s", a.status, a.body)
	}
	before := r.cluster.picture()
	for body, want := range map[string]string{
		`{"schedule":"61 * * * *"}`:                         "schedule: ",
		`{"schedule":"0 2 30 2 *"}`:                         "schedule: ",
		`{"schedule":"2020-01-01 00:00"}`:                   `within ten years; \"*-01-01 00:00\" would work`,
		`{"schedule":"@daily","tz":"Europe/Nowhere"}`:       "tz: ",
		`{"tz":"Europe/Berlin"}`:                            "tz is ",
		`{"schedule":"@daily","interval_secs":60}`:          "interval_secs is 60, and there is a schedule",
		`{"schedule":7}`:                                    "schedule is a JSON number; it must be a string or an array of strings",
		`{"schedule":[7]}`:                                  "schedule is a JSON array with something else than strings",
		`{"schedule":{"a":1}}`:                              "schedule is a JSON object",
		`{"schedule":[""]}`:                                 "schedule: ",
		`{"schedule":["` + strings.Repeat("0", 600) + `"]}`: "schedule: ",
	} {
		a := r.call("PATCH", "/v1/heartbeats/"+h.ID, body)
		if a.status != 400 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if after := r.cluster.picture(); after != before {
		t.Errorf("%s became\n%s", before, after)
	}
}
