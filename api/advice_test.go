package api

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// pingedHourly makes a heartbeat whose job ran well at five past in each of the last hours.
func pingedHourly(r *rig, settings string) heartbeatJSON {
	first := time.Now().Add(-5 * time.Minute).Truncate(time.Hour).Add(-11*time.Hour + 5*time.Minute)
	r.cluster.behind = time.Since(first) + time.Minute
	h := r.create(settings)
	for i := 12; i >= 1; i-- {
		r.cluster.behind = time.Since(first.Add(time.Duration(12-i) * time.Hour))
		if a := r.call("POST", fmt.Sprintf("/v1/heartbeats/%s/ping?m.bytes=%d", h.Token, 1000*i), ""); a.status != 200 {
			r.t.Fatal(a)
		}
	}
	r.cluster.behind = 0
	return h
}

var useThis = regexp.MustCompile(`href="(/ui/heartbeats/hb_[^"]+/edit\?[^"]+)">Use this`)

// TestAPageSuggestsSettings follows the suggestion of a heartbeat's page into its form, and saves it.
func TestAPageSuggestsSettings(t *testing.T) {
	r := newMemoryRig(t)
	b := r.browse(testKey)
	h := pingedHourly(r, `{"name":"nightly","interval_secs":600,"grace_secs":0,"miss_threshold":1}`)
	page := "/ui/heartbeats/" + h.ID
	body := b.get(page).body
	for _, want := range []string{"As it is set now", " alerts in ", "no run came in time", "Suggested", "likely: fits 100 % of 12 good runs", "at 5 minutes past the hour: 5 * * * *", "no alert</b> in 11 h"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	if !strings.Contains(body, `aria-label="bytes in 12 runs from 1000 to 12000, the newest 1000; half of the good ones up to 6000"`) {
		t.Error("the numbers are not drawn")
	}
	links := useThis.FindAllStringSubmatch(body, -1)
	if len(links) != 2 {
		t.Fatalf("%d links to use a suggestion", len(links))
	}
	link := html.UnescapeString(links[0][1])
	form := b.get(link).body
	for _, want := range []string{"Filled in with what was suggested", ">\n5 * * * *</textarea>", `name="every" value=""`, `name="name" value="nightly"`, "In its history", "no alert</b> in 11 h"} {
		if !strings.Contains(form, want) {
			t.Errorf("the form lacks %q:\n%s", want, form)
		}
	}
	_, query, _ := strings.Cut(link, "?")
	a := b.submit(page+"/edit", page+"/edit", query+"&name=nightly&slug=nightly&threshold=1&version=1")
	if got := decodeAs[heartbeatJSON](t, r.call("GET", "/v1/heartbeats/"+h.ID, "").body); a.status != 303 || got.Schedule[0] != "5 * * * *" || got.GraceSecs < 60 {
		t.Errorf("%d: %+v", a.status, got)
	}
	if body := b.get(page).body; !strings.Contains(body, "Suggested: as it is") || !strings.Contains(body, "time zones: ") {
		t.Errorf("what was used is suggested again: %s", body)
	}
	if old := b.get(page + "?only=failed").body; strings.Contains(old, "As it is set now") {
		t.Error("a part of the history is judged as if it were all")
	}
}

// TestAPreviewTellsWhatWouldHaveBeen of what is typed, also of what makes no sense.
func TestAPreviewTellsWhatWouldHaveBeen(t *testing.T) {
	r := newMemoryRig(t)
	b := r.browse(testKey)
	h := pingedHourly(r, `{"name":"nightly","interval_secs":3600}`)
	for typed, want := range map[string]string{
		"every=1h&grace=5m&threshold=1":                                 "no alert</b>",
		"every=10m&grace=0s&threshold=1":                                " alerts in ",
		"every=10m&grace=0s&threshold=5":                                " alerts in ",
		"every=10m&grace=0s&threshold=7":                                "no alert</b>",
		"schedule=5+*+*+*+*&grace=1m&threshold=1":                       "no alert</b>",
		"schedule=5+*+*+*+*&tz=Mars/Olympus&grace=1m&threshold=1":       "",
		"every=1h&schedule=5+*+*+*+*&grace=1m&threshold=1":              "",
		"grace=1m&threshold=1":                                          "",
		"every=soon&grace=1m&threshold=1":                               "",
		"every=1h&grace=late&threshold=1":                               "",
		"every=1h&grace=1m&threshold=none":                              "",
		"every=1h&grace=1m&threshold=1&max_run_secs=1m&min_run_secs=x":  "",
		"every=1h&grace=1m&threshold=1&max_run_secs=1m&min_run_secs=5m": "",
	} {
		a := b.get("/ui/heartbeats/preview?heartbeat=" + h.ID + "&" + typed)
		if told := strings.Contains(a.body, "In its history"); a.status != 200 || told != (want != "") || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", typed, a.status, a.body)
		}
	}
	for _, id := range []string{"", "hb_000000000000000000000000", "x"} {
		if a := b.get("/ui/heartbeats/preview?every=1h&grace=1m&threshold=1&heartbeat=" + id); a.status != 200 || strings.Contains(a.body, "In its history") {
			t.Errorf("of %q: %d %s", id, a.status, a.body)
		}
	}
}

// TestOnlyWritersAreOfferedASuggestion: others see it.
func TestOnlyWritersAreOfferedASuggestion(t *testing.T) {
	r := newMemoryRig(t)
	h := pingedHourly(r, `{"name":"nightly","interval_secs":600}`)
	body := r.browse(r.makeKey(fsm.ScopeRead).Key).get("/ui/heartbeats/" + h.ID).body
	if !strings.Contains(body, "Suggested") || strings.Contains(body, "Use this") {
		t.Error(body)
	}
}

// TestAPageTellsHowARunBrokeItsCheck in the state's reason, the last run and the history.
func TestAPageTellsHowARunBrokeItsCheck(t *testing.T) {
	r := newMemoryRig(t)
	b := r.browse(testKey)
	h := r.create(`{"name":"dump","checks":["bytes > 0","bytes >= 0.5 * last"]}`)
	for _, bytes := range []string{"1048576", "0"} {
		r.call("POST", "/v1/heartbeats/"+h.Token+"/ping?m.bytes="+bytes, "")
	}
	body := b.get("/ui/heartbeats/" + h.ID).body
	const words = "completed but wrote 0 bytes; expected bytes &gt; 0 (and one more check is broken)"
	for _, want := range []string{". It " + words, "failed: it " + words, `class="broke">` + words, `<span class="number">bytes 1048576</span>`, "<code>bytes &gt;= 0.5 * last</code>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	a := b.submit("/ui/heartbeats/"+h.ID+"/edit", "/ui/heartbeats/"+h.ID+"/edit", "name=dump&slug=dump&every=1h&grace=5m&threshold=2&checks=bytes+%3E+0%0Arows+%3E%3E+1")
	if !strings.Contains(a.body, `Entry 2 is &#34;rows &gt;&gt; 1&#34;`) || !strings.Contains(a.body, "At most 20, each up to 200 bytes.") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestASuggestionAlertsAsItIsTold: trying its settings tells the same, whatever the thresholds.
func TestASuggestionAlertsAsItIsTold(t *testing.T) {
	for _, threshold := range []int{1, 2} {
		r := newMemoryRig(t)
		h := pingedHourly(r, fmt.Sprintf(`{"name":"nightly","interval_secs":600,"miss_threshold":%d}`, threshold))
		newest := time.Now().Add(-5 * time.Minute).Truncate(time.Hour).Add(5 * time.Minute)
		r.cluster.behind = time.Since(newest.Add(2 * time.Hour)) // one run did not come
		r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "")
		ask := "/v1/heartbeats/" + h.ID + "/suggest"
		for _, s := range decodeAs[schedules.Suggestions](t, r.call("GET", ask, "").body).Suggestions {
			q := url.Values{"grace_secs": {fmt.Sprint(s.GraceSecs)}, "schedule": s.Schedule}
			if s.IntervalSecs != nil {
				q.Set("interval_secs", fmt.Sprint(*s.IntervalSecs))
			}
			got := decodeAs[schedules.Suggestions](t, r.call("GET", ask+"?"+q.Encode(), "").body).Tried
			if got == nil || got.Alerts != s.Alerts {
				t.Errorf("with a threshold of %d %s would have meant %d alerts, tried it is %+v", threshold, s.Description, s.Alerts, got)
			}
		}
	}
}
