package api

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestDependencies: slugs, IDs and tags are taken and shown, everything else is refused in words.
func TestDependencies(t *testing.T) {
	r := newRig(t)
	root := r.create(`{"name":"root"}`)
	other := r.create(`{"name":"other","tags":["db"]}`)
	leaf := r.create(fmt.Sprintf(`{"name":"leaf","depends_on":["root","%s","tag:web"]}`, other.ID))
	if got := fmt.Sprint(leaf.DependsOn, root.DependsOn); got != "[root other tag:web] []" {
		t.Errorf("shown as %s", got)
	}
	back := r.call("PATCH", "/v1/heartbeats/"+leaf.ID, `{"depends_on":["root","other","tag:web"],"name":"leaves"}`)
	if got := decodeAs[heartbeatJSON](t, back.body); fmt.Sprint(got.DependsOn) != fmt.Sprint(leaf.DependsOn) {
		t.Errorf("sent back: %s", back.body)
	}
	r.call("PATCH", "/v1/heartbeats/"+root.ID, `{"slug":"renamed"}`)
	put := r.call("PUT", "/v1/heartbeats/by-slug/leaf", `{"depends_on":["renamed"]}`)
	if got := decodeAs[heartbeatJSON](t, put.body); fmt.Sprint(got.DependsOn) != "[renamed]" {
		t.Errorf("put: %s", put.body)
	}
	twenty := strings.Repeat(`"renamed",`, 20)
	for body, want := range map[string]string{
		`{"depends_on":["leaf"]}`:                              `depends_on makes a circle: renamed → leaf → renamed`,
		`{"depends_on":["renamed"]}`:                           `depends_on makes a circle: renamed → renamed`,
		`{"depends_on":["nobody"]}`:                            `depends_on[0] is \"nobody\"; there is no heartbeat of this slug or ID`,
		`{"depends_on":["tag:"]}`:                              `a tag is written tag:NAME`,
		`{"depends_on":["tag:a\u202eb"]}`:                      `depends_on[0]: tag`,
		`{"depends_on":["other","` + other.ID + `"]}`:          `depends_on[1] repeats hb_`,
		`{"depends_on":["tag:x"],"tags":["x"]}`:                `depends_on[0] is tag:x, and the heartbeat has this tag itself`,
		`{"depends_on":[` + twenty + `"renamed"]}`:             `depends_on has 21 entries; it may have 20`,
		`{"depends_on":"renamed"}`:                             `depends_on`,
		`{"depends_on":[1]}`:                                   `depends_on`,
		`{"depends_on":["\ud800"]}`:                            `depends_on[0]`,
		`{"depends_on":["` + strings.Repeat("x", 9999) + `"]}`: `there is no heartbeat of this slug or ID`,
	} {
		if a := r.call("PATCH", "/v1/heartbeats/"+root.ID, body); a.status != 400 || !strings.Contains(a.body, want) || len(a.body) > 500 {
			t.Errorf("%.100s: %d %s", body, a.status, a.body)
		}
	}
	r.call("PATCH", "/v1/heartbeats/"+other.ID, `{"depends_on":["leaf"]}`)
	made := r.call("POST", "/v1/heartbeats", `{"name":"new","tags":["web"],"depends_on":["leaf"]}`)
	closed := r.call("PATCH", "/v1/heartbeats/"+leaf.ID, `{"depends_on":["tag:db","tag:web"]}`)
	if made.status != 201 || closed.status != 400 || !strings.Contains(closed.body, "leaf → tag:db (other) → leaf") {
		t.Errorf("%d, %d %s", made.status, closed.status, closed.body)
	}
	r.call("DELETE", "/v1/heartbeats/"+root.ID, "")
	if got := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+leaf.ID, "").body); len(got.DependsOn) != 0 {
		t.Errorf("a deleted one is shown: %v", got.DependsOn)
	}
}

// TestAHeartbeatsFormNamesDependencies by slug, keeps what was typed, and says beside the field what is wrong.
func TestAHeartbeatsFormNamesDependencies(t *testing.T) {
	r := newRig(t)
	b := r.browse(testKey)
	root := r.create(`{"name":"root"}`)
	h := r.create(`{"name":"leaf","depends_on":["root"]}`)
	page := "/ui/heartbeats/" + h.ID
	pageHas(t, b.get(page+"/edit"), 200, "Depends on", "\nroot</textarea>")
	fields := "version=1&name=leaf&every=1h&grace=1m&threshold=1&slug=leaf&depends_on="
	pageHas(t, b.submit(page+"/edit", page+"/edit", fields+"nobody"), 422, "\nnobody</textarea>", "there is no heartbeat of this slug or ID")
	if a := b.submit(page+"/edit", page+"/edit", fields+"tag:db%0D%0Aroot"); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body); fmt.Sprint(got.DependsOn) != "[tag:db root]" {
		t.Errorf("%v", got.DependsOn)
	}
	page = "/ui/heartbeats/" + root.ID
	pageHas(t, b.submit(page+"/edit", page+"/edit", "version=1&name=root&every=1h&grace=1m&threshold=1&slug=root&depends_on=leaf"), 422, "root → leaf → root")
	pageHas(t, b.submit("/ui/heartbeats/new", "/ui/heartbeats/new", "name=db&every=1h&grace=1m&threshold=1&tags=db&depends_on=leaf"), 422, "db → leaf → tag:db (db)")
}

// TestAHeartbeatsPageShowsDependencies: what it depends on, what depends on it, and what its alert waits for; the API, too.
func TestAHeartbeatsPageShowsDependencies(t *testing.T) {
	r := newRig(t)
	b := r.browse(testKey)
	root := r.create(`{"name":"ro<b>ot","slug":"root","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["x@example.com"]}`)
	leaf := r.create(`{"name":"leaf","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["x@example.com"],"depends_on":["root","tag:db"]}`)
	pageHas(t, b.get("/ui/heartbeats/"+root.ID), 200, "What depends on it", leaf.ID, "leaf")
	pageHas(t, b.get("/ui/heartbeats/"+leaf.ID), 200, "Depends on", "ro<b>ot", "each with the tag")
	r.cluster.pass(3 * time.Second)
	pageHas(t, b.get("/ui/heartbeats/"+leaf.ID), 200, "(failing)", "waits for ro<b>ot, which it depends on")
	alerts := r.call("GET", "/v1/alerts?heartbeat_id="+leaf.ID, "").body
	if !strings.Contains(alerts, `"waits_for":{"for":"dependency","id":"`+root.ID+`"`) {
		t.Error(alerts)
	}
	if a := r.call("GET", "/v1/heartbeats/"+leaf.ID+"/explain", ""); a.status != 200 || !strings.Contains(a.body, `"reason":"dependency"`) {
		t.Error(a.body)
	}
}
