package api

import (
	"testing"
	"time"
)

// TestListingIncidents follows one from its beginning to its end.
func TestListingIncidents(t *testing.T) {
	r := newRig(t)
	a := r.create(`{"name":"a","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["x@example.com","y@example.com"]}`)
	b := r.create(`{"name":"b","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["x@example.com"]}`)
	type page struct {
		Incidents  []incidentJSON
		NextCursor string `json:"next_cursor"`
	}
	list := func(query string) page {
		t.Helper()
		return decodeAs[page](t, r.call("GET", "/v1/incidents"+query, "").body)
	}
	if got := r.call("GET", "/v1/incidents", "").body; got != `{"incidents":[]}` {
		t.Errorf("before any: %s", got)
	}
	r.cluster.pass(3 * time.Second)
	if got := list("?state=open").Incidents; len(got) != 2 || got[0].Reason != "silence" || got[0].EndedAt != nil {
		t.Errorf("%+v", got)
	}
	first := list("?limit=1")
	second := list("?limit=1&cursor=" + first.NextCursor)
	if len(first.Incidents) != 1 || len(second.Incidents) != 1 || second.NextCursor != "" || first.Incidents[0].ID == second.Incidents[0].ID {
		t.Errorf("%+v and %+v", first, second)
	}
	r.call("POST", "/v1/heartbeats/"+a.Token+"/ping/1", "")
	r.call("POST", "/v1/heartbeats/"+a.Token+"/ping", "")
	got := list("?heartbeat_id=" + a.ID).Incidents
	if len(got) != 1 || got[0].State != "ended" || got[0].HeartbeatName != "a" || got[0].EndedAt == nil || len(got[0].Alerts) < 4 {
		t.Errorf("of a: %+v", got)
	}
	if got := list("?state=open").Incidents; len(got) != 1 || got[0].HeartbeatID != b.ID {
		t.Errorf("open are %+v", got)
	}
	for _, query := range []string{"?state=ended", "?limit=0", "?cursor=x", "?heartbeat_id=x"} {
		if a := r.call("GET", "/v1/incidents"+query, ""); a.status != 400 {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}
