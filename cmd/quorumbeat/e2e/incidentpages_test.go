package e2e

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// incidentLink is what stands behind the public URL in the link by which a mail has its incident acknowledged.
func incidentLink(t *testing.T, public string, m smtpsink.Mail) string {
	t.Helper()
	link := regexp.MustCompile(regexp.QuoteMeta(public) + `(/incident/[\w-]+)`).FindStringSubmatch(plainText(t, m))
	if link == nil {
		t.Fatalf("no link in\n%s", plainText(t, m))
	}
	return link[1]
}

// at is the same browser at another node.
func (b *browser) at(url string) *browser { return &browser{t: b.t, ctx: b.ctx, url: url} }

// scripts says whether pages may run scripts.
func (b *browser) scripts(run bool) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
	testkit.Must(b.t, err)
}

// wideAndNarrow looks at the page as it stands on a desk and on a phone.
func (b *browser) wideAndNarrow(name string) {
	b.t.Helper()
	b.look(name)
	b.appears(375, "light")
	b.look(name + "-narrow")
	b.appears(1280, "light")
}

// wordsPage gives alerts words of one's own, once they are right, and looks at what they say.
func wordsPage(b *browser) {
	b.visit("/ui/channels")
	b.press("Words")
	b.shows("Words of your own")
	b.fill("subject", "{{.Nam}}")
	b.press("Save")
	b.shows("there is no field .Nam")
	b.sees("what was typed stays", `document.querySelector('#subject').value == '{{.Nam}}'`)
	b.wideAndNarrow("words-wrong")
	b.fill("subject", "{{.State}}! {{.Name}}")
	b.press("Preview")
	b.shows("Nothing is saved yet")
	b.shows("DOWN! nightly-sync")
	b.press("Save")
	b.shows("The changes were saved")
	b.wideAndNarrow("words")
}

// ownWordsEnd has alerts say again what is built in.
func ownWordsEnd(b *browser) {
	b.visit("/ui/channels/words")
	b.do("emptying the subject", chromedp.Clear(chromedp.CSS("#subject")))
	b.press("Save")
	b.shows("The changes were saved")
	b.shows("[DOWN] nightly-sync")
}

// incidentPages has people see to an incident: by the link of its mail at another node, on the page of all incidents,
// and on that of its heartbeat, until its job runs again.
func incidentPages(t *testing.T, e *env, b *browser) {
	to := address()
	h := create(t, e.Nodes[0], fields{"name": "seen to", "interval_secs": 86400, "email": []string{to}, "remind_every_secs": 86400})
	ask(t, http.StatusOK, "POST", pingURL(e.Nodes[1], h)+"/3", nil, nil)
	e.waitNewest(t, to, "DOWN! seen to") // the words of wordsPage
	link := incidentLink(t, "http://beat.example.com", e.sink.Mails(to)[0])
	mailed := b.at(e.Nodes[2].URL())
	mailed.visit(link)
	mailed.shows("It has been failing since")
	mailed.wideAndNarrow("link")
	mailed.fill("by", "Ann")
	mailed.press("Acknowledge")
	mailed.shows("by Ann")
	mailed.look("link-acknowledged")

	b.visit("/ui/incidents")
	b.shows("Acknowledged by Ann")
	b.wideAndNarrow("incidents-acknowledged")
	b.press("Tell people again")
	b.shows("Taken back: people are told again")
	e.waitNewest(t, to, "STILL DOWN! seen to")
	b.visit("/ui/heartbeats/" + h.ID)
	b.press("Acknowledge")
	b.shows("nobody is told any more")
	b.shows("Acknowledged by")
	b.press("Snooze")
	b.shows("people are told again then")
	b.shows("Snoozed until")
	b.shows("Nobody is told")
	b.sees("what happened is told", `[...document.querySelectorAll('.story li')].some(e => e.textContent.includes('Ann'))`)
	b.wideAndNarrow("snoozed")
	ask(t, http.StatusOK, "POST", pingURL(e.Nodes[2], h)+"/0", nil, nil)
	b.sees("the page turns", `document.querySelector('.summary').classList.contains('up') && !document.querySelector('.life')`)
	e.waitNewest(t, to, "RECOVERED! seen to")
	e.expectMails(t, to, 3)
	mailed.visit(link)
	mailed.shows("This incident is over")
	mailed.look("link-over")
	b.visit("/ui/incidents")
	b.look("incidents-ended")
}

// plainIncidents sees to an incident where scripts are turned off, also when it is over.
func plainIncidents(t *testing.T, e *env, b *browser) {
	h := create(t, e.Nodes[0], fields{"name": "plainly failing", "interval_secs": 86400})
	ask(t, http.StatusOK, "POST", pingURL(e.Nodes[0], h)+"/fail", nil, nil)
	b.visit("/ui/incidents")
	b.press("Acknowledge")
	b.shows("nobody is told any more")
	b.press("Snooze")
	b.shows("Snoozed until")
	b.press("Tell people again")
	b.shows("Taken back")
	ping(t, e.Nodes[0], h)
	b.press("Acknowledge") // the page is older than the ping
	b.shows("That incident is over already")
}

// plainWords and a window are for who has no scripts, too.
func plainWords(b *browser) {
	b.visit("/ui/channels/words")
	b.fill("subject", "{{.State}}: {{.Name}}")
	b.press("Preview")
	b.shows("DOWN: nightly-sync")
	b.visit("/ui/windows")
	b.fill("name", "plain maintenance")
	b.fill("tags", "plain")
	b.fill("length", "1h")
	b.press("Plan it")
	b.shows("The window is planned")
	b.press("Delete…")
	b.press("Delete it")
	b.shows("There are none.")
}
