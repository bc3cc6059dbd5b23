package e2e

import (
	"encoding/base64"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// wayOut is a form of a kind of channels.
type wayOut struct {
	name     string
	kind     string
	settings map[string]string
	secrets  map[string]string // settings that are secret
	hidden   []string          // what of those must be seen nowhere
	asked    string            // host and path that a test asks; "": it goes elsewhere
	shows    string            // what a test that is taken shows
}

// hush is a secret of a way out, and nobody else's.
func hush(of string) string { return "HUSH7" + of + "hushed" }

func basic(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

// signingKey is of webhooks.
var signingKey = base64.StdEncoding.EncodeToString([]byte(hush("webhook") + "0123456789"))

// programOfAChannel fails if its environment has more than a program needs.
const programOfAChannel = `#!/bin/sh
env | grep -Ev '^(QUORUMBEAT_ALERT_[A-Z_]+|PATH|HOME|LANG|PWD|SHLVL|OLDPWD|_)=' && exit 9
echo "$QUORUMBEAT_ALERT_KIND $* thanks"
`

// waysOut are all kinds of channels, and all forms of a URL of the kind shoutrrr.
func waysOut(t *testing.T) []wayOut {
	program := filepath.Join(t.TempDir(), "tell")
	testkit.Must(t, os.WriteFile(program, []byte(programOfAChannel), 0o755))
	shoutrrr := func(name, url, asked string, hidden ...string) wayOut {
		return wayOut{name, "shoutrrr", nil, map[string]string{"url": url}, hidden, asked, "thanks"}
	}
	return []wayOut{
		{"mail", "email", map[string]string{"to": "channel@example.com, second@example.com"}, nil, nil, "", "channel@example.com: 250"},
		{"webhook", "webhook", map[string]string{"url": "https://hooks.example.com/in"}, map[string]string{"secret": "whsec_" + signingKey}, []string{signingKey}, "hooks.example.com/in", "200 OK: thanks"},
		{"slack", "slack", nil, map[string]string{"url": "https://hooks.slack.com/services/T0/B0/" + hush("slack")}, []string{hush("slack")}, "hooks.slack.com/services/T0/B0/" + hush("slack"), "thanks"},
		{"slack by bot", "slack", map[string]string{"channel": "C0123456789"}, map[string]string{"token": "xoxb-" + hush("slackbot")}, []string{hush("slackbot")}, "slack.com/api/chat.postMessage", "thanks"},
		{"teams", "teams", nil, map[string]string{"url": "https://teams.example.com/workflows/x?sig=" + hush("teams")}, []string{hush("teams")}, "teams.example.com/workflows/x", "thanks"},
		{"discord", "discord", nil, map[string]string{"url": "https://discord.com/api/webhooks/1/" + hush("discord")}, []string{hush("discord")}, "discord.com/api/webhooks/1/" + hush("discord"), "thanks"},
		{"telegram", "telegram", map[string]string{"chat_id": "-100123"}, map[string]string{"token": "123456:" + hush("telegram")}, []string{hush("telegram")}, "api.telegram.org/bot123456:" + hush("telegram") + "/sendMessage", "thanks"},
		{"ntfy", "ntfy", map[string]string{"priority": "5"}, map[string]string{"topic": hush("topic"), "token": "tk_" + hush("ntfy")}, []string{hush("topic"), hush("ntfy")}, "ntfy.sh/", "thanks"},
		{"pagerduty", "pagerduty", nil, map[string]string{"routing_key": (hush("pagerduty") + strings.Repeat("0", 32))[:32]}, []string{hush("pagerduty")}, "events.pagerduty.com/v2/enqueue", "thanks"},
		{"alertmanager", "alertmanager", map[string]string{"url": "https://am.example.com/x/", "username": "u"}, map[string]string{"password": hush("password")}, []string{hush("password"), basic("u", hush("password"))}, "am.example.com/x/api/v2/alerts", "thanks"},
		{"alertmanager by token", "alertmanager", map[string]string{"url": "https://am.example.com/y"}, map[string]string{"token": hush("bearer")}, []string{hush("bearer")}, "am.example.com/y/api/v2/alerts", "thanks"},
		{"command", "command", map[string]string{"path": program, "args": "one\ntwo three"}, nil, nil, "", "exit status 0: test one two three thanks"},
		shoutrrr("gotify", "gotify://push.example.com/A"+hush("gotify")+"?priority=7", "push.example.com/message", hush("gotify")),
		shoutrrr("pushover", "pushover://shoutrrr:"+hush("pushover")+"@"+hush("user")+"/?devices=phone", "api.pushover.net/1/messages.json", hush("pushover"), hush("user")),
		shoutrrr("pushbullet", "pushbullet://o."+hush("pushbullet")+"/%23ops", "api.pushbullet.com/v2/pushes", hush("pushbullet")),
		shoutrrr("googlechat", "googlechat://chat.googleapis.com/v1/spaces/AAA/messages?key="+hush("key")+"&token="+hush("chattoken"), "chat.googleapis.com/v1/spaces/AAA/messages", hush("key"), hush("chattoken")),
		shoutrrr("mattermost", "mattermost://bot@chat.example.com/"+hush("mattermost")+"/ops", "chat.example.com/hooks/"+hush("mattermost"), hush("mattermost")),
		shoutrrr("rocketchat", "rocketchat://bot@chat.example.com/"+hush("rocket")+"/"+hush("chat")+"/@ann", "chat.example.com/hooks/"+hush("rocket")+"/"+hush("chat"), hush("rocket"), hush("chat")),
		shoutrrr("zulip", "zulip://bot%40example.com:"+hush("zulip")+"@zulip.example.com/?stream=ops", "zulip.example.com/api/v1/messages", hush("zulip"), basic("bot@example.com", hush("zulip"))),
	}
}

// hand is a way in which people see to channels.
type hand struct {
	name   string
	create func(t *testing.T, e *env, w wayOut, name string) (said string)
	change func(t *testing.T, e *env, c madeChannel, w wayOut) (said string) // its tags and nothing else
	test   func(t *testing.T, e *env, c madeChannel) (said string)
	remove func(t *testing.T, e *env, c madeChannel)
}

type madeChannel struct {
	ID      string
	Name    string
	Kind    string
	Version int
	Tags    []string
}

var hands = []hand{{"API", apiCreates, apiChanges, apiTests, apiDeletes}, {"command line", cliCreates, cliChanges, cliTests, cliDeletes}, {"form", formCreates, formChanges, formTests, formDeletes}}

// channelsOfEveryKind makes each by the API, the command line and the dashboard's form, changes it, has it
// tested, and deletes it, by one of the three in turn. Then it looks for their secrets in all that is to be seen.
func channelsOfEveryKind(t *testing.T, e *env) {
	ways := waysOut(t)
	x := &secrecy{e: e, ways: ways}
	stop := x.listen(t)
	for i, w := range ways {
		var made []madeChannel
		for j, h := range hands {
			name := w.name + " by " + h.name
			x.saw("the answer to the creation of "+name, h.create(t, e, w, name))
			c := channelNamed(t, e, name)
			if c.Kind != w.kind {
				t.Errorf("%s is %+v", name, c)
			}
			made = append(made, c)
			x.ids = append(x.ids, c.ID)
			if j != i%len(hands) {
				continue
			}
			hand := hands[(i+1)%len(hands)]
			x.saw("the answer to a change of "+name, hand.change(t, e, c, w))
			if now := channelNamed(t, e, name); !slices.Equal(now.Tags, []string{"changed"}) || now.Version != 2 {
				t.Errorf("%s, changed by %s, is %+v", name, hand.name, now)
			}
			before := len(e.services.requests())
			hand = hands[(i/len(hands)+i+2)%len(hands)]
			said := hand.test(t, e, c)
			if !strings.Contains(said, w.shows) {
				t.Errorf("the test of %s by %s shows %s; want %q", name, hand.name, said, w.shows)
			}
			if x.saw("the test of "+name, said); w.asked != "" {
				e.services.await(t, before, w.asked)
			}
		}
		for j, c := range made {
			if j == i%len(hands) {
				x.told = append(x.told, c)
				continue
			}
			hand := hands[(i+j)%len(hands)]
			if j == (i+1)%len(hands) {
				hand = hands[0]
			}
			hand.remove(t, e, c)
			if a := call(t, adminKey, "GET", e.Nodes[0].URL()+"/v1/channels/"+c.ID, nil); a.status != 404 {
				t.Errorf("%s, deleted by %s: %d %s", c.Name, hand.name, a.status, a.body)
			}
		}
	}
	x.look(t, stop)
}

func channelNamed(t *testing.T, e *env, name string) (found madeChannel) {
	t.Helper()
	var all struct{ Channels []madeChannel }
	ask(t, 200, "GET", e.Nodes[2].URL()+"/v1/channels", nil, &all)
	for _, c := range all.Channels {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no channel %q", name)
	return found
}

func apiCreates(t *testing.T, e *env, w wayOut, name string) string {
	body := fields{"name": name, "kind": w.kind}
	for _, all := range []map[string]string{w.settings, w.secrets} {
		for k, v := range all {
			body[k] = v
		}
	}
	a := call(t, adminKey, "POST", e.Nodes[0].URL()+"/v1/channels", body)
	if a.status != 201 {
		t.Errorf("%s: %d %s", name, a.status, a.body)
	}
	return a.body
}

func apiChanges(t *testing.T, e *env, c madeChannel, w wayOut) string {
	body := fields{"tags": []string{"changed"}}
	for k := range w.secrets {
		body[k] = "•••" // as it is shown
	}
	a := call(t, adminKey, "PATCH", e.Nodes[1].URL()+"/v1/channels/"+c.ID, body)
	if a.status != 200 {
		t.Errorf("%s: %d %s", c.Name, a.status, a.body)
	}
	return a.body
}

func apiTests(t *testing.T, e *env, c madeChannel) string {
	return untilAllowed(t, e, func(url string) answer {
		return call(t, adminKey, "POST", url+"/v1/channels/"+c.ID+"/test", nil)
	}).body
}

// askedForTests counts over all nodes.
var askedForTests atomic.Int64

// untilAllowed asks one node after the other for a test, for each takes few.
func untilAllowed(t *testing.T, e *env, test func(url string) answer) (a answer) {
	t.Helper()
	testkit.Eventually(t, "a test is allowed", func() bool {
		a = test(e.Nodes[askedForTests.Add(1)%3].URL())
		return a.status != http.StatusTooManyRequests
	})
	if a.status != 200 {
		t.Errorf("a test: %d %s", a.status, a.body)
	}
	return a
}

func apiDeletes(t *testing.T, e *env, c madeChannel) {
	ask(t, 204, "DELETE", e.Nodes[1].URL()+"/v1/channels/"+c.ID, nil, nil)
}

// said is what a command printed; it must not fail.
func (e *env) said(t *testing.T, args ...string) string {
	t.Helper()
	r := cli(t, e.clientEnv(), args...)
	if r.code != 0 {
		t.Errorf("%v: exit code %d, %s", args, r.code, r.stderr)
	}
	return r.stdout + r.stderr
}

func cliCreates(t *testing.T, e *env, w wayOut, name string) string {
	args := []string{"channels", "create", name, "--kind", w.kind}
	for k, v := range w.settings {
		args = append(args, "--set", k+"="+v)
	}
	for k, v := range w.secrets {
		file := filepath.Join(t.TempDir(), k)
		testkit.Must(t, os.WriteFile(file, []byte(v+"\n"), 0o600))
		args = append(args, "--set-file", k+"="+file)
	}
	return e.said(t, args...)
}

func cliChanges(t *testing.T, e *env, c madeChannel, _ wayOut) string {
	return e.said(t, "channels", "update", c.Name, "--tag", "changed")
}

func cliTests(t *testing.T, e *env, c madeChannel) string {
	return untilAllowed(t, e, func(url string) answer {
		r := cli(t, []string{"QUORUMBEAT_URL=" + url, "QUORUMBEAT_API_KEY=" + adminKey}, "channels", "test", c.Name)
		if strings.Contains(r.stderr, "try again later") {
			return answer{status: http.StatusTooManyRequests}
		}
		return answer{status: map[bool]int{true: 200}[r.code == 0 && strings.HasPrefix(r.stdout, "accepted")], body: r.stdout + r.stderr}
	}).body
}

func cliDeletes(t *testing.T, e *env, c madeChannel) { e.said(t, "channels", "delete", c.ID) }

func formOf(w wayOut, name string) url.Values {
	form := url.Values{"name": {name}, "kind": {w.kind}, "on": {"down", "recovered", "unheard"}}
	for _, all := range []map[string]string{w.settings, w.secrets} {
		for k, v := range all {
			form.Set(k, v)
		}
	}
	return form
}

func formCreates(t *testing.T, e *env, w wayOut, name string) string {
	a := signIn(t, e.Nodes[0].URL(), adminKey).submit("/ui/channels/new?kind="+w.kind, "/ui/channels/new", formOf(w, name))
	if a.status != http.StatusSeeOther {
		t.Errorf("%s: %d %s", name, a.status, a.body)
	}
	return a.body
}

var shownField = regexp.MustCompile(`<input[^>]*name="([a-z_]+)"[^>]*value="([^"]*)"`)

// formChanges sends back what the form shows, with other tags.
func formChanges(t *testing.T, e *env, c madeChannel, w wayOut) string {
	page := "/ui/channels/" + c.ID + "/edit"
	s := signIn(t, e.Nodes[0].URL(), adminKey)
	shown := s.call("GET", page, "").body
	form := formOf(w, c.Name)
	for _, m := range shownField.FindAllStringSubmatch(shown, -1) {
		if _, secret := w.secrets[m[1]]; secret || m[1] == "version" {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
	}
	form.Set("tags", "changed")
	for name := range maps.Keys(w.secrets) {
		if form.Get(name) != "•••" {
			t.Errorf("the form of %s shows %s as %q", c.Name, name, form.Get(name))
		}
	}
	a := s.submit(page, page, form)
	if a.status != http.StatusSeeOther {
		t.Errorf("%s: %d %s", c.Name, a.status, a.body)
	}
	return shown + a.body
}

func formTests(t *testing.T, e *env, c madeChannel) string {
	a := untilAllowed(t, e, func(node string) answer {
		return signIn(t, node, adminKey).submit("/ui/channels", "/ui/channels/"+c.ID+"/test", url.Values{})
	})
	return html.UnescapeString(a.body)
}

func formDeletes(t *testing.T, e *env, c madeChannel) {
	page := fmt.Sprintf("/ui/channels/%s/delete", c.ID)
	if a := signIn(t, e.Nodes[0].URL(), adminKey).submit(page, page, url.Values{}); a.status != http.StatusSeeOther {
		t.Errorf("%s: %d %s", c.Name, a.status, a.body)
	}
}
