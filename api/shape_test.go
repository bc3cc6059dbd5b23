package api

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/api/listener"
	"github.com/quorumbeat/quorumbeat/api/writable"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// suffix is what may stand behind a heartbeat in a path, with what that tells.
type suffix struct {
	text   string
	status int
	tells  fsm.SignalKind
	exit   int
}

var suffixes = []suffix{
	{"", 200, fsm.SignalSuccess, -1},
	{"/", 200, fsm.SignalSuccess, -1},
	{"/start", 200, fsm.SignalStart, -1},
	{"/start/", 200, fsm.SignalStart, -1},
	{"/fail", 200, fsm.SignalFail, -1},
	{"/log", 200, fsm.SignalLog, -1},
	{"/0", 200, fsm.SignalSuccess, 0},
	{"/17", 200, fsm.SignalFail, 17},
	{"/255", 200, fsm.SignalFail, 255},
	{"/256", 400, 0, 0},
	{"/run", 200, fsm.SignalStart, -1},
	{"/complete/", 200, fsm.SignalSuccess, -1},
	{"/ok", 200, fsm.SignalSuccess, -1},
}

// asker sends requests on one connection.
type asker struct {
	*pingRig
	conn net.Conn
	from *bufio.Reader
}

func (r *pingRig) asker() *asker {
	conn := r.connect()
	return &asker{r, conn, bufio.NewReader(conn)}
}

func (a *asker) ask(method, target, body string) answer {
	a.t.Helper()
	testkit.Must(a.t, a.conn.SetDeadline(time.Now().Add(testkit.Patience))) // all of them may take longer
	if _, err := fmt.Fprintf(a.conn, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", method, target, len(body), body); err != nil {
		a.t.Fatal(err)
	}
	return a.read(a.from, method == "HEAD")
}

// addSlug makes a heartbeat with a slug, and returns its ordinal.
func (r *pingRig) addSlug(slug string) uint64 {
	r.t.Helper()
	c := fsm.Create{Spec: writable.Fields{Name: &slug, Slug: &slug}.Spec()}
	sum := sha256.Sum256([]byte(slug))
	copy(c.Token[:], sum[:])
	copy(c.ID[:], sum[:])
	if _, err := r.cluster.Propose(r.t.Context(), c); err != nil {
		r.t.Fatal(err)
	}
	ordinal, _ := r.cluster.store.Slug(slug)
	return ordinal
}

// TestPathsAreToldApartByTheirShape pings slugs of every length and of odd shapes, with
// every suffix, method and query, each with a body and without: never is anything but the
// shape of a path what counts.
func TestPathsAreToldApartByTheirShape(t *testing.T) {
	t.Parallel()
	r := newPingRig(t)
	slugs := []string{"start", "fail", "log", "0", "7", "256", "run", "complete", "ok", "create", "ping", "restic-backup", nobody, r.job.Token, strings.ReplaceAll(nobody, "-", "")}
	for n := 1; n <= fsm.MaxSlugLen; n++ {
		slugs = append(slugs, strings.Repeat("s", n-1)+"-")
	}
	a := r.asker()
	defer a.conn.Close()
	for i, slug := range slugs {
		ordinal := r.addSlug(slug)
		for j, suffix := range suffixes {
			for k, query := range []string{"", "?x=y"} {
				body := []string{"", "it printed this"}[(i+j+k)%2]
				a.pingByEachMethod("/ping/"+r.key+"/"+slug+suffix.text+query, body, suffix, ordinal)
			}
		}
	}
}

// pingByEachMethod checks what is answered, and what is told of a heartbeat.
func (a *asker) pingByEachMethod(target, body string, want suffix, ordinal uint64) {
	a.t.Helper()
	for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE"} {
		status, kept := want.status, ""
		switch method {
		case "OPTIONS":
			status = 204
		case "PUT", "DELETE":
			status = 405
		case "POST":
			kept = body
		}
		if got := a.ask(method, target, body); got.status != status {
			a.t.Fatalf("%s %s with %q: %d %s, want %d", method, target, body, got.status, got.body, status)
		}
		told := a.listener.take()
		if status != 200 {
			if len(told) > 0 {
				a.t.Errorf("%s %s is a ping", method, target)
			}
			continue
		}
		if len(told) != 1 || told[0].Ordinal != ordinal || told[0].Tells != want.tells || told[0].Exit != want.exit || string(told[0].Body) != kept {
			a.t.Fatalf("%s %s with %q told %+v", method, target, body, told)
		}
	}
}

// TestATokenComesBeforeASlug has each suffix behind a token, which no slug takes away.
func TestATokenComesBeforeASlug(t *testing.T) {
	r := newPingRig(t)
	a := r.asker()
	defer a.conn.Close()
	id, _ := fsm.ParseHeartbeatID(r.job.ID)
	job, _ := r.cluster.store.Heartbeat(id)
	escaped := strings.ReplaceAll(r.job.Token, "-", "%2D")
	for _, token := range []string{r.job.Token, strings.ToUpper(r.job.Token), escaped, strings.ToLower(escaped)} {
		for _, suffix := range suffixes {
			for _, root := range []string{"/ping/" + token, "/v1/heartbeats/" + token + "/ping"} {
				if strings.HasPrefix(root, "/v1") && (strings.HasPrefix(suffix.text, "/run") || suffix.text == "/ok" || strings.HasPrefix(suffix.text, "/complete")) {
					continue // of Cronitor, and not served there
				}
				for _, rest := range []string{"", "?x=y"} {
					for _, method := range []string{"GET", "HEAD", "POST"} {
						what := method + " " + root + suffix.text + rest
						if got := a.ask(method, root+suffix.text+rest, ""); got.status != suffix.status {
							t.Fatalf("%s: %d %s", what, got.status, got.body)
						}
						told := r.listener.take()
						if suffix.status == 200 && (len(told) != 1 || told[0].Ordinal != job.Ordinal || told[0].Tells != suffix.tells || told[0].Exit != suffix.exit) {
							t.Fatalf("%s told %+v", what, told)
						}
					}
				}
			}
		}
		for _, path := range []string{"/api/push/" + token, "/start/" + token, "/finish/" + token + "/", "/fail/" + token} {
			if got := a.ask("GET", path, ""); got.status != 200 || len(r.listener.take()) != 1 {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
	}
}

// TestNoAnswerIsForACache has every answer say so: of each route, and those that no
// handler makes.
func TestNoAnswerIsForACache(t *testing.T) {
	r := newPingRig(t)
	token := r.job.Token
	check := func(what string, a answer) {
		t.Helper()
		if cache, sniff := a.header.Peek("Cache-Control"), a.header.Peek("X-Content-Type-Options"); string(cache) != "no-store" || string(sniff) != "nosniff" {
			t.Errorf("%s: %d, Cache-Control %q, X-Content-Type-Options %q", what, a.status, cache, sniff)
		}
	}
	paths := []string{
		"/ping/" + token, "/ping/" + token + "/fail", "/ping/" + nobody, "/ping/" + token + "/256", "/ping/" + r.key + "/job", "/ping/" + r.key + "/twins",
		"/v1/heartbeats/" + token + "/ping", "/v1/heartbeats/" + nobody + "/ping", "/api/push/" + token, "/api/push/" + nobody, "/p/" + r.key + "/job", "/p/x/y",
		"/start/" + token, "/start/" + nobody, "/api/1/cron/job/" + r.key + "?status=ok", "/api/1/cron/job/" + r.key, "/api/v1/endpoints/job/external?success=true",
		"/", "/nowhere", "/favicon.ico", "//",
	}
	for _, rt := range routes {
		paths = append(paths, strings.NewReplacer("{id}", r.job.ID, "{node}", "x").Replace(rt.pattern))
	}
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "BREW"} {
		for _, path := range paths {
			check(method+" "+path, r.call(method, path, ""))
		}
	}
	for name, request := range map[string]string{
		"nonsense": "NONSENSE\r\n\r\n", "headers": "GET /ping/" + token + " HTTP/1.1\r\nX: " + strings.Repeat("x", 2*deferred.MaxHead) + "\r\n\r\n",
		"refused before its body": "POST /v1/heartbeats HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n",
		"no key, and asks":        "POST /v1/heartbeats HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n",
	} {
		check(name, r.raw(request))
	}
	check("no room", r.read(bufio.NewReader(strings.NewReader(listener.BusyAnswer)), false))
	r.cluster.fail(fsm.ErrNoLeader)
	check("a ping without a leader", r.plainly("GET", "/ping/"+token, ""))
	r.server.useCluster(nil) // a fault in the program
	check("a fault", r.plainly("GET", "/ping/"+token, ""))
	r.server.useCluster(r.listener)
}

// assetLink is one to a file whose name has its hash.
var assetLink = regexp.MustCompile(`"(/(?:ui|status)/assets/[a-z]+\.[0-9a-f]{12}\.(?:css|js|svg))"`)

// TestOnlyHashedFilesAreKept: browsers and caches keep the files that pages link to, which have
// another name when something else is in them, and no page of the dashboard.
func TestOnlyHashedFilesAreKept(t *testing.T) {
	r := newMemoryRig(t)
	b := r.browse(testKey)
	h := r.create(`{"name":"x"}`)
	r.publish("/v1/status-pages", `{"title":"Ours","slug":"ours","heartbeats":[{"id":"`+h.ID+`"}]}`)
	links := map[string]bool{}
	for page, want := range map[string]string{
		"/ui/login": "no-store", "/ui/": "no-store", "/ui/heartbeats/" + h.ID: "no-store", "/ui/channels": "no-store", "/ui/nosuch": "no-store",
		"/status/ours": "public, max-age=30", "/status/nosuch": "no-store",
	} {
		a := b.get(page)
		if got := string(a.header.Peek("Cache-Control")); got != want {
			t.Errorf("%s: %d, Cache-Control %q, want %q", page, a.status, got, want)
		}
		for _, m := range assetLink.FindAllStringSubmatch(a.body, -1) {
			links[m[1]] = true
		}
	}
	if len(links) < 7 { // a style and an icon on both sides, and the script and two icons more on the dashboard
		t.Errorf("the pages link to %v alone", links)
	}
	for link := range links {
		for _, method := range []string{"GET", "HEAD"} {
			a := r.call(method, link, "", "Authorization", "")
			if got := string(a.header.Peek("Cache-Control")); a.status != 200 || got != "public, max-age=31536000, immutable" || string(a.header.Peek("X-Content-Type-Options")) != "nosniff" {
				t.Errorf("%s %s: %d, Cache-Control %q", method, link, a.status, got)
			}
		}
		name := strings.Split(link, ".") // one of another version's
		for _, other := range []string{name[0] + ".000000000000." + name[2], name[0] + "." + name[2]} {
			if a := r.call("GET", other, "", "Authorization", ""); a.status != 404 || string(a.header.Peek("Cache-Control")) != "no-store" {
				t.Errorf("%s: %d, Cache-Control %q", other, a.status, a.header.Peek("Cache-Control"))
			}
		}
	}
}

// TestTheHistoryShowsWhoPinged has a plain ping's caller in it.
func TestTheHistoryShowsWhoPinged(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	r.plainly("GET", "/ping/"+h.Token, "")
	r.plainly("POST", "/v1/heartbeats/"+h.Token+"/ping/0", "")
	for _, p := range r.pings(h.ID) {
		if p.From != "127.0.0.1" {
			t.Errorf("%+v", p)
		}
	}
}
