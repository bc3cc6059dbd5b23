package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// zoomed looks at every page as somebody who enlarges it twice: nothing hangs over the edge,
// and nothing is cut off.
func zoomed(t *testing.T, b *browser, pages ...string) {
	b.do("200 %", chromedp.EmulateViewport(640, 450, chromedp.EmulateScale(2)))
	for i, page := range pages {
		b.visit(page)
		cut, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`[...document.querySelectorAll('main *, header *')].filter(e => {
			const s = getComputedStyle(e)
			return !e.closest('.sr, svg') && (s.overflowX === 'hidden' || s.overflowX === 'clip') && e.scrollWidth > e.clientWidth + 1
		}).map(e => e.outerHTML.slice(0, 80)).join('\n')`))
		testkit.Must(t, err)
		if cut != "" {
			t.Errorf("%s: these are cut off at 200 %%:\n%s", page, cut)
		}
		b.lookOnly(fmt.Sprint("zoomed-", i))
	}
	b.do("100 %", chromedp.EmulateViewport(1280, 900, chromedp.EmulateScale(1)))
}

// onAPhone looks at pages and forms in the width of one.
func onAPhone(b *browser, pages ...string) {
	b.appears(375, "dark")
	for _, page := range pages {
		b.visit(page)
		b.sees("what leads elsewhere is as high as buttons are", `[...document.querySelectorAll('header a, header button')].every(e => e.offsetHeight >= 44)`)
		b.lookOnly("phone" + strings.ReplaceAll(page, "/", "-"))
	}
	b.appears(1280, "light")
}

// inZones looks at a job's page from the zone that the job runs in, and from another: a time is told in both, but not
// twice in one.
func inZones(t *testing.T, e *env, b *browser) {
	h := create(t, e.Nodes[0], fields{"name": "in Berlin", "schedule": "30 2 * * *", "tz": "Europe/Berlin"})
	for zone, times := range map[string]int{"Europe/Berlin": 1, "Asia/Tokyo": 2} {
		_, err := chromedp.Call(b.ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone})
		testkit.Must(t, err)
		b.visit("/ui/heartbeats/" + h.ID)
		b.sees("when it is due, told from "+zone, fmt.Sprintf(`[...document.querySelectorAll('.facts dd')].some(d => (d.innerText.split('(')[0].match(/\d\d:30:00/g) ?? []).length === %d)`, times))
	}
	_, err := chromedp.Call(b.ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{})
	testkit.Must(t, err)
	ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}

// onPaper looks at a page on paper: what can only be clicked is gone.
func onPaper(t *testing.T, b *browser, page string) {
	b.visit(page)
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	testkit.Must(t, err)
	b.sees("no buttons on paper", `[...document.querySelectorAll('nav a, button, .button')].every(e => e.getClientRects().length == 0)`)
	b.lookOnly("printed")
	_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	testkit.Must(t, err)
}

// tabTo presses the tabulator until an expression about the focused element holds. Where the
// focus is has to be seen all the way.
func (b *browser) tabTo(what, expression string) {
	b.t.Helper()
	for range 80 {
		b.do("the tabulator", chromedp.KeyEvent("\t"))
		state, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(e => {
			const s = getComputedStyle(e)
			if (e !== document.body && (s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 2)) return 'unseen ' + e.outerHTML.slice(0, 80)
			const r = e.getBoundingClientRect()
			if (e !== document.body && (r.bottom < 0 || r.top > innerHeight)) return 'outside ' + e.outerHTML.slice(0, 80)
			return (`+expression+`) ? 'there' : ''
		})(document.activeElement)`))
		testkit.Must(b.t, err)
		switch state {
		case "":
			continue
		case "there":
			return
		}
		b.t.Fatalf("the focus cannot be seen: %s", state)
	}
	b.t.Fatalf("the tabulator does not lead to %s", what)
}

func (b *browser) enter() {
	b.t.Helper()
	b.do("enter", chromedp.KeyEvent("\r"))
}

// keyboard does without a mouse what people do most: find a heartbeat, look, pause, resume
// and edit it.
func keyboard(t *testing.T, e *env, b *browser) {
	h := create(t, e.Nodes[0], fields{"name": "by keyboard", "interval_secs": 86400})
	b.visit("/ui/")
	b.do("the first tabulator", chromedp.KeyEvent("\t"))
	b.sees("leads past the navigation", `document.activeElement.className === 'skip' && document.activeElement.getBoundingClientRect().left >= 0`)
	b.tabTo("the search", `e.name === 'q'`)
	b.do("typing", chromedp.KeyEvent("keyboard\r"))
	b.sees("it is found", `location.search.includes('q=keyboard') && document.querySelectorAll('tbody tr').length === 1`)
	b.tabTo("the heartbeat", `e.textContent === 'by keyboard'`)
	b.enter()
	b.sees("its page", `location.pathname.endsWith('`+h.ID+`')`)
	for _, word := range []string{"Pause", "Resume"} {
		b.tabTo(word, `e.textContent.trim() === '`+word+`'`)
		b.enter()
		b.shows(map[string]string{"Pause": "Paused: misses", "Resume": "Resumed: it"}[word])
	}
	b.tabTo("Edit", `e.textContent.trim() === 'Edit'`)
	b.enter()
	b.sees("the form", `document.querySelector('#f-name')`)
	b.tabTo("the name", `e.id === 'f-name'`)
	b.do("typing", chromedp.KeyEvent("renamed"))
	b.enter()
	b.shows("The changes were saved")
	b.sees("its new name", `document.querySelector('h1').textContent === 'renamed'`)
	ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}
