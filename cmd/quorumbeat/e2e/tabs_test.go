package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// newTab opens another tab of the same browser, which is signed in already.
func (b *browser) newTab(path string) *browser {
	b.t.Helper()
	ctx, stop := chromedp.NewContext(b.ctx)
	b.t.Cleanup(stop)
	tab := &browser{t: b.t, ctx: ctx, url: b.url}
	testkit.Must(b.t, chromedp.Do(ctx))
	tab.visit(path)
	return tab
}

// pageStreams is how many event streams of pages the nodes have open.
func pageStreams(t *testing.T, e *env) (n int) {
	t.Helper()
	for _, node := range e.Running() {
		for _, m := range regexp.MustCompile(`(?m)^quorumbeat_event_streams\{kind="page"\} (\d+)$`).FindAllStringSubmatch(call(t, "", "GET", node.URL()+"/metrics/node", nil).body, -1) {
			one, _ := strconv.Atoi(m[1])
			n += one
		}
	}
	return n
}

// tabs opens several pages in one browser, which share one stream: each of them turns, and
// goes on turning when the tab that has the stream is closed.
func tabs(t *testing.T, e *env, b *browser) {
	var jobs []heartbeat
	for i := range 3 {
		jobs = append(jobs, create(t, e.Nodes[0], fields{"name": fmt.Sprint("tab ", i), "interval_secs": 86400}))
	}
	b.visit("/ui/heartbeats/" + jobs[0].ID)
	second, third := b.newTab("/ui/heartbeats/"+jobs[1].ID), b.newTab("/ui/?q=tab")
	testkit.Eventually(t, "the three share one stream", func() bool { return pageStreams(t, e) == 1 })
	all := []*browser{b, second, third}
	turn := func(n int, tabs ...*browser) {
		for _, job := range jobs {
			ping(t, e.Nodes[1], job)
		}
		for _, tab := range tabs {
			what := fmt.Sprintf(`document.getElementById('history')?.innerText.includes('%d ping')`, n)
			if tab == third {
				what = `document.querySelectorAll('tbody .state.up').length == 3`
			}
			if after := tab.sees(fmt.Sprint("a tab turns, ", n), what); after > 20*time.Second {
				t.Errorf("a tab turned only after %s: whoever leads did not know of it", after)
			}
		}
	}
	turn(1, all...)
	b.visit("/ui/login") // it has no stream, and leaves the one that all had
	turn(2, second)
	third.sees("the list goes on", `document.querySelectorAll('tbody .state.up').length == 3`)
	testkit.Eventually(t, "and there is one again", func() bool { return pageStreams(t, e) == 1 })
	for _, job := range jobs {
		ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+job.ID, nil, nil)
	}
	b.visit("/ui/")
	b.press("Sign out")
	third.sees("who signs out in one tab is out in all", `location.pathname === '/ui/login'`)
}

// oddNames are what people call their jobs, and what strangers would.
var oddNames = []string{
	`<img src=x onerror=alert(1)> & <b>bold</b>`, `it's "quoted" \ and 'so'`, strings.Repeat("abcdefghij", 20), "مراقبة النسخ الاحتياطي ١٢٣ (abc)",
	"גיבוי לילי 42", "👩🏽‍🚀 rocket 🎉 " + strings.Repeat("🚀", 20), "{{.Name}} ${7*7} %s %00", "   spaces   within   ", "日本語のとても長い名前のハートビート",
}

// strangeNames are shown as themselves, on all pages, and nothing of them is taken for markup.
func strangeNames(t *testing.T, e *env, b *browser) {
	var jobs []heartbeat
	for _, name := range oddNames {
		jobs = append(jobs, create(t, e.Nodes[0], fields{"name": strings.TrimSpace(name), "interval_secs": 86400, "tags": []string{"odd <i>&\"'"}, "owner": name, "description": name + "\n" + name}))
	}
	for _, width := range []int64{1280, 375} {
		b.appears(width, "light")
		b.visit("/ui/?tag=" + "odd+%3Ci%3E%26%22%27")
		for _, job := range jobs {
			b.sees("the list shows "+job.Name, fmt.Sprintf(`document.getElementById(%q).querySelector('th a').textContent === %q`, job.ID, job.Name))
		}
		b.sees("nothing is markup", `!document.querySelector('main img')`)
		b.lookOnly(fmt.Sprint("names-", width))
		for _, job := range jobs[:3] {
			b.visit("/ui/heartbeats/" + job.ID)
			b.sees("the page shows "+job.Name, fmt.Sprintf(`document.querySelector('h1').textContent === %q && document.title.includes(%q)`, job.Name, job.Name))
			b.fits()
			b.visit("/ui/heartbeats/" + job.ID + "/edit")
			b.sees("the form holds "+job.Name, fmt.Sprintf(`document.querySelector('#f-name').value === %q`, job.Name))
			b.visit("/ui/heartbeats/" + job.ID + "/delete")
			b.shows(job.Name)
			b.fits()
		}
	}
	b.appears(1280, "light")
	for _, job := range jobs {
		ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+job.ID, nil, nil)
	}
}
