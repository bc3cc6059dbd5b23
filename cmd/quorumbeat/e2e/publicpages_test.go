package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// quickly pings with curl and takes the time from its end to the change in the page, which the
// page itself notes, until the median of five in a row is below a second: the machine may have
// other work to do for a while.
func quickly(t *testing.T, e *env, b *browser, job heartbeat) {
	const goal, inARow, most = time.Second, 5, 40
	b.visit("/ui/heartbeats/" + job.ID)
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`window.seen = {}, new MutationObserver(() => {
		const n = document.getElementById('history').innerText.match(/(\d+) pings? in all/)?.[1]
		window.seen[n] ??= Date.now()
	}).observe(document.body, { childList: true, subtree: true, characterData: true }), true`))
	testkit.Must(t, err)
	var took []time.Duration
	for range most {
		n := get(t, e.Nodes[1], job.ID).PingsTotal + 1
		out, err := exec.Command("curl", "-fsS", pingURL(e.Nodes[1], job)).CombinedOutput()
		answered := time.Now()
		if err != nil {
			t.Fatalf("curl: %v %s", err, out)
		}
		b.sees("the ping arrives", fmt.Sprintf("window.seen[%d]", n))
		at, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](fmt.Sprintf("window.seen[%d]", n)))
		testkit.Must(t, err)
		took = append(took, time.UnixMilli(int64(at)).Sub(answered))
		if len(took) >= inARow {
			last := slices.Sorted(slices.Values(took[len(took)-inARow:]))
			if median := last[inARow/2]; median < goal {
				t.Logf("from curl's answer to the page: %v, median of the last %d %v", took, inARow, median)
				return
			}
		}
	}
	t.Errorf("pings are seen after %v: no median of %d in a row was below %v", took, inARow, goal)
}

// copied presses a copy button as if the page had come without TLS: browsers have no clipboard
// for such a page.
func copied(t *testing.T, b *browser, job heartbeat) {
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`Object.defineProperty(navigator, 'clipboard', { value: undefined }),
		document.addEventListener('copy', () => { window.copied = getSelection().toString() }), true`))
	testkit.Must(t, err)
	b.press("Copy") // by a script, which may not copy: it does not say that it did
	b.shows("Press Ctrl+C")
	b.do("a person's click", chromedp.Click(chromedp.CSS("details[open] button.copy")))
	b.shows("Copied")
	b.sees("the whole command", fmt.Sprintf(`window.copied?.startsWith('curl ') && window.copied.trim().endsWith(%q)`, "/v1/heartbeats/"+job.Token+"/ping"))
}

// noStreams is an EventSource of a browser behind a proxy that lets no stream through.
const noStreams = `window.EventSource = class extends EventTarget {
	constructor() { super(); setTimeout(() => this.dispatchEvent(new Event('error'))) }
	close() {}
}`

// polls has the page's stream fail: the page asks instead.
func polls(t *testing.T, e *env, b *browser, job heartbeat) {
	added, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noStreams})
	testkit.Must(t, err)
	b.visit("/ui/heartbeats/" + job.ID)
	for range 2 {
		n := get(t, e.Nodes[1], job.ID).PingsTotal + 1
		ping(t, e.Nodes[1], job)
		b.sees("the ping arrives without a stream", fmt.Sprintf(`document.getElementById('history').innerText.includes('%d pings in all')`, n))
	}
	b.sees("it does not say that it is old", `document.getElementById('lost').hidden`)
	_, err = chromedp.Call(b.ctx, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams(added))
	testkit.Must(t, err)
}

// everyWay looks at a page light, dark, and on a phone.
func everyWay(b *browser, path, name string) {
	b.t.Helper()
	for _, look := range []struct {
		width  int64
		scheme string
	}{{1280, "light"}, {1280, "dark"}, {375, "dark"}, {375, "light"}} {
		b.appears(look.width, look.scheme)
		b.visit(path)
		b.look(fmt.Sprintf("%s-%s-%d", name, look.scheme, look.width))
	}
	b.appears(1280, "light")
}

// channelPages makes a channel, tests it against a real server, gives it to a heartbeat, and
// sees there who was told.
func channelPages(t *testing.T, e *env, b *browser) {
	job := create(t, e.Nodes[0], fields{"name": "told by channels", "interval_secs": 86400})
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "refuse") {
			http.Error(w, "no <b>such</b> room", http.StatusNotFound)
			return
		}
		fmt.Fprint(w, "thank you")
	}))
	t.Cleanup(other.Close)
	b.visit("/ui/channels")
	b.shows("There are none yet")
	make := func(kind, name, url string) {
		t.Helper()
		b.press("New channel")
		b.shows("Of which kind?")
		b.look("channel-kinds")
		b.press(kind)
		b.shows("New channel: " + kind)
		b.press("Make it")
		b.shows("Name is empty")
		b.look("channel-wrong")
		b.fill("name", name)
		b.fill("url", url)
		b.press("Make it")
		b.shows("The channel was made")
	}
	make("webhook", "hooks", other.URL+"/hush")
	b.shows("shown this once")
	b.look("channel-secret")
	make("slack", "chat", other.URL+"/refuse")
	b.sees("no secret is shown", `!document.body.innerHTML.match(/whsec_|hush|refuse/)`)
	b.sees("one can be changed", `(e => e && !(e.click(), false))(document.querySelector('[aria-label="edit chat"]'))`)
	b.shows("Edit a channel: slack")
	b.sees("its form has no secret either", `document.querySelector('#f-url').value === '•••' && !document.documentElement.outerHTML.match(/refuse/)`)
	b.wideAndNarrow("channel-edit")
	b.press("Save") // what was not typed anew stays, as the test shows
	b.shows("The changes were saved")
	test := func(name string) {
		b.sees("there is a button for "+name, fmt.Sprintf(`(e => e && !(e.click(), false))(document.querySelector('button[aria-label="test %s"]'))`, name))
	}
	test("chat")
	b.shows("chat did not take the test")
	b.look("channel-refused")
	test("hooks")
	b.shows("hooks took the test")
	b.shows("thank you")

	b.visit("/ui/heartbeats/" + job.ID + "/edit")
	b.sees("both can be chosen", `document.querySelectorAll('[name=notify]').length === 2`)
	b.sees("one is", `!(document.querySelectorAll('[name=notify]')[1].click(), false)`) // in the order of their names
	b.look("form-channels")
	b.press("Save")
	b.shows("The changes were saved")
	b.sees("its page says who is told", `[...document.querySelectorAll('dt')].find(e => e.innerText === 'Tells').nextElementSibling.innerText === 'hooks (webhook)'`)
	_, err := http.Post(pingURL(e.Nodes[2], job)+"/fail", "text/plain", nil)
	testkit.Must(t, err)
	b.sees("and that it was told", `document.querySelector('.told')?.innerText.includes('hooks (webhook)') && document.querySelector('.told .steps .done:last-child')?.innerText.startsWith('sent')`)
	b.look("told-by-channel")
	everyWay(b, "/ui/channels", "channels")
	for _, name := range []string{"chat", "hooks"} {
		b.press("Delete…") // the first by name
		b.shows("Delete " + name + "?")
		b.look("channel-delete")
		b.press("Delete it")
		b.shows("Deleted.")
	}
}

// publicPages publishes a page and a badge, looks at them as anybody, and takes them back.
func publicPages(t *testing.T, b *browser, job heartbeat) {
	b.visit("/ui/published")
	b.shows("There are none.")
	b.fill("slug", "A B")
	b.sees("sent", `!(document.querySelector('form[action$=pages] button').click(), false)`)
	b.shows("Title is empty")
	b.look("published-wrong")
	b.fill("title", "Our jobs & theirs")
	b.sees("the address is empty", `!(document.querySelector('#f-slug').value = '')`)
	b.fill("heartbeats", job.Slug+" = Backups")
	b.fill("tags", "db")
	b.sees("sent", `!(document.querySelector('form[action$=pages] button').click(), false)`)
	b.shows("It is published")
	b.fill("heartbeat", job.Slug)
	b.sees("sent", `!(document.querySelector('form[action$=badges] button').click(), false)`)
	b.sees("the badge is a picture", `document.querySelector('td img')?.naturalWidth > 0`)
	everyWay(b, "/ui/published", "published")

	everyWay(b, "/status/our-jobs-theirs", "status")
	b.shows("Backups")
	b.sees("it is of no use to scripts, and says nothing else", `document.scripts.length === 0 && !document.body.innerHTML.includes('hb_') && document.querySelectorAll('.jobs li').length >= 1`)
	b.sees("days are drawn", `document.querySelector('.days').getBoundingClientRect().width > 200`)
	everyWay(b, "/status/never", "status-unknown")
	b.shows("There is no such page")

	b.visit("/ui/published")
	for _, what := range []string{"Take Our jobs & theirs back?", "Take the badge of"} {
		b.press("Take back…")
		b.shows(what)
		b.press("Take it back")
		b.shows("It was taken back")
	}
	b.look("unpublished")
}

// plainPages does what people do where scripts are turned off.
func plainPages(t *testing.T, e *env, b *browser) {
	b.scripts(false)
	plainIncidents(t, e, b)
	plainWords(b)
	b.visit("/ui/published")
	b.fill("title", "Plain")
	b.fill("tags", "db")
	b.do("sending", chromedp.Click(chromedp.CSS(`form[action$="pages"] button`)))
	b.shows("It is published")
	b.visit("/status/plain")
	b.shows("Incidents")
	b.visit("/ui/channels/new")
	b.press("ntfy")
	b.shows("New channel: ntfy")
	b.fill("name", "phone")
	b.fill("topic", "night-shift")
	b.press("Make it")
	b.shows("The channel was made")
	b.visit("/ui/channels")
	b.press("Edit")
	b.shows("Edit a channel: ntfy")
	b.press("Save")
	b.shows("The changes were saved")
	b.press("Delete…")
	b.press("Delete it")
	b.shows("There are none yet")
	b.visit("/ui/published")
	b.press("Take back…")
	b.press("Take it back")
	b.shows("It was taken back")
	b.visit("/ui/")
	b.press("New heartbeat")
	b.shows("Expected every")
	b.fill("name", "plain")
	b.press("Make it")
	b.shows("Waiting for the first ping")
	b.press("Ping now")
	b.shows("A ping was recorded")
	b.press("Pause")
	b.shows("Somebody paused it")
	b.visit("/ui/?q=plain&status=paused")
	b.sees("the list has it", `document.querySelectorAll('tbody tr').length == 1`)
	b.press("Sign out")
	b.shows("Sign in")
}
