package api

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/request"
)

func TestAWindowsLife(t *testing.T) {
	r := newRig(t)
	to := *request.Stamp(time.Now().Add(2 * time.Hour))
	made := r.call("POST", "/v1/windows", `{"name":"move","tags":["db"],"to":"`+to+`"}`)
	w := decodeAs[map[string]any](t, made.body)
	if made.status != 201 || w["on"] != true || w["ends_at"] != to || w["to"] != to || w["schedule"] != nil || w["for_secs"] != nil {
		t.Fatalf("%d %s", made.status, made.body)
	}
	weekly := r.call("POST", "/v1/windows", `{"name":"backup","tags":["db","web"],"schedule":"0 0 1 1 *","for_secs":60}`)
	if x := decodeAs[map[string]any](t, weekly.body); weekly.status != 201 || x["on"] != false || x["begins_at"] == nil || x["tz"] != "UTC" || x["from"] != nil || x["schedule"] != "0 0 1 1 *" {
		t.Errorf("%d %s", weekly.status, weekly.body)
	}
	h := r.create(`{"name":"n","tags":["db"]}`)
	if a := r.browse(testKey).get("/ui/heartbeats/" + h.ID); !strings.Contains(a.body, "In maintenance until") || !strings.Contains(a.body, "move") {
		t.Errorf("its page does not say that it is in maintenance")
	}
	if a := r.call("GET", "/v1/windows", ""); a.status != 200 || strings.Count(a.body, `"mw_`) != 2 {
		t.Errorf("%d %s", a.status, a.body)
	}
	path := "/v1/windows/" + w["id"].(string)
	if a := r.call("DELETE", path, ""); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, p := range []string{path, "/v1/windows/mw_1", "/v1/windows/" + h.ID} {
		if a := r.call("DELETE", p, ""); a.status != 404 {
			t.Errorf("%s: %d", p, a.status)
		}
	}
	if a := r.call("GET", path, ""); a.status != 405 || string(a.header.Peek("Allow")) != "DELETE" {
		t.Errorf("%d %s", a.status, a.header)
	}
}

func TestWindowsThatAreRefused(t *testing.T) {
	r := newRig(t)
	for body, want := range map[string]string{
		`{}`: "to is missing", `{"name":"n"}`: "to is missing", `{"name":"n","tags":["db"]}`: "to is missing",
		`{"name":"n","to":"2100-01-01T00:00:00Z","from":"2099-12-31T00:00:00Z"}`:                                "tags is empty",
		`{"name":"n","tags":[],"to":"2100-01-01T00:00:00Z","from":"2099-12-31T00:00:00Z"}`:                      "tags is empty",
		`{"name":"n","tags":["db"],"to":"2020-01-01T00:00:00Z","from":"2019-12-31T00:00:00Z"}`:                  "after now",
		`{"name":"n","tags":["db"],"to":"2020-01-01T00:00:00Z"}`:                                                "after now",
		`{"name":"n","tags":["db"],"to":"2100-01-01T00:00:00Z"}`:                                                "within 366 days",
		`{"name":"n","tags":["db"],"to":"tomorrow"}`:                                                            "to is",
		`{"name":"n","tags":["db"],"from":null,"to":"2100-01-01T00:00:00Z"}`:                                    "from is null; leave it out",
		`{"name":"n","tags":["db"],"to":7}`:                                                                     "to",
		`{"name":"n","tags":["db"],"from":"1969-01-01T00:00:00Z","to":"2100-01-01T00:00:00Z"}`:                  "from is",
		`{"name":"n","tags":["db"],"to":"2100-01-01T00:00:00Z","for_secs":60}`:                                  "of a schedule",
		`{"name":"n","tags":["db"],"to":"2100-01-01T00:00:00Z","tz":"UTC"}`:                                     "of a schedule",
		`{"name":"n","tags":["db"],"schedule":"@daily"}`:                                                        "for_secs is missing",
		`{"name":"n","tags":["db"],"schedule":"@daily","for_secs":0}`:                                           "for_secs",
		`{"name":"n","tags":["db"],"schedule":"@daily","for_secs":1e99}`:                                        "for_secs",
		`{"name":"n","tags":["db"],"schedule":"@daily","for_secs":2678401}`:                                     "for_secs",
		`{"name":"n","tags":["db"],"schedule":"61 * * * *","for_secs":60}`:                                      "schedule",
		`{"name":"n","tags":["db"],"schedule":[],"for_secs":60}`:                                                "schedule",
		`{"name":"n","tags":["db"],"schedule":"0 0 30 2 *","for_secs":60}`:                                      "schedule",
		`{"name":"n","tags":["db"],"schedule":"@daily","for_secs":60,"tz":"Mars"}`:                              "tz",
		`{"name":"n","tags":["db"],"schedule":"@daily","for_secs":60,"to":"2100-01-01T00:00:00Z"}`:              "both",
		`{"name":"n","tags":["db","db"],"schedule":"@daily","for_secs":60}`:                                     "repeats",
		`{"name":"n","tags":["db"],"schedule":"@daily","for_secs":60,"hours":null}`:                             "hours",
		`{"name":"` + strings.Repeat("n", 201) + `","tags":["db"],"schedule":"@daily","for_secs":60}`:           "name",
		`{"name":"` + "\xff" + `","tags":["db"],"schedule":"@daily","for_secs":60}`:                             "",
		`{"name":"n","tags":["db"],"from":"2099-12-31T00:00:00Z","to":"2099-12-30T00:00:00Z"}`:                  "to must be after from",
		`[{"name":"n","tags":["db"],"from":"2099-12-31T00:00:00Z","to":"2100-01-01T00:00:00Z"}]`:                "",
		`{"name":"n","tags":"db","from":"2099-12-31T00:00:00Z","to":"2100-01-01T00:00:00Z"}`:                    "tags",
		`{"id":"mw_0","name":"n","tags":["db"],"from":"2099-12-31T00:00:00Z","to":"2100-01-01T00:00:00Z"}`:      "id",
		`{"name":"n","tags":["db"],"from":"2099-12-31T00:00:00Z","to":"9999999999999-01-01T00:00:00Z"}`:         "to is",
		`{"name":"n","tags":["` + strings.Repeat("d", 101) + `"],"schedule":"@daily","for_secs":60}`:            "tags[0]",
		`{"name":"n","tags":["db"],"schedule":["@daily"` + strings.Repeat(`,"@daily"`, 11) + `],"for_secs":60}`: "schedule",
		`{"name":"n","tags":["db"],"schedule":"@daily","for_secs":60,"tz":"` + strings.Repeat("A", 70) + `"}`:   "tz",
	} {
		if a := r.call("POST", "/v1/windows", body); a.status != 400 || !strings.Contains(a.body, want) {
			t.Errorf("%.120s: %d %s, want %q", body, a.status, a.body, want)
		}
	}
	for n := range 100 {
		if a := r.call("POST", "/v1/windows", fmt.Sprintf(`{"name":"%d","tags":["db"],"from":"2099-12-31T00:00:00Z","to":"2100-01-01T00:00:00Z"}`, n)); a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if a := r.call("POST", "/v1/windows", `{"name":"n","tags":["db"],"from":"2099-12-31T00:00:00Z","to":"2100-01-01T00:00:00Z"}`); a.status != 402 || !strings.Contains(a.body, "100 maintenance windows") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestWindowsByTheirPage(t *testing.T) {
	r := newRig(t)
	b := r.browse(testKey)
	const page = "/ui/windows"
	pageHas(t, b.get(page), 200, "There are none", "New window")
	wrong := url.Values{"name": {""}, "tags": {" , "}, "length": {"soon"}, "from": {"tomorrow"}, "tz": {"Mars"}}
	pageHas(t, b.submit(page, page, wrong.Encode()), 422, "Nothing was planned yet", "Name is empty", "Say how long it lasts", "a date and a time", `value="tomorrow"`, `value="Mars"`)
	for _, f := range []url.Values{
		{"name": {"a"}, "tags": {"db"}, "length": {"2h"}, "from": {"2020-01-01 10:00"}},
		{"name": {"a"}, "tags": {"db"}, "length": {"400d"}},
		{"name": {"a"}, "tags": {"db"}, "length": {"40d"}, "schedule": {"@daily"}},
		{"name": {"a"}, "tags": {"db"}, "length": {"2h"}, "schedule": {"61 * * * *"}},
		{"name": {"a"}, "tags": {"db"}, "length": {"2h"}, "schedule": {"@daily"}, "from": {"2020-01-01 10:00"}},
	} {
		pageHas(t, b.submit(page, page, f.Encode()), 422, "Nothing was planned yet")
	}
	for _, f := range []url.Values{
		{"name": {"now <b>"}, "tags": {"db, web"}, "length": {"90m"}},
		{"name": {"weekly"}, "tags": {"db"}, "length": {"2h"}, "schedule": {"0 2 * * 0"}, "tz": {"UTC"}},
	} {
		if a := b.submit(page, page, f.Encode()); a.status != 303 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	a := b.get(page + "?did=planned")
	pageHas(t, a, 200, "The window is planned", "<b>on</b>, ends", "At 02:00, on Sunday (UTC), for 2 h")
	if strings.Contains(a.body, "now <b>") {
		t.Error("a name is shown as markup")
	}
	for _, w := range r.cluster.store.Windows() {
		sure := page + "/" + w.ID.String() + "/delete"
		pageHas(t, b.get(sure), 200, "Delete "+w.Spec.Name+"?", "go out at once")
		if a := b.submit(sure, sure, ""); a.status != 303 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if n := len(r.cluster.store.Windows()); n != 0 {
		t.Errorf("%d are left", n)
	}
	if a := b.get(page + "/mw_0/delete"); a.status != 404 {
		t.Errorf("%d", a.status)
	}
}

// TestAWindowIsOnInItsOwnTime: one that is made while its schedule has it on holds at once, and the leader that works
// its times out again leaves it on. Its next time is that of the schedule.
func TestAWindowIsOnInItsOwnTime(t *testing.T) {
	r := newRig(t)
	now := time.Now().UTC()
	began := now.Truncate(time.Hour).Add(-2 * time.Hour)
	daily := fmt.Sprintf("0 %d * * *", began.Hour())
	for _, x := range []struct {
		schedule string
		secs     int
		on       bool
		begins   time.Time
	}{
		{daily, 4 * 3600, true, began},
		{daily, 30 * 86400, true, began}, // of many that overlap it is the last one
		{daily, 3600, false, began.Add(24 * time.Hour)},
		{fmt.Sprintf("*-*-* %02d:00:00", began.Hour()), 4 * 3600, true, began},
		{"* * * * *", 86400, true, now.Truncate(time.Minute)},
	} {
		a := r.call("POST", "/v1/windows", fmt.Sprintf(`{"name":"n","tags":["db"],"schedule":%q,"for_secs":%d}`, x.schedule, x.secs))
		w := decodeAs[struct {
			On     bool
			Begins time.Time `json:"begins_at"`
			Ends   time.Time `json:"ends_at"`
		}](t, a.body)
		if off := w.Begins.Sub(x.begins); a.status != 201 || w.On != x.on || off < 0 || off > time.Minute || w.Ends.Sub(w.Begins) != time.Duration(x.secs)*time.Second {
			t.Errorf("%s for %d s: %d %s, want one that begins at %v", x.schedule, x.secs, a.status, a.body, x.begins)
		}
	}
	h := r.create(`{"name":"n","tags":["db"]}`)
	if a := r.browse(testKey).get("/ui/heartbeats/" + h.ID); !strings.Contains(a.body, "In maintenance until") {
		t.Errorf("its page does not say that it is in maintenance")
	}
}

// TestAWindowSaysWhatIsOddAboutIt: tags that nobody has, and a second one of the same.
func TestAWindowSaysWhatIsOddAboutIt(t *testing.T) {
	r := newRig(t)
	r.create(`{"name":"n","tags":["db","web"]}`)
	warnings := func(body string) []string {
		t.Helper()
		a := r.call("POST", "/v1/windows", body)
		if a.status != 201 {
			t.Fatalf("%s: %d %s", body, a.status, a.body)
		}
		return decodeAs[struct{ Warnings []string }](t, a.body).Warnings
	}
	once := func(name, tags, from, to string) string {
		return fmt.Sprintf(`{"name":%q,"tags":[%s],"from":"2099-01-01T%s:00Z","to":"2099-01-01T%s:00Z"}`, name, tags, from, to)
	}
	daily := func(tags, more string) string {
		return `{"name":"nightly","tags":[` + tags + `],"schedule":"0 2 * * *"` + more + `}`
	}
	for _, x := range []struct{ body, want string }{
		{once("a", `"db","web"`, "02:00", "04:00"), ""},
		{once("b", `"db"`, "02:00", "05:00"), ""},
		{once("c", `"db"`, "02:30", "04:30"), "the window b (mw_"},
		{once("d", `"web","dbb"`, "08:00", "09:00"), "no heartbeat has the tag dbb"},
		{daily(`"db"`, `,"for_secs":3600`), ""},
		{daily(`"db"`, `,"for_secs":3600,"tz":"UTC"`), "the window nightly (mw_"},
		{daily(`"db"`, `,"for_secs":3601`), ""},
		{daily(`"web"`, `,"for_secs":3600`), ""},
	} {
		got := warnings(x.body)
		if x.want == "" && len(got) > 0 || x.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], x.want)) {
			t.Errorf("%s: %q, want %q", x.body, got, x.want)
		}
	}
	if a := r.call("GET", "/v1/windows", ""); strings.Contains(a.body, "warnings") {
		t.Errorf("the list warns: %s", a.body)
	}
	b := r.browse(testKey)
	plan := func(tags string) string {
		a := b.submit("/ui/windows", "/ui/windows", "name=n&when=schedule&schedule=0+3+*+*+*&length=1h&tags="+tags)
		return string(a.header.Peek("Location"))
	}
	for _, x := range [][2]string{{"db", "did=planned"}, {"db", "did=planned-twice"}, {"typo", "did=planned-idle"}} {
		if got := plan(x[0]); !strings.HasSuffix(got, x[1]) {
			t.Errorf("the form with the tag %s: %s, want %s", x[0], got, x[1])
		}
	}
	pageHas(t, b.get("/ui/windows?did=planned-idle"), 200, "that no heartbeat has")
}
