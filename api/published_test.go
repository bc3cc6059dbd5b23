package api

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

const publishedFor = "Authorization" // with "": as anybody

func (r *rig) publish(path, body string) answer {
	r.t.Helper()
	a := r.call("POST", path, body)
	if a.status != 201 {
		r.t.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	return a
}

// TestAStatusPageTellsNoSecret looks in everything that anybody gets for what they may not see.
func TestAStatusPageTellsNoSecret(t *testing.T) {
	r := newMemoryRig(t)
	named := r.create(`{"name":"hush-name","tags":["secret-tag"],"email":["ops@secret.example"],"owner":"hush-owner","runbook_url":"https://secret.example/x","slug":"hush-slug","description":"hush-words"}`)
	tagged := r.create(`{"name":"job <10> & \"more\"","tags":["shown","secret-tag"],"email":["ops@secret.example"]}`)
	r.create(`{"name":"unpublished","tags":["other"]}`)
	r.call("POST", "/v1/heartbeats/"+tagged.Token+"/ping/3", "hush-body")
	began := r.cluster.store.LastWall()
	testkit.Eventually(t, "there is a time to tell the uptime of", func() bool {
		r.call("POST", "/v1/heartbeats/"+named.Token+"/ping", "")
		return r.cluster.store.LastWall().After(began)
	})
	page := decodeAs[statusPageJSON](t, r.publish("/v1/status-pages", `{"title":"Our <jobs>","slug":"ours","tags":["shown"],"heartbeats":[{"id":"`+named.ID+`","alias":"Backups & more"}]}`).body)
	one := decodeAs[badgeJSON](t, r.publish("/v1/badges", `{"heartbeat_id":"`+tagged.ID+`"}`).body)
	all := decodeAs[badgeJSON](t, r.publish("/v1/badges", `{"tag":"shown","label":"jobs"}`).body)
	if one.Heartbeat == nil || *one.Heartbeat != "job <10> & \"more\"" || all.Heartbeat != nil {
		t.Errorf("badges of %v and %v", one.Heartbeat, all.Heartbeat)
	}
	if !strings.HasSuffix(page.URL, "/status/ours") || page.CreatedAt == nil || len(page.Heartbeats) != 1 || one.Tag != nil || all.HeartbeatID != nil {
		t.Errorf("%+v %+v %+v", page, one, all)
	}
	path := func(url string) string { return url[strings.Index(url, "/badge/"):] }
	for _, p := range []string{"/status/ours", path(one.SVGURL), path(one.JSONURL), path(all.SVGURL), path(all.JSONURL)} {
		a := r.call("GET", p, "", publishedFor, "")
		if a.status != 200 || !strings.HasPrefix(string(a.header.Peek("Cache-Control")), "public, max-age=30") || string(a.header.Peek("X-Content-Type-Options")) != "nosniff" {
			t.Errorf("%s: %d %s", p, a.status, a.header.Peek("Cache-Control"))
		}
		for _, secret := range []string{
			"hush-", "secret", "unpublished", "other", "ops@", named.ID, tagged.ID, named.Token, tagged.Token, testKey, "127.0.0.1",
			"hb_", "al_", "<10>", "<jobs>", "style=", "<script",
		} {
			if strings.Contains(a.body, secret) {
				t.Errorf("%s has %q:\n%s", p, secret, a.body)
			}
		}
		if head := r.call("HEAD", p, "", publishedFor, ""); head.status != 200 || head.body != "" {
			t.Errorf("HEAD %s: %d %q", p, head.status, head.body)
		}
	}
	a := r.call("GET", "/status/ours", "", publishedFor, "")
	for _, want := range []string{"<title>1 of 2 is failing · Our &lt;jobs&gt;", "Our &lt;jobs&gt;", "Backups &amp; more", "job &lt;10&gt; &amp; &#34;more&#34;", "1 of 2 is failing.", "100 % so far", "and it goes on", `class="days"`} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page lacks %q:\n%s", want, a.body)
		}
	}
	for rest := a.body; ; { // and all that the page links to
		_, after, found := strings.Cut(rest, ` href="`)
		if !found {
			break
		}
		link, _, _ := strings.Cut(after, `"`)
		if a := r.call("GET", link, "", publishedFor, ""); a.status != 200 || !strings.HasPrefix(link, "/status/assets/") {
			t.Errorf("%s: %d", link, a.status)
		}
		rest = after
	}
}

func TestBadgesAreWellFormed(t *testing.T) {
	r := newMemoryRig(t)
	for _, name := range []string{`a <b> & \"c\" 'd'`, "שלום", "日本 👩‍💻", "a\uffffb", strings.Repeat("long ", 40)} {
		h := r.create(`{"name":"` + name + `"}`)
		b := decodeAs[badgeJSON](t, r.publish("/v1/badges", `{"heartbeat_id":"`+h.ID+`"}`).body)
		at := "/badge/" + b.ID
		a := r.call("GET", at+".svg", "", publishedFor, "")
		if string(a.header.ContentType()) != "image/svg+xml" || len(a.body) > 3000 {
			t.Errorf("%s: %s, %d bytes", name, a.header.ContentType(), len(a.body))
		}
		for d := xml.NewDecoder(strings.NewReader(a.body)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: %v in %s", name, err, a.body)
				break
			}
		}
		var shield map[string]any
		if a := r.call("GET", at+".json", "", publishedFor, ""); json.Unmarshal([]byte(a.body), &shield) != nil || shield["schemaVersion"] != 1.0 || shield["message"] != "new" || shield["color"] != "blue" {
			t.Errorf("%s: %s", name, a.body)
		}
		r.call("POST", "/v1/heartbeats/"+h.Token+"/ping/fail", "")
		if a := r.call("GET", at+".json", "", publishedFor, ""); !strings.Contains(a.body, `"failing"`) || !strings.Contains(a.body, `"isError":true`) {
			t.Errorf("%s fails: %s", name, a.body)
		}
	}
}

// TestWhatIsTakenBackIsGone: at once, and answered as what never was.
func TestWhatIsTakenBackIsGone(t *testing.T) {
	r := newMemoryRig(t)
	h := r.create(`{"name":"x","tags":["t"]}`)
	r.publish("/v1/status-pages", `{"title":"One","tags":["t"]}`)
	b := decodeAs[badgeJSON](t, r.publish("/v1/badges", `{"heartbeat_id":"`+h.ID+`"}`).body)
	if a := r.call("GET", "/status/one", "", publishedFor, ""); a.status != 200 {
		t.Fatalf("%d", a.status)
	}
	if a := r.call("POST", "/v1/status-pages", `{"title":"Another","slug":"one","tags":["t"]}`); a.status != 409 || !strings.Contains(a.body, "take it back") {
		t.Errorf("a slug that is taken: %d %s", a.status, a.body)
	}
	for _, path := range []string{"/v1/status-pages/one", "/v1/badges/" + b.ID} {
		if a := r.call("DELETE", path, ""); a.status != 204 {
			t.Errorf("%s: %d", path, a.status)
		}
		if a := r.call("DELETE", path, ""); a.status != 404 {
			t.Errorf("%s again: %d", path, a.status)
		}
	}
	unknown := r.call("GET", "/status/never", "", publishedFor, "")
	for _, path := range []string{"/status/one", "/badge/" + b.ID + ".svg", "/badge/" + b.ID + ".json", "/badge/" + fsm.BadgeID{9}.String() + ".svg", "/badge/x", "/status/ONE"} {
		if a := r.call("GET", path, "", publishedFor, ""); a.status != 404 || a.body != unknown.body || string(a.header.Peek("Cache-Control")) != string(unknown.header.Peek("Cache-Control")) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	var pages []string
	for _, path := range []string{"/status/one", "/status/never", "/status/ONE", "/status/a/b", "/status/", "/badge/" + b.ID + ".svg"} {
		a := r.call("GET", path, "", publishedFor, "", "Accept", "text/html,*/*")
		if a.status != 404 || !strings.HasPrefix(string(a.header.ContentType()), "text/html") || strings.Count(a.body, "<h1>") != 1 || !strings.Contains(string(a.header.Peek("Content-Security-Policy")), "default-src 'none'") {
			t.Errorf("%s for a browser: %d %s", path, a.status, a.body)
		}
		if pages = append(pages, a.body); a.body != pages[0] {
			t.Errorf("%s is told of otherwise than what never was", path)
		}
	}
	if a := r.call("POST", "/status/one", "", publishedFor, "", "Accept", "text/html"); a.status != 405 || !strings.Contains(a.body, "<h1>") {
		t.Errorf("%d %s", a.status, a.body)
	}
	r.publish("/v1/status-pages", `{"title":"Two","slug":"one","tags":["t"]}`)
	if a := r.call("GET", "/status/one", "", publishedFor, ""); a.status != 200 || !strings.Contains(a.body, "Two") {
		t.Errorf("another page of the same slug: %d %s", a.status, a.body)
	}
}

func TestOddPublications(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	for path, bodies := range map[string][]string{
		"/v1/status-pages": {
			`{}`, `{"title":"x"}`, `{"title":"","tags":["a"]}`, `{"title":"x","tags":["a"],"slug":"A B"}`, `{"title":"x","tags":[""]}`, `{"title":"x","tags":"a"}`,
			`{"title":"x","heartbeats":["` + h.ID + `"]}`, `{"title":"x","heartbeats":[{"id":"` + h.ID + `"},{"id":"` + h.ID + `"}]}`, `{"title":"x","heartbeats":[{"id":"hb_x"}]}`,
			`{"title":"x","heartbeats":[{"id":"hb_000000000000000000000000"}]}`, `{"title":"x","heartbeats":[{"id":"` + h.ID + `","alias":"a\nb"}]}`, `{"title":"x\u202e","tags":["a"]}`, `{"title":"x","tags":["a"],"color":"red"}`,
		},
		"/v1/badges": {`{}`, `{"heartbeat_id":"` + h.ID + `","tag":"a"}`, `{"heartbeat_id":"nonsense"}`, `{"tag":"` + strings.Repeat("x", 65) + `"}`, `{"tag":"a","label":"` + strings.Repeat("x", 201) + `"}`, `{"tag":1}`},
	} {
		for _, body := range bodies {
			if a := r.call("POST", path, body); a.status != 400 {
				t.Errorf("%s %s: %d %s", path, body, a.status, a.body)
			}
		}
	}
}

func TestWhatAListOfHeartbeatsMustBe(t *testing.T) {
	r := newRig(t)
	for heartbeats, want := range map[string]string{
		`"hb_1"`:                `heartbeats is a JSON string; it must be an array of objects`,
		`["hb_1"]`:              `heartbeats has a JSON string in it; it must be an array of objects`,
		`[{"ID":"hb_1"}]`:       `unknown field \"ID\"`,
		`[{"id":7}]`:            `heartbeats.id is a JSON number; it must be a string`,
		`[{"name":"x"}]`:        `unknown field \"name\"`,
		`[{"id":"a","id":"b"}]`: `the field \"id\" is there twice`,
	} {
		if a := r.call("POST", "/v1/status-pages", `{"title":"x","heartbeats":`+heartbeats+`}`); a.status != 400 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s, want %s", heartbeats, a.status, a.body, want)
		}
	}
	if a := r.call("POST", "/v1/status-pages", `{"title":"x","tags":[7]}`); !strings.Contains(a.body, "tags has a JSON number in it; it must be an array of strings") {
		t.Error(a.body)
	}
}

// TestAPageOfManyIsQuickAndKept: a million are too many for a test; the scan's cost is told.
func TestAPageOfManyIsQuickAndKept(t *testing.T) {
	const jobs = 20_000
	r := newMemoryRig(t)
	for n := range jobs {
		spec := fsm.Spec{Name: "job", Slug: "job", Interval: 3600, Threshold: 1, Arm: fsm.ArmCreated, Tags: []string{"t"}}
		if _, err := r.cluster.Propose(t.Context(), fsm.Create{ID: fsm.HeartbeatID{1, byte(n >> 16), byte(n >> 8), byte(n)}, Token: fsm.Token{1, byte(n >> 16), byte(n >> 8), byte(n)}, Spec: spec}); err != nil {
			t.Fatal(err)
		}
	}
	r.publish("/v1/status-pages", `{"title":"All","tags":["t"]}`)
	began := time.Now()
	a := r.call("GET", "/status/all", "", publishedFor, "", "Accept-Encoding", "gzip")
	first := time.Since(began)
	if a.status != 200 || string(a.header.Peek("Content-Encoding")) != "gzip" || len(a.body) > 100<<10 {
		t.Errorf("%d, %d bytes", a.status, len(a.body))
	}
	began = time.Now()
	const many = 200
	for range many {
		if again := r.call("GET", "/status/all", "", publishedFor, "", "Accept-Encoding", "gzip"); again.body != a.body {
			t.Fatal("it is made anew")
		}
	}
	t.Logf("%d heartbeats: %v at first, then %v; %d bytes", jobs, first, time.Since(began)/many, len(a.body))
	if plain := r.call("GET", "/status/all", "", publishedFor, ""); !strings.Contains(plain.body, "And 19800 more") {
		t.Error("the others are not counted")
	}
}

func TestPublishingByForms(t *testing.T) {
	r := newMemoryRig(t)
	r.create(`{"name":"Nightly <b>","tags":["t"]}`)
	b := r.browse(testKey)
	const at = "/ui/published"
	for form, want := range map[string]string{
		"title=":                      "title is empty",
		"title=One&tags=t&slug=A B":   "address is",
		"title=One&heartbeats=nobody": "o heartbeat has the slug",
		"title=One <i>":               "both empty",
	} {
		if a := b.submit(at, at+"/pages", form); a.status != 422 || !strings.Contains(strings.ToLower(a.body), want) || strings.Contains(a.body, "<i>") {
			t.Errorf("%s: %d %s", form, a.status, a.body)
		}
	}
	if a := b.submit(at, at+"/badges", "heartbeat=nightly-b&tag=t"); a.status != 422 || !strings.Contains(a.body, "either") || !strings.Contains(a.body, `value="nightly-b"`) {
		t.Errorf("a badge of both: %d %s", a.status, a.body)
	}
	if a := b.submit(at, at+"/pages", "title=Our+jobs&heartbeats=nightly-b+%3D+Backups%0D%0A"); a.status != 303 {
		t.Fatalf("a page: %d %s", a.status, a.body)
	}
	if a := b.submit(at, at+"/badges", "tag=t&label=jobs"); a.status != 303 {
		t.Fatalf("a badge: %d %s", a.status, a.body)
	}
	if a := b.submit(at, at+"/pages", "title=&slug=A B&tags="+strings.Repeat("t", 65)+"&heartbeats=nobody"); strings.Count(a.body, "<strong>") != 4 {
		t.Errorf("four mistakes are not told at once: %s", a.body)
	}
	if a := b.submit(at, at+"/badges", "heartbeat=nobody&tag=t&label="+strings.Repeat("l", 201)); strings.Count(a.body, "<strong>") != 2 {
		t.Errorf("two mistakes are not told at once: %s", a.body)
	}
	if a := b.submit(at, at+"/pages", "title=Our+jobs&tags=t"); a.status != 422 || !strings.Contains(a.body, "Another page has this address") || !strings.Contains(a.body, "<title>Not published: Published") {
		t.Errorf("an address that is taken: %d %s", a.status, a.body)
	}
	badge := r.server.store.Badges()[0].ID.String()
	a := b.get(at)
	for _, want := range []string{"<title>Published · ", `href="/status/our-jobs"`, `src="/badge/` + badge + `.svg"`, "tag t"} {
		if a.status != 200 || !strings.Contains(a.body, want) {
			t.Errorf("the page lacks %s: %d %s", want, a.status, a.body)
		}
	}
	if a := r.call("GET", "/status/our-jobs", "", publishedFor, ""); !strings.Contains(a.body, "Backups") {
		t.Errorf("the status page: %d %s", a.status, a.body)
	}
	for path, words := range map[string]string{"/pages/our-jobs/revoke": "<title>Take Our jobs back?", "/badges/" + badge + "/revoke": "Take the badge of tag t back?"} {
		if a := b.get(at + path); a.status != 200 || !strings.Contains(a.body, words) {
			t.Errorf("%s is not asked about: %d %s", path, a.status, a.body)
		}
	}
	for _, path := range []string{"/pages/our-jobs/revoke", "/badges/" + badge + "/revoke"} {
		if a := b.submit(at, at+path, ""); a.status != 303 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := b.get(at + "?did=unpublished"); strings.Count(a.body, "There are none.") != 2 || !strings.Contains(a.body, "It was taken back") {
		t.Errorf("after all was taken back: %s", a.body)
	}
}

// TestANodeThatIsCutOffShowsNoPage: it would say for ever that all is well.
func TestANodeThatIsCutOffShowsNoPage(t *testing.T) {
	r := newMemoryRig(t)
	node := &silent{fakeCluster: r.cluster}
	r.server.useCluster(node)
	h := r.create(`{"name":"job","tags":["shown"]}`)
	r.publish("/v1/status-pages", `{"title":"Jobs","slug":"ours","tags":["shown"]}`)
	b := decodeAs[badgeJSON](t, r.publish("/v1/badges", `{"heartbeat_id":"`+h.ID+`"}`).body)
	for _, p := range []string{"/status/ours", "/badge/" + b.ID + ".svg", "/badge/" + b.ID + ".json"} {
		node.since.Store(int64(9 * time.Second))
		if a := r.call("GET", p, "", publishedFor, ""); a.status != 200 {
			t.Errorf("%s: %d %s", p, a.status, a.body)
		}
		node.since.Store(int64(11 * time.Second))
		a := r.call("GET", p, "", publishedFor, "")
		if a.status != 503 || !strings.Contains(a.body, `"no_leader"`) || strings.Contains(string(a.header.Peek("Cache-Control")), "public") {
			t.Errorf("%s of a node that is cut off: %d %q %s", p, a.status, a.header.Peek("Cache-Control"), a.body)
		}
	}
}
