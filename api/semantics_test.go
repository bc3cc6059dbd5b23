package api

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestAnEditLeavesOutWhatIsToStay(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"Nightly Sync!","interval_secs":60,"grace_secs":30,"tags":["a"],"email":["ops@example.com"]}`)
	if h.Slug != "nightly-sync" {
		t.Errorf("slug %q", h.Slug)
	}
	a := r.call("PATCH", "/v1/heartbeats/"+h.ID, `{"grace_secs":0,"tags":[]}`)
	got := decodeAs[heartbeatJSON](t, a.body)
	if a.status != 200 || got.GraceSecs != 0 || len(got.Tags) != 0 {
		t.Errorf("zero and [] are values, not absence: %d %s", a.status, a.body)
	}
	if got.Name != h.Name || got.Slug != h.Slug || *got.IntervalSecs != 60 || len(got.Email) != 1 || got.MissThreshold != 2 {
		t.Errorf("an edit changed what it did not name: %s", a.body)
	}
	again := decodeAs[heartbeatJSON](t, r.call("PATCH", "/v1/heartbeats/"+h.ID, `{"grace_secs":0}`).body)
	if again.Version != got.Version {
		t.Errorf("an edit of nothing made version %d of %d", again.Version, got.Version)
	}
}

// TestAnEditWithAStatusIsAllOrNothing sends both with a version that is not the
// current one, and with a field that is out of its limits.
func TestAnEditWithAStatusIsAllOrNothing(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	before := r.cluster.picture()
	for body, status := range map[string]int{
		`{"name":"y","status":"paused"}`:          409,
		`{"interval_secs":0,"status":"paused"}`:   400,
		`{"name":"y","status":"failing"}`:         400,
		`{"status":"paused","name":"y","typo":1}`: 400,
	} {
		if a := r.call("PATCH", "/v1/heartbeats/"+h.ID, body, "If-Match", `"9"`); a.status != status {
			t.Errorf("%s: %d %s, want %d", body, a.status, a.body, status)
		}
	}
	if after := r.cluster.picture(); after != before {
		t.Errorf("%s became\n%s", before, after)
	}
}

func TestIfMatchIsTakenQuotedAndPlain(t *testing.T) {
	r := newRig(t)
	path := "/v1/heartbeats/" + r.create(`{"name":"x"}`).ID
	for form, status := range map[string]int{
		`1`: 200, `"1"`: 200, `W/"1"`: 200, `*`: 200,
		`2`: 409, `"2"`: 409, `0`: 400, `x`: 400, `-1`: 400, `"1", "2"`: 400,
	} {
		if a := r.call("PATCH", path, `{}`, "If-Match", form); a.status != status {
			t.Errorf("If-Match %s: %d %s, want %d", form, a.status, a.body, status)
		}
	}
	for _, step := range []string{"/pause", "/resume"} {
		if a := r.call("POST", path+step, "", "If-Match", `"99"`); a.status != 409 {
			t.Errorf("%s of another version: %d", step, a.status)
		}
	}
	if a := r.call("DELETE", path, "", "If-Match", `"99"`); a.status != 409 {
		t.Errorf("a deletion of another version: %d", a.status)
	}
	if a := r.call("GET", path, ""); string(a.header.Peek("ETag")) != `"1"` {
		t.Errorf("ETag %q", a.header.Peek("ETag"))
	}
}

func TestAnUnarmedHeartbeatExpectsNothing(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x","arm":"first_ping"}`)
	if h.NextExpectedAt != nil {
		t.Errorf("expected at %s before its first ping", *h.NextExpectedAt)
	}
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "")
	if got := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body); got.NextExpectedAt == nil {
		t.Error("nothing is expected after the first ping")
	}
}

// TestStaleReadsNeedNoLeader reads what a node has; any other read says 503.
func TestStaleReadsNeedNoLeader(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	r.cluster.fail(fsm.ErrNoLeader)
	for _, path := range []string{
		"/v1/heartbeats", "/v1/heartbeats/" + h.ID, "/v1/heartbeats/" + h.ID + "/pings", "/v1/alerts", "/v1/incidents", "/v1/keys",
	} {
		if a := r.call("GET", path+"?consistency=stale", ""); a.status != 200 {
			t.Errorf("%s stale: %d %s", path, a.status, a.body)
		}
		if a := r.call("GET", path, ""); a.status != 503 || len(a.header.Peek("Retry-After")) == 0 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// TestAPingKeyMayDoNothingHere tries it on every route that needs a key.
func TestAPingKeyMayDoNothingHere(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	key := decodeAs[keyJSON](t, r.call("POST", "/v1/keys", `{"name":"k","scope":"ping"}`).body)
	before := r.cluster.picture()
	for _, rt := range routes {
		path := strings.NewReplacer("{id}", h.ID, "{node}", "alpha").Replace(rt.pattern)
		want := map[bool]int{true: 200, false: 403}[rt.needs == anyone]
		if isPublic([]byte(rt.pattern)) {
			want = 404 // nothing is published, and no link was signed
		}
		if a := r.call(rt.method, path, `{"name":"y"}`, "Authorization", "Bearer "+key.Key); a.status != want {
			t.Errorf("%s %s: %d, want %d", rt.method, path, a.status, want)
		}
		if a := r.call(rt.method, path, `{"name":"y"}`, "Authorization", ""); rt.needs != anyone && a.status != 401 {
			t.Errorf("%s %s without a key: %d", rt.method, path, a.status)
		}
	}
	if after := r.cluster.picture(); after != before {
		t.Errorf("%s became\n%s", before, after)
	}
}

// TestAPauseSaysHowItEnds: whoever asks for an end must not get a pause without one.
func TestAPauseSaysHowItEnds(t *testing.T) {
	r := newMemoryRig(t)
	h := r.create(`{"name":"job"}`)
	path := "/v1/heartbeats/" + h.ID
	for body, words := range map[string]string{
		`{"x":1}`:                           `unknown field \"x\"`,
		`{"For_Secs":7200}`:                 `unknown field`,
		`[]`:                                `send an object`,
		`7200`:                              `send an object`,
		`null`:                              `send an object`,
		`{"for_secs":null}`:                 `for_secs is null; leave it out`,
		`{"until":null}`:                    `until is null; leave it out`,
		`{"for_secs":60,"until":null}`:      `until is null; leave it out`,
		`{"for_secs":7200,"for_secs":1}`:    `is there twice`,
		`{"for_secs":0}`:                    `for_secs is 0; it must be 1 to 31622400`,
		`{"for_secs":-1}`:                   `for_secs is -1`,
		`{"for_secs":31622401}`:             `for_secs is 31622401`,
		`{"for_secs":9223372036854775807}`:  `for_secs is 9223372036854775807`,
		`{"for_secs":18446744073709558816}`: `for_secs is a JSON number`,
		`{"for_secs":1.5}`:                  `for_secs is a JSON number 1.5; it must be a whole number`,
		`{"for_secs":"2h"}`:                 `for_secs is a JSON string; it must be a whole number`,
		`{"until":7200}`:                    `until is a JSON number; it must be a string`,
		`{"until":"tomorrow"}`:              `until is \"tomorrow\"; it must be a time like`,
		`{"until":""}`:                      `until is \"\"`,
		`{"until":"2027-02-30T08:00:00Z"}`:  `it must be a time like`,
		`{"until":"2027-02-03T08:00:00"}`:   `it must be a time like`,
		`{"until":"2020-01-01T00:00:00Z"}`:  `it must be after now`,
		`{"until":"0001-01-01T00:00:00Z"}`:  `it must be a time like`,
		`{"until":"9999-01-01T00:00:00Z"}`:  `within 366 days`,
		`{"for_secs":7200,"until":"2027-01-01T00:00:00Z"}`: `send one of them`,
		"{\"until\":\"\xff\"}":                             `not valid UTF-8`,
	} {
		if a := r.call("POST", path+"/pause", body); a.status != 400 || !strings.Contains(a.body, words) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if a := r.call("GET", path, ""); !strings.Contains(a.body, `"status":"active"`) || !strings.Contains(a.body, `"paused_until":null`) {
		t.Errorf("it was paused: %s", a.body)
	}
	for _, body := range []string{"", " ", "{}"} {
		for _, method := range []string{"POST", "PATCH"} {
			if a := r.call(method, path+"/pause", body); a.status != 200 || !strings.Contains(a.body, `"paused_until":null`) {
				t.Errorf("%s %q: %d %s", method, body, a.status, a.body)
			}
		}
	}
	now := r.cluster.store.LastWall()
	end := func(d time.Duration) string { return now.Add(d).UTC().Format("2006-01-02T15:04:05.000Z") }
	until := now.Add(time.Hour).In(time.FixedZone("", 7200)).Format("2006-01-02T15:04:05.000Z07:00")
	if a := r.call("POST", path+"/pause", `{"until":"`+until+`"}`); a.status != 200 || !strings.Contains(a.body, `"paused_until":"`+end(time.Hour)+`"`) {
		t.Errorf("until %s: %d %s", until, a.status, a.body)
	}
	h = decodeAs[heartbeatJSON](t, r.call("POST", path+"/pause", `{"for_secs":7200}`).body)
	if h.PausedUntil == nil || *h.PausedUntil < end(2*time.Hour) || *h.PausedUntil > end(2*time.Hour+time.Minute) {
		t.Errorf("for two hours from %v: %v", now, h.PausedUntil)
	}
	if a := r.call("POST", path+"/pause", `{"for_secs":60}`, "If-Match", `"1"`); a.status != 409 {
		t.Errorf("of another version: %d %s", a.status, a.body)
	}
	if same := decodeAs[heartbeatJSON](t, r.call("PATCH", path, `{"status":"paused"}`).body); same.Version != h.Version || *same.PausedUntil != *h.PausedUntil {
		t.Errorf("what was read, sent back, changed it: %+v", same)
	}
	if a := r.call("POST", path+"/resume", ""); !strings.Contains(a.body, `"status":"active"`) || !strings.Contains(a.body, `"paused_until":null`) {
		t.Errorf("after a resume: %s", a.body)
	}
}

// TestWhatTakesNoFieldsRefusesThem: a hold that was asked to end must not be one without an end.
func TestWhatTakesNoFieldsRefusesThem(t *testing.T) {
	r := newMemoryRig(t)
	h := r.create(`{"name":"job"}`)
	channel := decodeAs[struct{ ID string }](t, r.call("POST", "/v1/channels", `{"name":"ops","kind":"webhook","url":"https://example.com/"}`).body).ID
	alert := "/v1/alerts/" + fsm.AlertID{1}.String()
	for _, path := range []string{"/v1/heartbeats/" + h.ID + "/resume", alert + "/retry", alert + "/deliver", alert + "/hold", alert + "/cancel", "/v1/channels/" + channel + "/test"} {
		if a := r.call("POST", path, `{"for_secs":60}`); a.status != 400 || !strings.Contains(a.body, `unknown field \"for_secs\"`) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, body := range []string{"", "{}"} {
		if a := r.call("POST", "/v1/heartbeats/"+h.ID+"/resume", body); a.status != 200 {
			t.Errorf("resume with %q: %d %s", body, a.status, a.body)
		}
	}
}

// TestLateIsPastDueAndNotYetAMiss: a heartbeat is late from when it is due on, while it is neither
// paused nor failing, nor new and unarmed.
func TestLateIsPastDueAndNotYetAMiss(t *testing.T) {
	var ahead atomic.Int64
	r := newRigWith(t, func(c *Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } }, func(*Server) {})
	due, paused, failing := r.create(`{"name":"due","interval_secs":60}`), r.create(`{"name":"paused","interval_secs":60}`), r.create(`{"name":"failing","interval_secs":60}`)
	unarmed, later := r.create(`{"name":"unarmed","interval_secs":60,"arm":"first_ping"}`), r.create(`{"name":"later","interval_secs":3600}`)
	r.call("POST", "/v1/heartbeats/"+paused.ID+"/pause", "")
	r.call("POST", "/v1/heartbeats/"+failing.Token+"/ping/fail", "")
	late := func() (names []string) {
		list := decodeAs[struct{ Heartbeats []map[string]any }](t, r.call("GET", "/v1/heartbeats", "").body)
		for _, h := range list.Heartbeats {
			if is, told := h["late"].(bool); !told {
				t.Errorf("%v does not say whether it is late", h["name"])
			} else if is {
				names = append(names, h["name"].(string))
			}
		}
		return names
	}
	if got := late(); got != nil {
		t.Errorf("%q are late before anything is due", got)
	}
	ahead.Store(int64(5 * time.Minute))
	if got := late(); !slices.Equal(got, []string{"due"}) {
		t.Errorf("%q are late, want due alone, and not %s nor %s", got, unarmed.Name, later.Name)
	}
	if h := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+due.ID, "").body); !h.Late {
		t.Error("by itself it is not late")
	}
}
