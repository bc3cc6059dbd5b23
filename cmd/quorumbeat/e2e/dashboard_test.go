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
	e := startPlain(t, 3, "--webhook-allow", "127.0.0.1", "--public-url", "http://beat.example.com")
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
	b.sees("only what every heartbeat needs is unfolded", `document.querySelectorAll('details.group').length == 4 && !document.querySelector('details.group[open]')`)
	b.sees("what it means stands beside it", `document.querySelector('#preview').getBoundingClientRect().left > document.querySelector('#f-name').getBoundingClientRect().right`)
	b.press("Make it")
	b.shows("is no duration")
	b.sees("what is wrong is linked, and unfolded", `document.querySelector('.banner a[href="#f-threshold"]') && document.querySelector('#f-threshold').checkVisibility()`)
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
	b.sees("the ping arrives", `document.querySelector('.summary').classList.contains('up')`)
	quickly(t, e, b, h)
	copied(t, b, h)
	polls(t, e, b, h)
	answer, err := http.Post(pingURL(e.Nodes[2], h)+"/3", "text/plain", strings.NewReader("backup of db-3\nerror: no space left on device\n"))
	testkit.Must(t, err)
	testkit.Must(t, answer.Body.Close())
	b.sees("the failure", `document.querySelector('.summary').classList.contains('failing')`)
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
	b.sees("its button stays in its row", `Math.abs(document.querySelector('details.for summary').getBoundingClientRect().top - document.querySelector('.buttons a').getBoundingClientRect().top) < 3`)
	b.do("an hour and a half", chromedp.SendKeys(chromedp.CSS("input[name=length]"), "1h30m"))
	b.press("Pause for a time")
	b.shows("It is resumed by itself")
	b.shows("Paused until")
	b.look("paused-for")
	b.press("Resume")
	b.shows("Resumed")
	b.press("New URL…")
	b.shows("A new ping URL for job")
	b.look("new-url")
	b.press("Make a new URL")
	b.shows("It has a new ping URL")
	b.press("Edit")
	b.do("the form", chromedp.WaitVisible(chromedp.CSS("#f-name")))
	b.fill("name", "job11")
	b.press("Save")
	b.shows("The changes were saved")
	b.press("Delete…")
	b.shows("Delete job11?")
	b.press("Delete 1 heartbeat")
	b.shows("Deleted.")
	b.sees("and is not told so again by a reload", `location.search === ''`)

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
	dependenciesOnThePage(t, e, b)
	windowsOnThePage(t, e, b)
	wordsPage(b)
	incidentPages(t, e, b)
	ownWordsEnd(b)
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
	plainPages(t, e, b)
}

// alertsOnThePage holds an alert that waits for its channel's time, has it sent, and cancels another.
func alertsOnThePage(t *testing.T, e *env, b *browser) {
	channel, waits := waitingAlerts(t, e)
	first := waits("on the page")
	b.visit("/ui/heartbeats/" + first.ID)
	b.shows("Who is told of it")
	b.sees("whom, why and when", `['tomorrow (webhook)', 'has to last for as long as its channel says'].every(words => document.querySelector('section[aria-labelledby=routing]').innerText.includes(words))`)
	b.wideAndNarrow("explained")
	b.visit("/ui/alerts?state=pending")
	b.wideAndNarrow("alerts-pending")
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
	onAPhone(b, "/ui/login")
	b.signIn()
	h := create(t, e.Nodes[0], fields{"name": "nightly backup of all the shops", "interval_secs": 86400, "tags": []string{"db", "nightly"}})
	answer, err := http.Post(pingURL(e.Nodes[2], h)+"/3", "text/plain", strings.NewReader(strings.Repeat("a long line of output ", 30)))
	testkit.Must(t, err)
	testkit.Must(t, answer.Body.Close())
	zoomed(t, b, "/ui/", "/ui/heartbeats/"+h.ID, "/ui/heartbeats/"+h.ID+"/edit", "/ui/incidents", "/ui/alerts", "/ui/keys", "/ui/cluster")
	ask(t, http.StatusCreated, "POST", e.Nodes[0].URL()+"/v1/keys", fields{"name": "night shift"}, nil)
	ask(t, http.StatusCreated, "POST", e.Nodes[0].URL()+"/v1/badges", fields{"heartbeat_id": h.ID}, nil)
	onAPhone(b, "/ui/", "/ui/heartbeats/"+h.ID, "/ui/heartbeats/"+h.ID+"/edit", "/ui/heartbeats/"+h.ID+"/delete", "/ui/heartbeats/"+h.ID+"/rotate", "/ui/heartbeats/new", "/ui/incidents", "/ui/alerts",
		"/ui/channels", "/ui/channels/new", "/ui/channels/new?kind=slack", "/ui/channels/words", "/ui/windows", "/ui/cluster", "/ui/keys", "/ui/published", "/ui/heartbeats/none")
	onPaper(t, b, "/ui/heartbeats/"+h.ID)
	strangeNames(t, e, b)
	inZones(t, e, b)
	keyboard(t, e, b)
	tabs(t, e, b)
}

// TestARevokedKeyEndsItsSession revokes the key that a browser is signed in with.
func TestARevokedKeyEndsItsSession(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
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
	e := startPlain(t, 3, "--node-down-after", "1s")
	h := create(t, e.Nodes[0], fields{"name": "watched", "interval_secs": 86400})
	b := openBrowser(t, balance(t, e))
	b.signIn()
	b.visit("/ui/heartbeats/" + h.ID)
	b.shows("Waiting for the first ping")
	testkit.Must(t, e.Nodes[0].Kill()) // which the balancer tries first
	ping(t, e.Nodes[2], h)
	b.sees("the ping arrives", `document.querySelector('.summary').classList.contains('up')`)
	lost := "node " + e.Nodes[0].Name + " of the monitor"
	b.visit("/ui/incidents")
	b.shows(lost)
	b.wideAndNarrow("incident-of-a-node")
	b.visit("/ui/cluster")
	b.shows(lost)
	b.shows("A node of the monitor is gone. 2 of 3 voting nodes are alive")
	b.press("Acknowledge")
	b.shows("nobody is told any more")
	b.shows("Acknowledged by")
	b.wideAndNarrow("cluster-without-a-node")
	b.press("Tell people again")
	b.shows("Taken back")
	e.waitNewest(t, "ops@example.com", "[STILL DOWN] "+lost)
	b.visit("/ui/heartbeats/" + h.ID)
	b.sees("the page is live", `document.querySelector('.summary').classList.contains('up')`)
	for _, n := range e.Nodes[1:] {
		testkit.Must(t, n.Kill())
	}
	b.sees("it says how old it is when nobody is left", `!document.getElementById('lost').hidden && document.getElementById('age').innerText.includes('s old')`)
}

// balance is a load balancer that prefers the first node.
func balance(t *testing.T, e *env) (url string) {
	t.Helper()
	return "http://" + testkit.Listen(t, func(client net.Conn) {
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
	})
}

// dependenciesOnThePage has a heartbeat depend on another by its form: both pages show that, and what its alert waits for.
func dependenciesOnThePage(t *testing.T, e *env, b *browser) {
	host := create(t, e.Nodes[0], fields{"name": "host of all", "slug": "host-of-all"})
	report := create(t, e.Nodes[0], fields{"name": "report of all"})
	b.visit("/ui/heartbeats/" + report.ID + "/edit")
	b.fill("depends_on", "nobody")
	b.press("Save")
	b.shows("there is no heartbeat of this slug or ID")
	b.fill("depends_on", "host-of-all")
	b.press("Save")
	b.shows("The changes were saved")
	b.sees("what it depends on", `document.querySelector('.facts').innerText.includes('host of all')`)
	for _, h := range []heartbeat{host, report} {
		ask(t, http.StatusOK, "POST", pingURL(e.Nodes[1], h)+"/fail", nil, nil)
	}
	b.shows("waits for host of all, which it depends on")
	b.look("depends")
	b.press("host of all")
	b.shows("What depends on it")
	b.shows("report of all (failing)")
	for _, h := range []heartbeat{host, report} {
		ping(t, e.Nodes[1], h)
	}
}

// windowsOnThePage plans maintenance, sees that a heartbeat is in it and that its alert waits, and deletes it.
func windowsOnThePage(t *testing.T, e *env, b *browser) {
	h := create(t, e.Nodes[0], fields{"name": "moves", "tags": []string{"moving"}})
	b.visit("/ui/windows")
	b.press("Plan it")
	b.shows("Nothing was planned yet")
	b.look("windows-wrong")
	b.fill("name", "move the racks")
	b.fill("tags", "moving")
	b.fill("length", "2h")
	b.press("Plan it")
	b.shows("The window is planned")
	b.fill("name", "every sunday")
	b.fill("tags", "moving")
	b.fill("length", "90m")
	b.fill("schedule", "0 2 * * 0")
	b.fill("tz", "Europe/Berlin")
	b.press("Plan it")
	b.shows("At 02:00, on Sunday (Europe/Berlin)")
	b.look("windows")
	b.appears(375, "light")
	b.look("windows-narrow")
	b.appears(1280, "light")
	ask(t, http.StatusOK, "POST", pingURL(e.Nodes[1], h)+"/fail", nil, nil)
	b.visit("/ui/heartbeats/" + h.ID)
	b.shows("In maintenance until")
	b.shows("waits for the end of the maintenance window move the racks")
	b.look("in-maintenance")
	ping(t, e.Nodes[1], h)
	for range 2 {
		b.visit("/ui/windows")
		b.press("Delete…")
		b.shows("go out at once")
		b.press("Delete it")
		b.shows("Deleted.")
	}
	b.shows("There are none.")
	ask(t, http.StatusNoContent, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}
