package e2e

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestTheDashboard does with a browser what people do: make a heartbeat, see its first ping
// arrive and its failure, pause and change it.
func TestTheDashboard(t *testing.T) {
	t.Parallel()
	e := start(t, 3, "--webhook-allow", "127.0.0.1")
	b := openBrowser(t, e.Nodes[0].URL())
	b.signIn()
	b.shows("Nothing is watched yet")
	b.look("empty")

	b.press("New heartbeat")
	b.do("the form", chromedp.WaitVisible(chromedp.CSS("#f-name")))
	b.fill("name", "nightly <b>backup</b>")
	b.fill("every", "a day")
	b.fill("threshold", "many")
	b.fill("runbook_url", "https://wiki.example.com/backup")
	b.press("Make it")
	b.shows("is no duration")
	b.shows("is no number")
	b.sees("what was typed stays", `document.querySelector('#f-runbook_url').value.endsWith('/backup')`)
	b.fill("threshold", "2")
	b.look("form")
	b.fill("every", "1d")
	b.fill("tags", "db, nightly")
	b.do("the preview follows", chromedp.SendKeys(chromedp.CSS("#f-every"), " "))
	b.shows("What that means")
	b.press("Make it")
	b.shows("Waiting for the first ping")
	b.look("waiting")

	h := list(t, e.Nodes[0])[0]
	other := create(t, e.Nodes[1], fields{"name": "job10", "tags": []string{"db"}, "interval_secs": 86400})
	create(t, e.Nodes[1], fields{"name": "job2", "interval_secs": 86400})
	ping(t, e.Nodes[1], h)
	b.sees("the ping arrives", `document.querySelector('.verdict').classList.contains('up')`)
	quickly(t, e, b, h)
	copied(t, b, h)
	polls(t, e, b, h)
	answer, err := http.Post(pingURL(e.Nodes[2], h)+"/3", "text/plain", strings.NewReader("backup of db-3\nerror: no space left on device\n"))
	testkit.Must(t, err)
	testkit.Must(t, answer.Body.Close())
	b.sees("the failure", `document.querySelector('.verdict').classList.contains('failing')`)
	b.shows("exit status 3")
	b.shows("no space left on device")
	b.shows("https://wiki.example.com/backup")
	b.sees("the title tells", `document.title.startsWith('failing')`)
	b.sees("and the icon", `document.getElementById('icon').href.includes('failing')`)
	b.look("failing")
	b.visit("/ui/incidents")
	b.shows("The job ended with exit status 3")
	b.look("incidents")

	b.visit("/ui/")
	b.sees("it comes first", `document.querySelector('tbody tr a').innerText == 'nightly <b>backup</b>'`)
	b.sees("then names in natural order", `document.querySelectorAll('tbody tr')[1].innerText.includes('job2')`)
	b.look("list")
	ping(t, e.Nodes[0], h)
	b.sees("its row turns where it stands", `document.querySelector('tbody tr .state').classList.contains('up')`)
	b.sees("and says that the order is another", `document.getElementById("moved").innerText.trim() === "1 changed: show"`)
	create(t, e.Nodes[2], fields{"name": "job3", "interval_secs": 86400})

	b.visit("/ui/?tag=db")
	b.sees("all can be selected", `[...document.querySelectorAll('tbody input')].map(i => i.click()).length == 2`)
	b.press("Pause")
	b.shows("Paused: misses do not count")
	b.sees("both are paused", `document.querySelectorAll('tbody .state.paused').length == 2`)
	b.visit("/ui/heartbeats/" + other.ID)
	b.do("pause for", chromedp.Click(chromedp.CSS("details.for summary")))
	b.do("an hour and a half", chromedp.SendKeys(chromedp.CSS("input[name=length]"), "1h30m"))
	b.press("Pause for a time")
	b.shows("It is resumed by itself")
	b.shows("Paused until")
	b.look("paused-for")
	b.press("Resume")
	b.shows("Resumed")
	b.press("Edit")
	b.do("the form", chromedp.WaitVisible(chromedp.CSS("#f-name")))
	b.fill("name", "job11")
	b.press("Save")
	b.shows("The changes were saved")
	b.press("Delete…")
	b.shows("Delete job11?")
	b.press("Delete 1 heartbeat")
	b.shows("Deleted.")

	b.visit("/ui/keys")
	b.fill("name", "wall")
	b.press("Make it")
	b.shows("shown this once")
	b.shows("qb_")
	b.press("Revoke…")
	b.shows("Revoke wall?")
	b.look("revoke")
	b.press("Revoke it")
	b.shows("The key was revoked")

	suggestions(t, e, b)
	channelPages(t, e, b)
	publicPages(t, b, h)
	alertsOnThePage(t, e, b)
	for _, page := range []string{"alerts", "keys", "cluster"} {
		b.visit("/ui/" + page)
		b.look(page)
	}
	b.visit("/ui/heartbeats/" + h.ID)
	b.sees("who was told of the last incident", `document.querySelector('.told').innerText.includes('recovered to ops@example.com')`)
	for _, look := range []struct {
		width  int64
		scheme string
	}{{375, "light"}, {1280, "dark"}} {
		b.appears(look.width, look.scheme)
		b.look("heartbeat-" + look.scheme)
	}
	b.visit("/ui/")
	b.look("list-dark")
	b.appears(375, "light")
	b.look("list-narrow")
	plainPages(t, b)
}

// alertsOnThePage holds an alert that waits for its channel's time, has it sent, and cancels another.
func alertsOnThePage(t *testing.T, e *env, b *browser) {
	channel, waits := waitingAlerts(t, e)
	first := waits("on the page")
	b.visit("/ui/alerts?state=pending")
	b.look("alerts-pending")
	b.press("Hold")
	b.shows("It is held back until")
	b.visit("/ui/alerts?state=held")
	b.shows("held by hand")
	b.look("alerts-held")
	b.press("Send it")
	b.shows("It will be sent again")
	second := waits("off the page")
	b.visit("/ui/alerts?state=pending")
	b.press("Cancel")
	b.shows("it will never be sent")
	for _, gone := range []string{"heartbeats/" + first.ID, "heartbeats/" + second.ID, "channels/" + channel} {
		ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/"+gone, nil, nil)
	}
}

// TestTheDashboardForEverybody: enlarged twice, on paper, with names in any letters, by the
// keyboard alone, and with several tabs.
func TestTheDashboardForEverybody(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	b := openBrowser(t, e.Nodes[0].URL())
	b.signIn()
	h := create(t, e.Nodes[0], fields{"name": "nightly backup of all the shops", "interval_secs": 86400, "tags": []string{"db", "nightly"}})
	answer, err := http.Post(pingURL(e.Nodes[2], h)+"/3", "text/plain", strings.NewReader(strings.Repeat("a long line of output ", 30)))
	testkit.Must(t, err)
	testkit.Must(t, answer.Body.Close())
	zoomed(t, b, "/ui/", "/ui/heartbeats/"+h.ID, "/ui/heartbeats/"+h.ID+"/edit", "/ui/incidents", "/ui/alerts", "/ui/keys", "/ui/cluster")
	onPaper(t, b, "/ui/heartbeats/"+h.ID)
	strangeNames(t, e, b)
	keyboard(t, e, b)
	tabs(t, e, b)
}

// TestARevokedKeyEndsItsSession revokes the key that a browser is signed in with.
func TestARevokedKeyEndsItsSession(t *testing.T) {
	t.Parallel()
	e := start(t, 3)
	var key struct{ ID, Key string }
	ask(t, http.StatusCreated, "POST", e.Nodes[0].URL()+"/v1/keys", fields{"name": "night shift"}, &key)
	h := create(t, e.Nodes[0], fields{"name": "watched"})
	b := openBrowser(t, e.Nodes[1].URL())
	b.signInWith(key.Key)
	b.visit("/ui/heartbeats/" + h.ID)
	b.shows("night shift")
	ask(t, http.StatusNoContent, "DELETE", e.Nodes[2].URL()+"/v1/keys/"+key.ID, nil, nil)
	b.sees("it has to sign in again, without a reload by hand", `location.pathname == '/ui/login'`)
}

// TestAPageOutlivesItsNode kills the node that a page came from, behind a load balancer.
func TestAPageOutlivesItsNode(t *testing.T) {
	t.Parallel()
	e := start(t, 3)
	h := create(t, e.Nodes[0], fields{"name": "watched", "interval_secs": 86400})
	b := openBrowser(t, balance(t, e))
	b.signIn()
	b.visit("/ui/heartbeats/" + h.ID)
	b.shows("Waiting for the first ping")
	testkit.Must(t, e.Nodes[0].Kill()) // which the balancer tries first
	ping(t, e.Nodes[2], h)
	b.sees("the ping arrives", `document.querySelector('.verdict').classList.contains('up')`)
	for _, n := range e.Nodes[1:] {
		testkit.Must(t, n.Kill())
	}
	b.sees("it says how old it is when nobody is left", `!document.getElementById('lost').hidden && document.getElementById('age').innerText.includes('s old')`)
}

// balance is a load balancer that prefers the first node.
func balance(t *testing.T, e *env) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				for _, n := range e.Nodes {
					node, err := net.DialTimeout("tcp", strings.TrimPrefix(n.URL(), "http://"), time.Second)
					if err != nil {
						continue
					}
					defer node.Close()
					go func() {
						_, _ = io.Copy(node, client)
						_ = node.Close()
					}()
					_, _ = io.Copy(client, node)
					return
				}
			}()
		}
	}()
	return "http://" + ln.Addr().String()
}
