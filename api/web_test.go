package api

import (
	"encoding/binary"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// browser signs in and keeps the cookie.
type browser struct {
	*rig
	cookie string
}

func (r *rig) browse(key string) *browser {
	r.t.Helper()
	b := &browser{rig: r}
	a := b.post("/ui/login", "key="+key)
	if a.status != 303 {
		r.t.Fatalf("signing in: %d %s", a.status, a.body)
	}
	b.cookie, _, _ = strings.Cut(string(a.header.PeekCookie("quorumbeat")), ";")
	return b
}

func (b *browser) get(path string) answer {
	return b.call("GET", path, "", "Authorization", "", "Cookie", b.cookie, "Accept", "text/html")
}

func (b *browser) post(path, form string) answer {
	return b.call("POST", path, form, "Authorization", "", "Cookie", b.cookie, "Content-Type", "application/x-www-form-urlencoded")
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// submit posts a form of a page, with the token that the page carries.
func (b *browser) submit(page, path, form string) answer {
	b.t.Helper()
	m := csrfField.FindStringSubmatch(b.get(page).body)
	if m == nil {
		b.t.Fatalf("no form on %s", page)
	}
	return b.post(path, form+"&csrf="+m[1])
}

func TestEveryPageIsShown(t *testing.T) {
	if a := newMemoryRig(t).browse(testKey).get("/ui/"); a.status != 200 || !strings.Contains(a.body, "Nothing is watched yet") {
		t.Errorf("an empty cluster: %d %s", a.status, a.body)
	}
	r := newMemoryRig(t)
	b := r.browse(testKey)
	h := r.create(`{"name":"<script>alert(1)</script> & \"x\" שלום","tags":["<b>","db"]}`)
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "")
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping/start", "")
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping/3", "<i>out</i>")
	r.create(`{"name":"quiet"}`)
	odd := r.create(`{"name":"odd","checks":["body doesn't contain \"<script>alert(2)</script>\""]}`)
	r.call("POST", "/v1/heartbeats/"+odd.Token+"/ping", "<script>alert(2)</script>")
	for _, path := range []string{
		"/ui/", "/ui/?q=quiet&status=new&sort=due", "/ui/?tag=db", "/ui/heartbeats/new", "/ui/heartbeats/" + h.ID, "/ui/heartbeats/" + h.ID + "/edit",
		"/ui/heartbeats/" + odd.ID, "/ui/heartbeats/" + odd.ID + "/edit", "/ui/incidents", "/ui/heartbeats/" + h.ID + "/delete", "/ui/heartbeats/" + h.ID + "/rotate", "/ui/alerts", "/ui/alerts?state=pending", "/ui/keys", "/ui/cluster", "/ui/incidents", "/ui/channels", "/ui/channels/new", "/ui/channels/new?kind=webhook", "/ui/published",
	} {
		a := b.get(path)
		if a.status != 200 || !strings.Contains(a.body, "</html>") || strings.Count(a.body, "<h1>") != 1 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
		for _, bad := range []string{"<script>alert", "<i>out", "<b>\"", "style=", "onclick", "ZgotmplZ"} {
			if strings.Contains(a.body, bad) {
				t.Errorf("%s has %q", path, bad)
			}
		}
		for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
			if got := string(a.header.Peek(name)); !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	if a := b.get("/ui/events?once=1"); a.status != 200 || !strings.Contains(a.body, h.ID) {
		t.Errorf("what changed: %d %s", a.status, a.body)
	}
	if a := b.call("DELETE", "/ui/", "", "Authorization", "", "Cookie", b.cookie); a.status != 405 {
		t.Errorf("DELETE: %d", a.status)
	}
	if a := b.get("/ui/nosuch"); a.status != 404 {
		t.Errorf("no such page: %d", a.status)
	}
}

func TestPagesNeedASignIn(t *testing.T) {
	r := newMemoryRig(t)
	h := r.create(`{"name":"x"}`)
	stranger := &browser{rig: r}
	for _, path := range []string{"/ui/", "/ui/heartbeats/" + h.ID, "/ui/keys", "/ui/cluster", "/ui/nosuch"} {
		if a := stranger.get(path); a.status != 303 || !strings.HasPrefix(string(a.header.Peek("Location")), "/ui/login") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := stranger.get("/ui/events?once=1"); a.status != 401 {
		t.Errorf("events: %d", a.status)
	}
	if a := stranger.post("/ui/login", "key=wrong-key-wrong-key"); a.status != 401 || !strings.Contains(a.body, "not known") {
		t.Errorf("a wrong key: %d %s", a.status, a.body)
	}
	if a := stranger.post("/ui/login", "key="+r.makeKey(fsm.ScopePing).Key); a.status != 401 {
		t.Errorf("a key that only pings: %d", a.status)
	}
	stranger.cookie = "quorumbeat=AAAA"
	if a := stranger.get("/ui/"); a.status != 303 {
		t.Errorf("a made-up cookie: %d", a.status)
	}
	if a := r.plainly("GET", "/", ""); a.status != 404 {
		t.Errorf("/ for a program: %d", a.status)
	}
	if a := stranger.get("/"); a.status != 303 || string(a.header.Peek("Location")) != "/ui/" {
		t.Errorf("/ for a browser: %d", a.status)
	}
	if a := stranger.post("/ui/login", "next=//evil.example/ui/&key="+testKey); string(a.header.Peek("Location")) != "/ui/" {
		t.Errorf("sent to %s", a.header.Peek("Location"))
	}
}

// TestTheCookiesOfOthersDoNoHarm sends with ours what other programs of the same host set.
func TestTheCookiesOfOthersDoNoHarm(t *testing.T) {
	r := newMemoryRig(t)
	b := r.browse(testKey)
	own := b.cookie
	for _, more := range []int{10, 7_000, 20_000} {
		b.cookie = "a=" + strings.Repeat("x", more) + "; " + own + "; b=c"
		if a := b.get("/ui/"); a.status != 200 {
			t.Errorf("with %d bytes of others: %d", more, a.status)
		}
	}
}

func TestARevokedKeyIsSignedOut(t *testing.T) {
	r := newMemoryRig(t)
	k := r.makeKey(fsm.ScopeAdmin)
	b := r.browse(k.Key)
	if a := b.get("/ui/"); a.status != 200 {
		t.Fatalf("%d", a.status)
	}
	r.call("DELETE", "/v1/keys/"+k.ID, "")
	if a := b.get("/ui/"); a.status != 303 {
		t.Errorf("a page: %d", a.status)
	}
	if a := b.post("/ui/keys", "name=x&scope=admin"); a.status != 303 {
		t.Errorf("a form: %d", a.status)
	}
}

func TestFormsChangeHeartbeats(t *testing.T) {
	r := newMemoryRig(t)
	b := r.browse(testKey)
	if a := b.post("/ui/heartbeats/new", "name=forged&every=1h&grace=5m&threshold=2"); a.status != 403 {
		t.Errorf("a form without its token: %d", a.status)
	}
	a := b.submit("/ui/heartbeats/new", "/ui/heartbeats/new", "name=nightly&every=1d&grace=nonsense&threshold=2&tags=a, b")
	if a.status != 422 || !strings.Contains(a.body, `value="nightly"`) || !strings.Contains(a.body, `value="nonsense"`) || !strings.Contains(a.body, "is no duration") {
		t.Errorf("a wrong grace: %d %s", a.status, a.body)
	}
	a = b.submit("/ui/heartbeats/new", "/ui/heartbeats/new", "name=nightly&every=1d&grace=1h30m&threshold=2&tags=a, b")
	page := string(a.header.Peek("Location"))
	if a.status != 303 || !strings.HasPrefix(page, "/ui/heartbeats/hb_") {
		t.Fatalf("making: %d %s", a.status, a.body)
	}
	page, _, _ = strings.Cut(page, "?")
	if a := b.get(page); !strings.Contains(a.body, "Waiting for the first ping") || !strings.Contains(a.body, "every 1 d, 1 h 30 min of grace") {
		t.Errorf("the new one: %s", a.body)
	}
	for _, step := range []struct{ do, want string }{{"ping", `"state up"`}, {"pause", `"state paused"`}, {"resume", `"state up"`}} {
		if a := b.submit(page, page+"/"+step.do, ""); a.status != 303 {
			t.Fatalf("%s: %d %s", step.do, a.status, a.body)
		}
		if a := b.get(page); !strings.Contains(a.body, step.want) {
			t.Errorf("after %s: %s", step.do, a.body)
		}
	}
	if a := b.submit(page+"/edit", page+"/edit", "name=renamed&every=90s&grace=0s&threshold=0"); a.status != 422 || !strings.Contains(a.body, `id="f-threshold" name="threshold" value="0" aria-describedby="d-threshold" aria-invalid="true"`) {
		t.Errorf("a threshold of 0: %d %s", a.status, a.body)
	}
	if a := b.submit(page+"/edit", page+"/edit", "name=renamed&every=90s&grace=0s&threshold=1&only_post=on"); a.status != 303 {
		t.Errorf("editing: %d %s", a.status, a.body)
	}
	id := strings.TrimPrefix(page, "/ui/heartbeats/")
	if h := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+id, "").body); h.Name != "renamed" || *h.IntervalSecs != 90 || len(h.Tags) != 0 || len(h.Methods) != 1 {
		t.Errorf("it is %+v", h)
	}
	if a := b.submit(page+"/edit", page+"/edit", "name=renamed&every=&schedule="+url.QueryEscape("0 2 * * 1-5")+"&tz=Nowhere/Land&grace=0s&threshold=1"); a.status != 422 || !strings.Contains(a.body, `id="d-tz"><strong>`) {
		t.Errorf("a zone that is unknown: %d %s", a.status, a.body)
	}
	if a := b.submit(page+"/edit", page+"/edit", "name=renamed&every=&schedule="+url.QueryEscape("99 2 * * 1-5")+"&tz=Nowhere/Land&grace=0s&threshold=1"); !strings.Contains(a.body, `id="d-tz"><strong>`) || !strings.Contains(a.body, `id="d-schedule"><strong>`) {
		t.Errorf("a wrong schedule in a wrong zone: not both are told: %d %s", a.status, a.body)
	}
	if a := b.submit(page+"/edit", page+"/edit", "name=renamed&every=&schedule="+url.QueryEscape("0 2 * * 1-5")+"&grace=0s&threshold=1"); a.status != 303 {
		t.Errorf("a schedule: %d %s", a.status, a.body)
	}
	if a := b.get(page); a.status != 200 || !strings.Contains(a.body, "one is expected at 02:00, Monday to Friday: 0 2 * * 1-5, UTC") {
		t.Errorf("with a schedule: %d %s", a.status, a.body)
	}
	if a := b.submit(page+"/edit", page+"/edit", "name=renamed&every=90s&grace=0s&threshold=1"); a.status != 303 || strings.Contains(b.get(page).body, "at 02:00") {
		t.Errorf("an interval again: %d %s", a.status, a.body)
	}
	if a := b.submit("/ui/", "/ui/bulk", "do=tag&tag=new&id="+id); a.status != 303 {
		t.Errorf("tagging: %d %s", a.status, a.body)
	}
	if a := b.submit("/ui/", "/ui/bulk", "do=delete&id="+id); a.status != 200 || !strings.Contains(a.body, "renamed") {
		t.Errorf("asking whether to delete: %d %s", a.status, a.body)
	}
	if a := b.submit("/ui/", "/ui/bulk", "do=delete&sure=1&id="+id); a.status != 303 || r.call("GET", "/v1/heartbeats/"+id, "").status != 404 {
		t.Errorf("deleting: %d %s", a.status, a.body)
	}
}

// BenchmarkList is a page of the list with many heartbeats, and the making of the view that
// it is taken from.
func BenchmarkList(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			r := newMemoryRig(b)
			for i := range n {
				c := fsm.Create{Spec: fsm.Spec{Name: "job" + strconv.Itoa(i*7919%n), Slug: "x", Interval: 3600, Grace: 300, Threshold: 1, Arm: fsm.ArmCreated, Tags: []string{"t" + strconv.Itoa(i%10)}}}
				binary.BigEndian.PutUint64(c.ID[:], uint64(i))
				binary.BigEndian.PutUint64(c.Token[:], uint64(i))
				if res, err := r.cluster.Propose(b.Context(), c); err != nil || res.Code != fsm.CodeOK {
					b.Fatal(res.Code, err)
				}
			}
			look := r.browse(testKey)
			start := time.Now()
			look.get("/ui/")
			b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-first")
			for b.Loop() {
				look.get("/ui/?q=99&sort=due")
			}
			b.ReportMetric(float64(len(look.get("/ui/").body)), "bytes")
		})
	}
}

// TestARevokedKeySeesNoPageOfANodeThatLags: the node knows the key still, and learns better
// behind the barrier.
func TestARevokedKeySeesNoPageOfANodeThatLags(t *testing.T) {
	for _, path := range []string{"/ui/", "/ui/keys", "/ui/cluster", "/ui/events?once=1"} {
		r, _, job, key, _ := lagRig(t)
		if a := r.browse(key).get(path); a.status != 303 && a.status != 401 || strings.Contains(a.body, job.Name) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// TestPagesOfANodeThatIsCutOff are shown, with words, to the node's own admin key for ever
// and to those of the cluster for ten seconds: nobody can tell it that one was revoked.
func TestPagesOfANodeThatIsCutOff(t *testing.T) {
	r, node, _, key, _ := lagRig(t)
	signedIn, own := r.browse(key), r.browse(testKey)
	node.fail(fsm.ErrNoLeader)
	node.onRead = nil
	for _, c := range []struct {
		since  time.Duration
		status int
	}{{0, 200}, {9 * time.Second, 200}, {11 * time.Second, 503}, {-1, 503}} {
		node.since = c.since
		for _, path := range []string{"/ui/", "/ui/cluster", "/ui/events?once=1"} {
			if a := signedIn.get(path); a.status != c.status {
				t.Errorf("%s after %v: %d %s", path, c.since, a.status, a.body)
			}
			a := own.get(path)
			if a.status != 200 || !strings.Contains(path, "events") && !strings.Contains(a.body, "This may be old") {
				t.Errorf("%s after %v with the node's own key: %d %s", path, c.since, a.status, a.body)
			}
		}
		if goesOn := (backend{r.server}).Stands(hashKey([]byte(key))); goesOn != (c.status == 200) {
			t.Errorf("after %v a stream goes on: %v", c.since, goesOn)
		}
	}
}

// TestPausesForATime are made from a heartbeat's page and for those that are selected, without scripts.
func TestPausesForATime(t *testing.T) {
	r := newMemoryRig(t)
	h := r.create(`{"name":"x","schedule":"0 2 * * *"}`)
	other := r.create(`{"name":"y"}`)
	b := r.browse(testKey)
	page := "/ui/heartbeats/" + h.ID
	until := func(id string) time.Duration {
		t.Helper()
		h := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+id, "").body)
		if h.PausedUntil == nil {
			return 0
		}
		at, err := time.Parse(time.RFC3339, *h.PausedUntil)
		if err != nil || h.Status != "paused" {
			t.Fatalf("%v, %+v", err, h)
		}
		return time.Until(at).Round(time.Minute)
	}
	for form, want := range map[string]time.Duration{"for=8h": 8 * time.Hour, "for=7d&length=": 7 * 24 * time.Hour, "for=1h&length=2h 30m": 150 * time.Minute, "for=": 0, "": 0} {
		if a := b.submit(page, page+"/pause", form); a.status != 303 || until(h.ID) != want {
			t.Errorf("%q: %d %s, %v", form, a.status, a.body, until(h.ID))
		}
	}
	b.submit(page, page+"/pause", "for=morning")
	if at := time.Now().Add(until(h.ID)).UTC().Round(time.Minute); at.Hour() != 8 || at.Minute() != 0 || at.Day() != time.Now().UTC().AddDate(0, 0, 1).Day() {
		t.Errorf("until tomorrow morning: %v", at)
	}
	if a := b.get(page); !strings.Contains(a.body, "<dt>Paused until</dt>") || !strings.Contains(a.body, "It is resumed by itself") || !strings.Contains(a.body, "tomorrow 8:00 (UTC)") {
		t.Errorf("its page: %s", a.body)
	}
	if a := b.get("/ui/"); !strings.Contains(a.body, "paused, ends ") {
		t.Errorf("the list: %s", a.body)
	}
	for form, words := range map[string]string{"length=soon": "is no duration", "length=0s": "it must be 1s to 366d", "length=367d": "it must be 1s to 366d", "length=-5": "it must be 1s to 366d", "for=noon": "is no duration", "length=99999999999999999999": "is no duration"} {
		if a := b.submit(page, page+"/pause", form); a.status != 400 || !strings.Contains(a.body, words) {
			t.Errorf("%q: %d %s", form, a.status, a.body)
		}
	}
	if a := b.submit("/ui/", "/ui/bulk", "do=pause&for=1h&id="+h.ID+"&id="+other.ID); a.status != 303 || until(h.ID) != time.Hour || until(other.ID) != time.Hour {
		t.Errorf("both: %d, %v, %v", a.status, until(h.ID), until(other.ID))
	}
	if a := b.get("/ui/?did=paused-for"); !strings.Contains(a.body, "which it will be by itself") {
		t.Errorf("after that: %s", a.body)
	}
	if a := b.submit("/ui/", "/ui/bulk", "do=pause&for=&id="+h.ID); a.status != 303 || until(h.ID) != 0 {
		t.Errorf("without an end: %d, %v", a.status, until(h.ID))
	}
}

// TestWhatAPersonDoesAboutAnAlert: a pending one is held, sent, cancelled or delivered at once, as its state allows, by
// the API and from its page.
func TestWhatAPersonDoesAboutAnAlert(t *testing.T) {
	r := newMemoryRig(t)
	r.create(`{"name":"x","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["ops@example.com"]}`)
	r.cluster.pass(5 * time.Second)
	b := r.browse(testKey)
	alert := func() alertJSON {
		return decodeAs[struct{ Alerts []alertJSON }](t, r.call("GET", "/v1/alerts", "").body).Alerts[0]
	}
	buttons := func(want ...string) {
		t.Helper()
		a := b.get("/ui/alerts")
		for _, words := range []string{"Deliver now", "Hold", "Cancel", "Send it", "Send again"} {
			if strings.Contains(a.body, "<button>"+words+"</button>") != slices.Contains(want, words) {
				t.Errorf("%s: wrong about %q", alert().State, words)
			}
		}
	}
	id := alert().ID
	buttons("Deliver now", "Hold", "Cancel")
	for _, step := range []struct {
		do     string
		status int
		state  string
	}{
		{"deliver", 200, "pending"},
		{"retry", 409, "pending"},
		{"hold", 200, "held"},
		{"hold", 200, "held"},
		{"deliver", 409, "held"},
		{"retry", 200, "pending"},
		{"hold", 200, "held"},
		{"cancel", 200, "cancelled"},
		{"cancel", 409, "cancelled"},
		{"retry", 409, "cancelled"},
		{"hold", 409, "cancelled"},
	} {
		a := r.call("POST", "/v1/alerts/"+id+"/"+step.do, "")
		if a.status != step.status || alert().State != step.state || a.status == 409 && !strings.Contains(a.body, "it must be") {
			t.Errorf("%s: %d %s", step.do, a.status, a.body)
		}
	}
	for _, do := range []string{"deliver", "hold", "cancel"} {
		for _, id := range []string{"al_000000000000000000000000", "hb_1", "%2e"} {
			if a := r.call("POST", "/v1/alerts/"+id+"/"+do, ""); a.status != 404 {
				t.Errorf("%s of %s: %d %s", do, id, a.status, a.body)
			}
		}
	}
	buttons()
	r.call("POST", "/v1/heartbeats", `{"name":"y","interval_secs":1,"grace_secs":0,"miss_threshold":1,"email":["ops@example.com"]}`)
	r.cluster.pass(5 * time.Second)
	id = alert().ID
	for _, step := range []struct{ do, says, state string }{
		{"hold", "It is held back", "held"}, {"retry", "It will be sent again", "pending"}, {"deliver", "It is sent as soon", "pending"}, {"cancel", "it will never be sent", "cancelled"},
	} {
		a := b.submit("/ui/alerts", "/ui/alerts/"+id+"/"+step.do, "")
		if at := string(a.header.Peek("Location")); a.status != 303 || alert().State != step.state || !strings.Contains(b.get(at).body, step.says) {
			t.Errorf("%s: %d %s %s", step.do, a.status, at, alert().State)
		}
		if step.state == "held" {
			buttons("Send it", "Cancel")
		}
	}
}

// TestAFormWithNothingSelected says so.
func TestAFormWithNothingSelected(t *testing.T) {
	r := newMemoryRig(t)
	r.create(`{"name":"x"}`)
	b := r.browse(testKey)
	if a := b.submit("/ui/", "/ui/bulk", "do=pause"); a.status != 400 || !strings.Contains(a.body, "Nothing was selected") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestAPageSaysHowToGoOn where something did not work: what is wrong, and the way back to where it was asked for.
func TestAPageSaysHowToGoOn(t *testing.T) {
	r := newMemoryRig(t)
	h := r.create(`{"name":"x"}`)
	b := r.browse(testKey)
	page := "/ui/heartbeats/" + h.ID
	pageHas(t, b.get(page), 200, "<dt>Slug</dt><dd><code>x</code>")
	token := csrfField.FindStringSubmatch(b.get(page).body)[1]
	wrong := func(referer string) answer {
		return b.call("POST", page+"/pause", "length=tomorrow&csrf="+token, "Authorization", "", "Cookie", b.cookie,
			"Content-Type", "application/x-www-form-urlencoded", "Referer", referer)
	}
	pageHas(t, wrong("http://beat.example.com"+page+"?did=saved"), 400, "<p>The length of the pause: \"tomorrow\" is no duration: use a number with s, m, h or d, such as 90s, 15m, 1h30m or 7d.</p>", `<a href="`+page+`">Back</a>`)
	for _, elsewhere := range []string{"", "http://evil.example.com//ui/", "http://evil.example.com/other", "javascript:alert(1)", "%zz"} {
		if a := wrong(elsewhere); a.status != 400 || strings.Contains(a.body, "Back</a>") {
			t.Errorf("from %q: %d %s", elsewhere, a.status, a.body)
		}
	}
	pageHas(t, b.get("/ui/heartbeats/hb_000000000000000000000000"), 404, "<h1>There is no such page</h1>", "was deleted", "All heartbeats")
	pageHas(t, b.submit("/ui/keys", "/ui/keys", "name=wall&scope=read"), 200, "It is shown this once", `name="name" value=""`, `value="write" checked`)
}

// TestWindowsAreListedByWhenTheyAreOn: what holds alerts back now comes first.
func TestWindowsAreListedByWhenTheyAreOn(t *testing.T) {
	r := newMemoryRig(t)
	b := r.browse(testKey)
	for _, window := range []string{"name=soon&from=2999-01-01+10:00", "name=now", "name=later&from=2999-02-01+10:00"} {
		if a := b.submit("/ui/windows", "/ui/windows", window+"&tags=db&length=1h"); a.status != 303 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	list := b.get("/ui/windows").body
	if now, soon, later := strings.Index(list, "<bdi>now<"), strings.Index(list, "<bdi>soon<"), strings.Index(list, "<bdi>later<"); now < 0 || now > soon || soon > later {
		t.Errorf("now at %d, soon at %d, later at %d", now, soon, later)
	}
}
