package api

import (
	"context"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"
)

// brokenMail is a mail server that cannot be used.
type brokenMail struct{}

func (brokenMail) Status() MailStatus {
	return MailStatus{Checked: time.UnixMilli(1), Error: "the mail server said 535"}
}
func (brokenMail) Test(context.Context, string) []MailTest { return nil }

// TestExplaining asks, of one heartbeat in several states, who is told, by the API and on its page.
func TestExplaining(t *testing.T) {
	r := newMemoryRig(t)
	r.server.cfg.Mail = brokenMail{}
	r.call("POST", "/v1/channels", `{"name":"<b>ops</b>","kind":"webhook","url":"https://example.com/","tags":["db"],"after_secs":1800}`)
	r.call("POST", "/v1/channels", `{"name":"spare","kind":"webhook","url":"https://example.com/","default":true}`)
	h := r.create(`{"name":"a","interval_secs":60,"grace_secs":0,"miss_threshold":1,"email":["x@example.com"],"tags":["db"]}`)
	b := r.browse(testKey)
	want := func(when string, json, page []string) {
		t.Helper()
		a := r.call("GET", "/v1/heartbeats/"+h.ID+"/explain", "")
		shown := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(b.get("/ui/heartbeats/"+h.ID).body, " "))
		for _, w := range json {
			if a.status != 200 || !strings.Contains(a.body, w) {
				t.Errorf("%s: %d %s lacks %s", when, a.status, a.body, w)
			}
		}
		for _, w := range page {
			if !strings.Contains(shown, w) {
				t.Errorf("%s: the page lacks %q: %s", when, w, shown)
			}
		}
	}
	want("before", []string{
		`"told":true,"silent":null,"alerts_at":"2`, `"by":"email"`, `"trouble":"the mail server said 535"`, `"by":"tag","because":"it shares the tag db","tag":"db"`,
		`"waits_for":[{"reason":"after"`, `"overruled":[{"channel":"webhook","recipient":"spare"`,
	}, []string{"Who would be told now", "it shares the tag db", "<b>ops</b> (webhook)", "has to last for as long as its channel says", "Not used, for others are chosen", "If no ping comes"})
	r.cluster.pass(2 * time.Minute)
	want("failing", []string{`"status":"failing"`, `"alerts_at":null`, `"state":"pending"`}, []string{"Who is told of it"})
	r.call("POST", "/v1/heartbeats/"+h.ID+"/pause", "")
	want("paused", []string{`"told":false,"silent":{"reason":"paused"`, `"reason":"paused","words":"it is paused`}, []string{"Nobody is told: it is paused"})
	for _, id := range []string{"hb_000000000000000000000000", "x"} {
		if a := r.call("GET", "/v1/heartbeats/"+id+"/explain", ""); a.status != 404 {
			t.Errorf("%s: %d %s", id, a.status, a.body)
		}
	}
}
