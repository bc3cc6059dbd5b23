package api

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTheHoursOfAChannel(t *testing.T) {
	r := newChannelRig(t)
	made := r.call("POST", "/v1/channels", `{"name":"ops","kind":"webhook","url":"https://example.com/hook","hours":{"days":["mon","fri"],"from":"08:00","to":"18:00"}}`)
	if want := `"hours":[{"days":["mon","fri"],"from":"08:00","to":"18:00","tz":"UTC"}]`; made.status != 201 || !strings.Contains(made.body, want) {
		t.Fatalf("%d %s", made.status, made.body)
	}
	path := "/v1/channels/" + decodeAs[struct{ ID string }](t, made.body).ID
	for body, want := range map[string]string{
		`{"name":"oops"}`: `"hours":[{"days":["mon","fri"]`,
		`{"hours":[{"from":"22:00","to":"06:00","tz":"UTC"},{"days":["sun"],"from":"00:00","to":"24:00"}]}`: `"to":"06:00","tz":"UTC"},{"days":["sun"],`,
	} {
		if a := r.call("PATCH", path, body); a.status != 200 || !strings.Contains(a.body, want) && !strings.Contains(a.body, `["sun"]`) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if a := r.call("PATCH", path, `{"hours":null}`); a.status != 200 || !strings.Contains(a.body, `"hours":null`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	b := r.browse(testKey)
	edit := "/ui" + strings.TrimPrefix(path, "/v1") + "/edit"
	typed := "name=ops&url=https://example.com/&on=down&version=5&hours="
	pageHas(t, b.submit(edit, edit, typed+"monday"), 422, "Hours have the days", `value="monday"`)
	version := decodeAs[struct{ Version int }](t, r.call("GET", path, "").body).Version
	typed = strings.Replace(typed, "version=5", fmt.Sprint("version=", version), 1)
	if a := b.submit(edit, edit, typed+"mon-fri+08:00-18:00+UTC"); a.status != 303 {
		t.Errorf("%d %s", a.status, a.body)
	}
	pageHas(t, b.get("/ui/channels"), 200, ">mon-fri 08:00-18:00 UTC<")
	pageHas(t, b.get(edit), 200, `value="mon-fri 08:00-18:00 UTC"`)
}

// TestTheHoursOfANewChannelAreKnownAtOnce: an explanation that is asked for right after it was made, by the API or
// on its page, tells when it is told, though no leader computed that yet.
func TestTheHoursOfANewChannelAreKnownAtOnce(t *testing.T) {
	r := newChannelRig(t)
	h := r.create(`{"name":"job"}`)
	at := func() string {
		t.Helper()
		a := r.call("GET", "/v1/heartbeats/"+h.ID+"/explain", "")
		x := decodeAs[struct {
			Targets []struct {
				At    *time.Time
				Waits []any `json:"waits_for"`
			}
		}](t, a.body)
		if a.status != 200 || len(x.Targets) != 1 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if x.Targets[0].At == nil {
			return fmt.Sprint("at once, ", len(x.Targets[0].Waits), " waits")
		}
		return x.Targets[0].At.Round(time.Hour).Format("15:04")
	}
	now := time.Now().UTC()
	hour := func(n int) string { return now.Add(time.Duration(n) * time.Hour).Format("15:00") }
	hours := func(from, to int) string { return fmt.Sprintf(`"hours":{"from":"%s","to":"%s"}`, hour(from), hour(to)) }
	made := r.call("POST", "/v1/channels", `{"name":"ops","kind":"webhook","url":"https://example.com/hook","default":true,`+hours(4, 6)+`}`)
	if got := at(); made.status != 201 || got != hour(4) {
		t.Errorf("%d %s: told at %s, want %s", made.status, made.body, got, hour(4))
	}
	path := "/v1/channels/" + decodeAs[struct{ ID string }](t, made.body).ID
	if a := r.call("PATCH", path, `{`+hours(-2, 3)+`}`); a.status != 200 || at() != "at once, 0 waits" {
		t.Errorf("%d %s: told %s", a.status, a.body, at())
	}
	if a := r.call("PATCH", path, `{`+hours(6, 9)+`}`); a.status != 200 || at() != hour(6) {
		t.Errorf("%d %s: told %s, want %s", a.status, a.body, at(), hour(6))
	}
}
