package api

import (
	"context"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// refusing is another end that takes no test.
type refusing struct{}

func (refusing) TestChannel(context.Context, fsm.ChannelID) (ChannelTest, error) {
	return ChannelTest{false, "403 Forbidden: <b>go away</b>"}, nil
}

const channelsPath = "/ui/channels"

// pageHas wants words in a page, as a person reads them.
func pageHas(t *testing.T, a answer, status int, words ...string) {
	t.Helper()
	text := html.UnescapeString(strings.NewReplacer("<bdi>", "", "</bdi>", "").Replace(a.body))
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("the page lacks %q:\n%s", w, a.body)
		}
	}
	if a.status != status {
		t.Errorf("%d, want %d: %s", a.status, status, a.body)
	}
}

func TestChannelsByTheirPages(t *testing.T) {
	r := newChannelRig(t)
	b := r.browse(testKey)
	pageHas(t, b.get(channelsPath), 200, "There are none yet")
	pageHas(t, b.get(channelsPath+"/new"), 200, "Of which kind?", "kind=telegram")
	if strings.Contains(b.get(channelsPath+"/new").body, "kind=command") {
		t.Error("programs are offered though they are not allowed")
	}
	pageHas(t, b.get(channelsPath+"/new?kind=webhook"), 200, "New channel: webhook")
	wrong := b.submit(channelsPath+"/new?kind=webhook", channelsPath+"/new", "kind=webhook&name=&url=ftp://x&on=down&after=soon&tags=db")
	pageHas(t, wrong, 422, "Name is empty", "https:// or http://", "no duration", `value="ftp://x"`, `value="soon"`, `value="db"`)
	made := b.submit(channelsPath+"/new?kind=webhook", channelsPath+"/new", "kind=webhook&name=ops+%3Ci%3E&url=https://hooks.example.com/hush?x=y&on=down&on=recovered&after=15m&tags=db")
	pageHas(t, made, 200, "shown this once", "whsec_", "hooks.example.com", "15 min", "only down and recovered")
	c := r.cluster.store.Channels()[0]
	if again := b.get(channelsPath); strings.Contains(again.body, "whsec_") || strings.Contains(again.body, "hush") || strings.Contains(again.body, "<i>") {
		t.Errorf("the list shows a secret, or markup: %s", again.body)
	}
	edit := channelsPath + "/" + c.ID.String() + "/edit"
	pageHas(t, b.get(edit), 200, "Edit a channel: webhook", `value="•••"`, "/hush?x=y")
	secret := c.Spec.Get("secret")
	if a := b.submit(edit, edit, "version=1&name=ops&url=https://hooks.example.com/&secret=%E2%80%A2%E2%80%A2%E2%80%A2&on=down&default=yes"); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if now, _ := r.cluster.store.Channel(c.ID); now.Spec.Get("secret") != secret || now.Spec.After != 0 || !now.Spec.Default || now.Spec.On != fsm.SetOf(fsm.AlertDown) {
		t.Errorf("%+v", now)
	}
	pageHas(t, b.submit(edit, edit, "version=1&name=other&url=https://hooks.example.com/&on=down"), 422, "Somebody else changed it", `value="other"`)
	pageHas(t, b.submit(channelsPath, channelsPath+"/"+c.ID.String()+"/test", ""), 200, "ops took the test", "200 OK: ok")
	pageHas(t, b.submit(channelsPath+"/new?kind=slack", channelsPath+"/new", "kind=slack&name=ops&url=https://example.com/&on=down"), 422, "Another channel has this name")
	pageHas(t, b.submit(channelsPath+"/new?kind=slack", channelsPath+"/new", "kind=command&name=run&path=/bin/true&on=down"), 400, "--allow-command-channel")
	pageHas(t, b.submit(channelsPath+"/new?kind=slack", channelsPath+"/new", "kind=pigeon"), 400)
	sure := channelsPath + "/" + c.ID.String() + "/delete"
	pageHas(t, b.get(sure), 200, "Delete ops?", "Alerts that wait for it fail")
	if a := b.submit(sure, sure, ""); a.status != 303 || len(r.cluster.store.Channels()) != 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, path := range []string{sure, edit, channelsPath + "/ch_x/edit"} {
		pageHas(t, b.get(path), 404)
	}
}

func TestATestThatIsRefusedSaysWhat(t *testing.T) {
	r := newRigWith(t, func(c *Config) { c.Channels = refusing{} }, func(*Server) {})
	r.call("POST", "/v1/channels", `{"name":"chat","kind":"slack","url":"https://hooks.example.com/hush"}`)
	b := r.browse(r.makeKey(fsm.ScopeWrite).Key)
	path := channelsPath + "/" + r.cluster.store.Channels()[0].ID.String()
	a := b.submit(channelsPath, path+"/test", "")
	pageHas(t, a, 200, "did not take the test", "403 Forbidden: <b>go away</b>", "<title>Not accepted")
	if strings.Contains(a.body, "<b>go") || strings.Contains(a.body, "hush") || strings.Contains(a.body, path+"/edit") {
		t.Errorf("markup, a secret, or a button that this key cannot use: %s", a.body)
	}
	for range 20 {
		if a = b.submit(channelsPath, path+"/test", ""); a.status == 429 {
			return
		}
	}
	t.Errorf("tests are not limited: %d", a.status)
}

// TestAHeartbeatsFormNamesChannels: those that are there can be chosen, and its page says who
// is told.
func TestAHeartbeatsFormNamesChannels(t *testing.T) {
	r := newChannelRig(t)
	b := r.browse(testKey)
	pageHas(t, b.get("/ui/heartbeats/new"), 200, "Channels", "at most 20")
	for _, body := range []string{`{"name":"chat, or so","kind":"slack","url":"https://example.com/"}`, `{"name":"pager","kind":"webhook","url":"https://example.com/","after_secs":900}`} {
		r.call("POST", "/v1/channels", body)
	}
	all := r.cluster.store.Channels()
	h := r.create(`{"name":"job"}`)
	page := "/ui/heartbeats/" + h.ID
	pageHas(t, b.get(page), 200, "nobody: it names no address and no channel")
	fields := "version=1&name=job&every=1h&grace=1m&threshold=1&slug=job"
	for _, c := range all {
		fields += "&notify=" + url.QueryEscape(c.ID.String())
	}
	if a := b.submit(page+"/edit", page+"/edit", fields); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body); len(got.Notify) != 2 {
		t.Errorf("%v", got.Notify)
	}
	pageHas(t, b.get(page+"/edit"), 200, `value="`+all[0].ID.String()+`" checked`, `value="`+all[1].ID.String()+`" checked`, "webhook, after 15 min")
	pageHas(t, b.get(page), 200, "chat, or so (slack)", "pager (webhook)", "after 15 min")
	r.call("DELETE", "/v1/channels/"+all[0].ID.String(), "")
	pageHas(t, b.submit(page+"/edit", page+"/edit", strings.Replace(fields, "version=1", "version=2", 1)), 422, "was deleted meanwhile")
	made := b.submit("/ui/heartbeats/new", "/ui/heartbeats/new", "name=second&every=1h&grace=1m&threshold=1&notify="+all[1].ID.String())
	if made.status != 303 {
		t.Errorf("%d %s", made.status, made.body)
	}
}

// TestOddFormsGetWords: what no browser sends changes nothing, breaks nothing, and is answered
// as a page.
func TestOddFormsGetWords(t *testing.T) {
	r := newChannelRig(t)
	b := r.browse(testKey)
	csrf := "csrf=" + url.QueryEscape(csrfField.FindStringSubmatch(b.get("/ui/published").body)[1])
	long := strings.Repeat("x", 70_000)
	values := []string{"", "%00", "%ff%fe", "%F0%9F%92%A9", "%E2%80%AE", "a%0Ab", long, "%E2%80%A2%E2%80%A2%E2%80%A2", "-1", "99999999999999999999", "ch_000000000000000000000000", "%3Cscript%3E"}
	before := r.cluster.picture()
	for path, form := range map[string]string{
		"/ui/channels/new":       "kind=webhook&name=%s&url=%s&secret=%s&on=%s&on=%s&tags=%s&after=%s&default=%s&version=%s",
		"/ui/channels/new?kind=": "kind=%s&name=%s&on=%s",
		"/ui/published/pages":    "title=%s&slug=%s&tags=%s&heartbeats=%s",
		"/ui/published/badges":   "heartbeat=%s&tag=%s&label=%s",
		"/ui/heartbeats/new":     "name=%s&every=%s&notify=%s&notify=%s&schedule=%s&tz=%s&grace=%s&threshold=%s",
	} {
		for _, v := range values {
			a := b.post(path, csrf+"&"+strings.ReplaceAll(form, "%s", v))
			if a.status != 422 && a.status != 400 && a.status != 413 || !strings.Contains(a.body, "<h1>") && a.status != 413 || strings.Contains(a.body, "<script>") {
				t.Errorf("%s with %.20s: %d %.300s", path, v, a.status, a.body)
			}
		}
	}
	if len(r.cluster.store.Channels())+len(r.cluster.store.StatusPages())+len(r.cluster.store.Badges()) > 0 || r.cluster.picture() != before {
		t.Error("something was made of it")
	}
	for _, path := range []string{"/ui/channels/%00/edit", "/ui/channels/ch_%ff/delete", "/ui/published/pages/%2e%2e/revoke", "/ui/published/badges/bg_1/revoke", "/ui/channels/new/edit", "/ui/channels?did=%3Cscript%3E", "/ui/channels/new?kind=%ff"} {
		if a := b.get(path); a.status != 404 && a.status != 200 || strings.Contains(a.body, "<script>") {
			t.Errorf("%s: %d %.300s", path, a.status, a.body)
		}
	}
}
