package api

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// one returns the only signal that was heard, as to what it tells.
func (r *pingRig) one(what string) fsm.Signal {
	r.t.Helper()
	heard := r.listener.take()
	if len(heard) != 1 {
		r.t.Errorf("%s: %d signals were heard", what, len(heard))
		return fsm.Signal{}
	}
	heard[0].From, heard[0].At = fsm.Signal{}.From, 0
	return heard[0]
}

// TestEveryPathOfThePingAPI has each that is accepted, by token and by slug.
func TestEveryPathOfThePingAPI(t *testing.T) {
	r := newPingRig(t)
	id, _ := fsm.ParseHeartbeatID(r.job.ID)
	job, _ := r.cluster.store.Heartbeat(id)
	const rid = "123e4567-e89b-12d3-a456-426614174000"
	run, _ := fsm.ParseToken(rid)
	for _, c := range []struct {
		suffix string
		tells  fsm.SignalKind
		exit   int
		run    bool
	}{
		{"", fsm.SignalSuccess, -1, false},
		{"/", fsm.SignalSuccess, -1, false},
		{"/start", fsm.SignalStart, -1, false},
		{"/fail", fsm.SignalFail, -1, false},
		{"/log", fsm.SignalLog, -1, false},
		{"/start/", fsm.SignalStart, -1, false},
		{"/0", fsm.SignalSuccess, 0, false},
		{"/1", fsm.SignalFail, 1, false},
		{"/007", fsm.SignalFail, 7, false},
		{"/255", fsm.SignalFail, 255, false},
		{"?rid=" + rid, fsm.SignalSuccess, -1, true},
		{"/start?rid=" + strings.ToUpper(rid), fsm.SignalStart, -1, true},
		{"/fail?rid=" + rid, fsm.SignalFail, -1, true},
		{"/log?create=1&rid=" + rid, fsm.SignalLog, -1, true},
		{"/3?rid=" + rid + "&create=1", fsm.SignalFail, 3, true},
	} {
		for _, whose := range []string{r.job.Token, r.key + "/job"} {
			for _, method := range []string{"GET", "HEAD", "POST"} {
				what := method + " /ping/" + whose + c.suffix
				want := fsm.Signal{Ordinal: job.Ordinal, Tells: c.tells, Exit: c.exit, HasRun: c.run}
				if c.run {
					want.Run = run
				}
				body := "the run printed this"
				a := r.plainly(method, "/ping/"+whose+c.suffix, body)
				if method == "POST" {
					want.Body = []byte(body)
				}
				text := "OK"
				if method == "HEAD" {
					text = ""
				}
				a.text(t, what, 200, text)
				if got := r.one(what); !reflect.DeepEqual(got, want) {
					t.Errorf("%s told\n%+v, want\n%+v", what, got, want)
				}
			}
		}
	}
	for _, suffix := range []string{"/start", "/fail", "/log", "/0", "/9"} {
		what := "creation by " + suffix
		r.plainly("POST", "/ping/"+r.key+"/made-by-"+suffix[1:]+suffix+"?create=1", "").text(t, what, 201, "Created")
		r.one(what)
	}
}

// TestABodyIsCutAndNeverRefused sends bodies of every awkward kind and size.
func TestABodyIsCutAndNeverRefused(t *testing.T) {
	t.Parallel()
	r := newPingRigWith(t, patient)
	const most = fsm.MaxBody
	for name, c := range map[string]struct{ body, kept string }{
		"as long as is kept":         {strings.Repeat("a", most), strings.Repeat("a", most)},
		"a byte longer":              {strings.Repeat("a", most+1), strings.Repeat("a", most)},
		"cut inside two bytes":       {strings.Repeat("a", most-1) + "ä", strings.Repeat("a", most-1)},
		"cut inside three":           {strings.Repeat("a", most-2) + "€€", strings.Repeat("a", most-2)},
		"cut inside four":            {strings.Repeat("a", most-3) + "😀", strings.Repeat("a", most-3)},
		"a character that just fits": {strings.Repeat("a", most-4) + "😀b", strings.Repeat("a", most-4) + "😀"},
		"no UTF-8":                   {"\xff\xfe\x00", "\xff\xfe\x00"},
		"a mebibyte and more":        {strings.Repeat("b", 3*(1<<20)), strings.Repeat("b", most)},
		"very much more":             {strings.Repeat("c", (16<<20)+1), strings.Repeat("c", most)},
	} {
		for _, whose := range []string{r.job.Token, r.key + "/job"} {
			r.plainly("POST", "/ping/"+whose+"/fail", c.body).text(t, name, 200, "OK")
			if got := r.one(name); string(got.Body) != c.kept {
				t.Errorf("%s: %d bytes are kept, want %d", name, len(got.Body), len(c.kept))
			}
		}
	}
	chunked := fmt.Sprintf("POST /ping/%s/log HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
		r.job.Token, 2*(1<<20), strings.Repeat("é", (1<<20)))
	r.raw(chunked).text(t, "in chunks", 200, "OK")
	if got := r.one("in chunks").Body; len(got) != most || !utf8.Valid(got) {
		t.Errorf("in chunks: %d bytes are kept", len(got))
	}
	before := r.cluster.picture()
	long := strings.Repeat("d", 2*(1<<20))
	r.plainly("POST", "/ping/"+nobody, long).text(t, "a long body for nobody", 404, "not found")
	r.plainly("POST", "/ping/qb_0/job", long).text(t, "a long body with an unknown key", 404, "not found")
	if after := r.cluster.picture(); after != before || len(r.listener.take()) > 0 {
		t.Errorf("%s became\n%s", before, after)
	}
}

// TestPublicClientsAreUnderstood sends what they send, as their sources say.
func TestPublicClientsAreUnderstood(t *testing.T) {
	r := newPingRig(t)
	const rid = "9c1f5a5e-7b0e-4f6f-9c79-3e5d3c1b2a10"
	run, _ := fsm.ParseToken(rid)
	const (
		runitor = "User-Agent: runitor/v1.4.1 (linux-amd64; +https://bdd.fi/x/runitor)\r\n"
		python  = "User-Agent: python-requests/2.32.5\r\nAccept-Encoding: gzip, deflate, zstd\r\nAccept: */*\r\nConnection: keep-alive\r\n"
		golang  = "User-Agent: Go-http-client/1.1\r\n"
		gzip    = "Accept-Encoding: gzip\r\n"
		text    = "Content-Type: text/plain\r\n"
		form    = "Content-Type: application/x-www-form-urlencoded\r\n"
		curl    = "User-Agent: curl/8.14.1\r\nAccept: */*\r\n"
	)
	u, s := "/ping/"+r.job.Token, "/ping/"+r.key+"/job"
	post := func(headers, body string) string {
		return fmt.Sprintf(" HTTP/1.1\r\nHost: qb.example\r\n%sContent-Length: %d\r\n\r\n%s", headers, len(body), body)
	}
	get := func(headers string) string { return " HTTP/1.1\r\nHost: qb.example\r\n" + headers + "\r\n" }
	for name, c := range map[string]struct {
		request string
		status  int
		tells   fsm.SignalKind
		exit    int
		run     bool
		body    string
	}{
		"runitor starts":                 {"POST " + u + "/start?rid=" + rid + post(runitor+text+gzip, ""), 200, fsm.SignalStart, -1, true, ""},
		"runitor succeeds":               {"POST " + u + "?rid=" + rid + post(runitor+text+gzip, "done\n"), 200, fsm.SignalSuccess, -1, true, "done\n"},
		"runitor tells an exit status":   {"POST " + u + "/3?rid=" + rid + post(runitor+text+gzip, "oh\n[runitor] exit status 3"), 200, fsm.SignalFail, 3, true, "oh\n[runitor] exit status 3"},
		"runitor fails":                  {"POST " + u + "/fail?rid=" + rid + post(runitor+text+gzip, "x"), 200, fsm.SignalFail, -1, true, "x"},
		"runitor logs by slug":           {"POST " + s + "/log?rid=" + rid + post(runitor+text+gzip, "x"), 200, fsm.SignalLog, -1, true, "x"},
		"runitor creates":                {"POST /ping/" + r.key + "/runitor/start?create=1&rid=" + rid + post(runitor+text+gzip, ""), 201, fsm.SignalStart, -1, true, ""},
		"borgmatic starts":               {"POST " + u + "/start" + post(python, ""), 200, fsm.SignalStart, -1, false, ""},
		"borgmatic finishes":             {"POST " + u + post(python, "Größe: 5 GB"), 200, fsm.SignalSuccess, -1, false, "Größe: 5 GB"},
		"borgmatic fails, by slug":       {"POST " + s + "/fail?create=1" + post(python, "repo: Error"), 200, fsm.SignalFail, -1, false, "repo: Error"},
		"borgmatic creates":              {"POST /ping/" + r.key + "/borgmatic?create=1" + post(python, "log"), 201, fsm.SignalSuccess, -1, false, "log"},
		"backrest starts":                {"POST " + u + "/start" + post(golang+text+gzip, "Backrest Notification"), 200, fsm.SignalStart, -1, false, "Backrest Notification"},
		"backrest fails":                 {"POST " + u + "/fail" + post(golang+text+gzip, "Backrest Notification"), 200, fsm.SignalFail, -1, false, "Backrest Notification"},
		"backrest logs":                  {"POST " + u + "/log" + post(golang+text+gzip, "Backrest Notification"), 200, fsm.SignalLog, -1, false, "Backrest Notification"},
		"resticprofile before":           {"GET " + u + "/start" + get("User-Agent: resticprofile/0.31.0\r\n"+gzip), 200, fsm.SignalStart, -1, false, ""},
		"resticprofile after":            {"GET " + u + get("User-Agent: resticprofile/0.31.0\r\n"+gzip), 200, fsm.SignalSuccess, -1, false, ""},
		"resticprofile after a failure":  {"POST " + u + "/fail" + post("User-Agent: resticprofile/0.31.0\r\n"+text+gzip, "exit status 1"), 200, fsm.SignalFail, -1, false, "exit status 1"},
		"Home Assistant":                 {"GET " + u + get("User-Agent: HomeAssistant/2026.5.1 aiohttp/3.12.15 Python/3.13\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n"), 200, fsm.SignalSuccess, -1, false, ""},
		"healthchecks for Rust starts":   {"GET " + u + "/start?rid=" + rid + get("User-Agent: healthchecks-rs/3.1.11\r\nAccept: */*\r\naccept-encoding: gzip\r\n"), 200, fsm.SignalStart, -1, true, ""},
		"healthchecks for Rust fails":    {"POST " + u + "/fail" + post("User-Agent: healthchecks-rs/3.1.11\r\nAccept: */*\r\n", "zzz"), 200, fsm.SignalFail, -1, false, "zzz"},
		"curl in a crontab":              {"GET " + u + get(curl), 200, fsm.SignalSuccess, -1, false, ""},
		"curl with $?":                   {"GET " + u + "/127" + get(curl), 200, fsm.SignalFail, 127, false, ""},
		"curl with --data-raw":           {"POST " + u + post(curl+form, "a=1&rid=2"), 200, fsm.SignalSuccess, -1, false, "a=1&rid=2"},
		"wget":                           {"GET " + u + get("User-Agent: Wget/1.25.0\r\nAccept: */*\r\nAccept-Encoding: identity\r\nConnection: Keep-Alive\r\n"), 200, fsm.SignalSuccess, -1, false, ""},
		"wget --spider":                  {"HEAD " + u + get("User-Agent: Wget/1.25.0\r\nAccept: */*\r\n"), 200, fsm.SignalSuccess, -1, false, ""},
		"busybox wget":                   {"GET " + u + get("User-Agent: Wget\r\nConnection: close\r\n"), 200, fsm.SignalSuccess, -1, false, ""},
		"net/http's Head":                {"HEAD " + u + get(golang), 200, fsm.SignalSuccess, -1, false, ""},
		"Python's urllib":                {"GET " + u + get("Accept-Encoding: identity\r\nUser-Agent: Python-urllib/3.13\r\nConnection: close\r\n"), 200, fsm.SignalSuccess, -1, false, ""},
		"Invoke-RestMethod":              {"GET " + u + get("User-Agent: Mozilla/5.0 (Windows NT; Windows NT 10.0; de-DE) WindowsPowerShell/5.1.26100.1\r\n"), 200, fsm.SignalSuccess, -1, false, ""},
		"file_get_contents, of HTTP/1.0": {"GET " + u + " HTTP/1.0\r\nHost: qb.example\r\nConnection: close\r\n\r\n", 200, fsm.SignalSuccess, -1, false, ""},
		"an Arduino, of HTTP/1.0":        {"GET " + u + " HTTP/1.0\r\n\r\n", 200, fsm.SignalSuccess, -1, false, ""},
		"a browser's fetch":              {"GET " + u + get("Origin: https://app.example\r\nSec-Fetch-Mode: cors\r\nUser-Agent: Mozilla/5.0\r\n"), 200, fsm.SignalSuccess, -1, false, ""},
		"curl -F":                        {"POST " + u + post(curl+"Content-Type: multipart/form-data; boundary=x\r\n", "--x--"), 200, fsm.SignalSuccess, -1, false, "--x--"},
	} {
		a := r.raw(c.request)
		want := map[int]string{200: "OK", 201: "Created"}[c.status]
		if strings.HasPrefix(c.request, "HEAD") {
			want = ""
		}
		a.text(t, name, c.status, want)
		got := r.one(name)
		if got.Tells != c.tells || got.Exit != c.exit || got.HasRun != c.run || string(got.Body) != c.body || c.run && got.Run != run {
			t.Errorf("%s told %+v", name, got)
		}
	}
}

// TestABodyIsAskedFor: curl waits for leave to send a long one.
func TestABodyIsAskedFor(t *testing.T) {
	r := newPingRig(t)
	conn := r.connect()
	defer conn.Close()
	fmt.Fprintf(conn, "POST /ping/%s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", r.job.Token, 2*(1<<20))
	leave := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := conn.Read(leave); err != nil || !strings.Contains(string(leave), "100 Continue") {
		t.Fatalf("%q, %v", leave, err)
	}
	if _, err := conn.Write([]byte(strings.Repeat("e", 2*(1<<20)))); err != nil {
		t.Fatal(err)
	}
	answered := make([]byte, 12)
	if _, err := conn.Read(answered); err != nil || string(answered) != "HTTP/1.1 200" {
		t.Errorf("%q, %v", answered, err)
	}
	if got := r.one("curl"); len(got.Body) != fsm.MaxBody {
		t.Errorf("%d bytes are kept", len(got.Body))
	}
}

// TestUptimeKumasStatuses: down is a failure, and what it says is its body.
func TestUptimeKumasStatuses(t *testing.T) {
	r := newPingRig(t)
	for query, want := range map[string]fsm.Signal{
		"?status=down&msg=disk%20full&ping=":              {Tells: fsm.SignalFail, Body: []byte("disk full")},
		"?status=down":                                    {Tells: fsm.SignalFail},
		"?status=down&msg=OK":                             {Tells: fsm.SignalFail, Body: []byte("OK")},
		"?status=pending":                                 {Tells: fsm.SignalFail},
		"?status=up&msg=12+files&ping=31":                 {Body: []byte("12 files")},
		"?status=up&msg=OK&ping=31":                       {},
		"?msg=" + strings.Repeat("%C3%A4", fsm.MaxBody/8): {Body: []byte(strings.Repeat("ä", fsm.MaxBody/8))},
	} {
		if a := r.plainly("GET", "/api/push/"+r.job.Token+query, ""); a.status != 200 || a.body != `{"ok":true}` {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
		got := r.one(query)
		if got.Tells != want.Tells || got.Exit != -1 || string(got.Body) != string(want.Body) {
			t.Errorf("%s told %+v", query, got)
		}
	}
}
