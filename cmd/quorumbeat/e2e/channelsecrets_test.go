package e2e

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// secrecy looks for secrets of channels in everything that people and programs get to see.
type secrecy struct {
	e    *env
	ways []wayOut
	told []madeChannel // that are told of a failure in the end
	ids  []string

	mu    sync.Mutex
	texts map[string]string
}

// saw keeps a text to be searched, by where it was seen.
func (x *secrecy) saw(where, text string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.texts == nil {
		x.texts = map[string]string{}
	}
	x.texts[where] += text + "\n"
}

// hidden are all that nobody may see, by whose it is.
func (x *secrecy) hidden() map[string][]string {
	all := map[string][]string{"the nodes": {proxyPassword, basic("me", proxyPassword), x.e.Secret}}
	for _, w := range x.ways {
		all[w.name] = w.hidden
	}
	return all
}

// listen follows the streams of events until the returned function is called.
func (x *secrecy) listen(t *testing.T) (stop func()) {
	var reading sync.WaitGroup
	var open []io.Closer
	for _, n := range x.e.Nodes {
		req, err := http.NewRequest("GET", n.URL()+"/v1/events", nil)
		testkit.Must(t, err)
		req.Header.Set("Authorization", "Bearer "+adminKey)
		resp, err := http.DefaultClient.Do(req)
		testkit.Must(t, err)
		open = append(open, resp.Body)
		reading.Go(func() {
			for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
				x.saw(n.Name+"'s events", lines.Text())
			}
		})
	}
	return func() {
		for _, c := range open {
			c.Close()
		}
		reading.Wait()
	}
}

// look has every channel fail in every way, asks for everything, and searches it.
func (x *secrecy) look(t *testing.T, stopListening func()) {
	x.failToTell(t)
	x.badRequests(t)
	x.reads(t)
	x.commands(t)
	stopListening()
	for _, n := range x.e.Nodes {
		x.saw(n.Name+"'s log", n.Log())
	}
	for _, m := range x.e.sink.Mails("") {
		x.saw("mails", string(m.Raw))
	}
	for where, text := range x.texts {
		for whose, list := range x.hidden() {
			for _, secret := range list {
				if i := strings.Index(text, secret); i >= 0 {
					t.Errorf("%s holds a secret of %s: …%s…", where, whose, text[max(0, i-200):min(len(text), i+100)])
				}
			}
		}
	}
	x.requests(t)
	for _, id := range x.ids {
		call(t, adminKey, "DELETE", x.e.Nodes[0].URL()+"/v1/channels/"+id, nil)
	}
}

// badBases are servers that nobody reaches, each in a way of its own.
var badBases = map[string]string{
	"the proxy knows no such host": "https://unknown.example.com", "the certificate is for others": "https://" + uncertified,
	"nobody listens": "http://127.0.0.1:1", "there is no such name": "http://no-such-name.invalid", "an address that is never asked": "http://169.254.169.254",
}

// failToTell has a heartbeat fail whose channels refuse it, repeating what they were sent, and others whose channels are not
// reached.
func (x *secrecy) failToTell(t *testing.T) {
	x.e.services.refuse(true)
	t.Cleanup(func() { x.e.services.refuse(false) })
	var names []string
	for _, c := range x.told {
		names = append(names, c.ID)
	}
	x.failInto(t, "refused by all", names)
	for why, base := range badBases {
		names = nil
		for name, w := range reached(base) {
			name += ": " + why
			w["name"] = name
			a := call(t, adminKey, "POST", x.e.Nodes[0].URL()+"/v1/channels", w)
			if x.saw("the answer to the creation of "+name, a.body); a.status == 400 { // judged when it is made
				continue
			}
			c := channelNamed(t, x.e, name)
			names, x.ids = append(names, c.ID), append(x.ids, c.ID)
		}
		if len(names) > 0 {
			x.failInto(t, why, names)
		}
	}
}

// reached are the kinds whose server somebody chooses, with one.
func reached(base string) map[string]fields {
	_, host, _ := strings.Cut(base, "//")
	http := map[bool]string{true: "&disabletls=yes"}[strings.HasPrefix(base, "http:")]
	return map[string]fields{
		"webhook": {"kind": "webhook", "url": base + "/in", "secret": "whsec_" + signingKey}, "slack": {"kind": "slack", "url": base + "/services/" + hush("slack")},
		"slack bot": {"kind": "slack", "api_url": base + "/api", "token": "xoxb-" + hush("slackbot"), "channel": "C1"},
		"teams":     {"kind": "teams", "url": base + "/workflows/x?sig=" + hush("teams")}, "discord": {"kind": "discord", "url": base + "/api/webhooks/1/" + hush("discord")},
		"telegram": {"kind": "telegram", "api_url": base, "token": "123456:" + hush("telegram"), "chat_id": "1"}, "ntfy": {"kind": "ntfy", "server": base, "topic": hush("topic"), "token": hush("ntfy")},
		"pagerduty": {"kind": "pagerduty", "url": base + "/v2", "routing_key": (hush("pagerduty") + strings.Repeat("0", 32))[:32]}, "alertmanager": {"kind": "alertmanager", "url": base, "token": hush("bearer")},
		"gotify": {"kind": "shoutrrr", "url": "gotify://" + host + "/" + hush("gotify") + "?priority=7" + http}, "mattermost": {"kind": "shoutrrr", "url": "mattermost://" + host + "/" + hush("mattermost") + "?icon=x" + http},
		"rocketchat": {"kind": "shoutrrr", "url": "rocketchat://" + host + "/" + hush("rocket") + "/" + hush("chat")}, "zulip": {"kind": "shoutrrr", "url": "zulip://b:" + hush("zulip") + "@" + host + "/?stream=x"},
	}
}

// failInto has a heartbeat fail that tells some channels, and waits until each was tried.
func (x *secrecy) failInto(t *testing.T, name string, channels []string) {
	t.Helper()
	h := create(t, x.e.Nodes[1], fields{"name": "secrets: " + name, "interval_secs": 86400, "notify": channels})
	ask(t, 200, "POST", pingURL(x.e.Nodes[2], h)+"/fail", nil, nil)
	testkit.Eventually(t, "each channel was tried: "+name, func() bool {
		rows := alerts(t, x.e.Nodes[0], h)
		return len(rows) >= len(channels) && !slices.ContainsFunc(rows, func(a alert) bool { return a.Error == "" && a.State != "sent" })
	})
	for _, path := range []string{"", "/explain", "/pings"} {
		x.see(t, "/v1/heartbeats/"+h.ID+path)
	}
	x.see(t, "/ui/heartbeats/"+h.ID)
	x.see(t, "/v1/alerts?heartbeat_id="+h.ID)
	x.see(t, "/v1/incidents?heartbeat_id="+h.ID)
	x.saw("alerts explain", x.e.said(t, "alerts", "explain", h.ID, "--wide"))
	ask(t, 204, "DELETE", x.e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}

// see asks one node for a path, and a page as somebody who is signed in.
func (x *secrecy) see(t *testing.T, path string) {
	t.Helper()
	n := x.e.Nodes[len(path)%3]
	a := call(t, adminKey, "GET", n.URL()+path, nil)
	if strings.HasPrefix(path, "/ui/") {
		a = signIn(t, n.URL(), adminKey).call("GET", path, "")
	}
	if x.saw(path, a.body); a.status != 200 {
		t.Errorf("%s: %d %s", path, a.status, a.body)
	}
}

// reads asks for all that there is.
func (x *secrecy) reads(t *testing.T) {
	for _, path := range []string{
		"/v1/channels", "/v1/alerts", "/v1/incidents", "/v1/heartbeats", "/v1/cluster", "/v1/templates", "/v1/windows", "/v1/keys", "/v1/status-pages", "/v1/badges", "/metrics", "/metrics/node", "/readyz", "/healthz", "/v1/openapi.json",
		"/ui/", "/ui/channels", "/ui/channels/new", "/ui/channels/words", "/ui/incidents", "/ui/alerts", "/ui/cluster", "/ui/windows", "/ui/keys", "/ui/published", "/ui/events?once=1", "/ui/events?once=1&cluster",
	} {
		x.see(t, path)
	}
	for _, c := range x.told {
		x.see(t, "/v1/channels/"+c.ID)
		x.see(t, "/ui/channels/"+c.ID+"/edit")
		x.see(t, "/ui/channels/"+c.ID+"/delete")
	}
}

// badRequests sends each secret in ways that are refused: no answer repeats it.
func (x *secrecy) badRequests(t *testing.T) {
	n := x.e.Nodes[0].URL()
	for _, w := range x.ways {
		for name, secret := range w.secrets {
			for why, body := range map[string]fields{
				"a bad value": {"name": "x", "kind": w.kind, name: secret + "\n\x01 "}, "no such field": {"name": "x", "kind": w.kind, name + "s": secret}, "as a field": {"name": "x", "kind": w.kind, secret: ""},
				"a number": {"name": 7, "kind": w.kind, name: secret}, "in an object": {"name": "x", "kind": w.kind, name: fields{"x": secret}}, "in a list": {"name": "x", "kind": w.kind, name: []string{secret}},
				"of another kind": {"name": "x", "kind": "command", "path": "/bin/true", name: secret}, "too long": {"name": "x", "kind": w.kind, name: strings.Repeat(secret, 1000)}, "no kind": {"name": "x", name: secret},
			} {
				a := call(t, adminKey, "POST", n+"/v1/channels", body)
				if x.saw("400 for "+w.name+", "+why, a.body); a.status != 400 && a.status != 413 {
					t.Errorf("%s of %s, %s: %d %s", name, w.name, why, a.status, a.body)
				}
			}
			a := call(t, adminKey, "PATCH", n+"/v1/channels/"+x.told[0].ID, fields{"name": "", name: secret})
			x.saw("400 for a change", a.body)
			x.saw("a path that is not there", call(t, adminKey, "GET", n+"/v1/channels/x", nil).body)
		}
	}
}

// commands reads by the command line what it tells of channels and of backups.
func (x *secrecy) commands(t *testing.T) {
	for _, args := range [][]string{{"channels", "list", "--wide"}, {"channels", "list", "--json"}, {"alerts", "--wide"}, {"incidents"}, {"cluster"}, {"list", "--wide"}} {
		x.saw(strings.Join(args, " "), x.e.said(t, args...))
	}
	for _, w := range x.ways[1:4] {
		for _, secret := range w.secrets {
			r := cli(t, x.e.clientEnv(), "channels", "create", "x", "--kind", w.kind, "--set", secret)
			if x.saw("a flag that is not right", r.stdout+r.stderr); r.code == 0 {
				t.Errorf("exit code %d: %s", r.code, r.stderr)
			}
		}
	}
	for _, c := range x.told[:3] {
		x.saw("channels get", x.e.said(t, "channels", "get", c.Name)+x.e.said(t, "channels", "get", c.Name, "--json"))
	}
	file := filepath.Join(t.TempDir(), "backup")
	x.saw("backup", x.e.said(t, "backup", file))
	image, err := os.ReadFile(file)
	testkit.Must(t, err)
	if !strings.Contains(string(image), hush("slack")) {
		t.Error("a backup has not what it has to restore")
	}
	x.saw("restore", x.e.said(t, "restore", file, "--data-dir", filepath.Join(t.TempDir(), "data")))
}

// requests asks that no service was sent what is another's, and a program nothing that it does not need.
func (x *secrecy) requests(t *testing.T) {
	for _, a := range x.e.services.requests() {
		for _, w := range x.ways {
			for _, secret := range w.hidden {
				if strings.Contains(a.all, secret) && !strings.HasPrefix(a.where, hostOf(w)) {
					t.Errorf("%s was sent a secret of %s", a.where, w.name)
				}
			}
		}
		if strings.Contains(a.all, adminKey) || strings.Contains(a.all, proxyPassword) || strings.Contains(a.all, x.e.Secret) {
			t.Errorf("%s was sent a secret of the nodes", a.where)
		}
	}
}

func hostOf(w wayOut) string {
	host, _, _ := strings.Cut(w.asked, "/")
	return host
}

// salvageTellsNoSecret stops a node and salvages its folder; what the file holds is the folder's.
func salvageTellsNoSecret(t *testing.T, e *env) {
	n := e.Followers(e.leader())[0]
	testkit.Must(t, n.Kill())
	r := cli(t, nil, "salvage", n.Dir, "--out", filepath.Join(t.TempDir(), "salvaged"))
	if said := r.stdout + r.stderr; r.code != 0 || strings.Contains(said, "HUSH") || strings.Contains(said, hookSecret) {
		t.Errorf("salvage: exit code %d, %s", r.code, said)
	}
}
