package heartbeat

import (
	"encoding/json"
	"fmt"
	"go/parser"
	gotoken "go/token"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestNothingButTheStandardLibrary(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(gotoken.NewFileSet(), f.Name(), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range tree.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
				t.Errorf("%s imports %s", f.Name(), path)
			}
		}
	}
}

// TestTheWireForms holds every call against the contract.
func TestTheWireForms(t *testing.T) {
	run := "2d6c0c0e-0b4b-4b1b-8a4f-3c8b2f9a7d11"
	at := time.Date(2026, 5, 2, 3, 4, 5, 678_900_000, time.FixedZone("", 3600))
	ping := "/v1/heartbeats/" + token + "/ping"
	for want, call := range map[string]func(*Client) error{
		"POST /v1/heartbeats {\"name\":\"job\"}": func(c *Client) error {
			_, err := c.Create(t.Context(), CreateParams{Name: "job"})
			return err
		},
		"POST /v1/heartbeats {\"name\":\"job\",\"interval_secs\":60,\"tags\":[\"x\"],\"grace_secs\":30}": func(c *Client) error {
			_, err := c.Create(t.Context(), CreateParams{Name: "job", IntervalSecs: 60, GraceSecs: 30, Tags: []string{"x"}})
			return err
		},
		"POST /v1/heartbeats {\"name\":\"job\",\"grace_secs\":0}": func(c *Client) error {
			_, err := c.Create(t.Context(), CreateParams{Name: "job", GraceSecs: NoGrace})
			return err
		},
		"POST /v1/heartbeats {\"name\":\"job\",\"grace_secs\":-7}": func(c *Client) error {
			_, err := c.Create(t.Context(), CreateParams{Name: "job", GraceSecs: -7})
			return err
		},
		"PUT /v1/heartbeats/by-slug/nightly-sync {\"interval_secs\":60,\"tags\":[],\"grace_secs\":0}": func(c *Client) error {
			_, err := c.Ensure(t.Context(), "nightly-sync", CreateParams{IntervalSecs: 60, GraceSecs: NoGrace, Tags: []string{}})
			return err
		},
		"POST /v1/heartbeats {\"name\":\"job\",\"remind_every_secs\":0}": func(c *Client) error {
			_, err := c.Create(t.Context(), CreateParams{Name: "job", RemindEverySecs: NoReminders})
			return err
		},
		"PATCH /v1/heartbeats/hb_1 {\"remind_every_secs\":null}": func(c *Client) error {
			_, err := c.Update(t.Context(), "hb_1", UpdateParams{ResetReminders: true})
			return err
		},
		"POST /v1/schedule/preview {\"schedule\":[\"0 2 * * *\"],\"tz\":\"Europe/Berlin\",\"count\":3}": func(c *Client) error {
			_, err := c.PreviewSchedule(t.Context(), PreviewParams{Schedule: []string{"0 2 * * *"}, TZ: "Europe/Berlin", Count: 3})
			return err
		},
		"GET /v1/heartbeats/hb_1/explain ": func(c *Client) error {
			_, err := c.Explain(t.Context(), "hb_1")
			return err
		},
		"GET /v1/heartbeats/hb_1/suggest ": func(c *Client) error {
			_, err := c.Suggest(t.Context(), "hb_1", SuggestParams{})
			return err
		},
		"GET /v1/heartbeats/hb_1/suggest?failure_threshold=2&grace_secs=0&max_run_secs=60&min_run_secs=5&miss_threshold=3&schedule=%40daily&schedule=1-1&tz=UTC ": func(c *Client) error {
			_, err := c.Suggest(t.Context(), "hb_1", SuggestParams{
				GraceSecs: NoGrace, Schedule: []string{"@daily", "1-1"}, TZ: "UTC", MissThreshold: 3, FailureThreshold: 2, MaxRunSecs: 60, MinRunSecs: 5,
			})
			return err
		},
		"PUT /v1/heartbeats/by-slug/..%2Fkeys {}": func(c *Client) error {
			_, err := c.Ensure(t.Context(), "../keys", CreateParams{})
			return err
		},
		"GET /v1/heartbeats?q=a+b&status=failing&tag=x%26y ": func(c *Client) error {
			_, err := c.ListMatching(t.Context(), ListParams{Tag: "x&y", Status: StatusFailing, Query: "a b"})
			return err
		},
		"GET /v1/heartbeats?consistency=stale ": func(c *Client) error {
			WithStaleReads()(c)
			_, err := c.List(t.Context())
			return err
		},
		"GET /v1/heartbeats/hb_1/pings?limit=7&consistency=stale ": func(c *Client) error {
			WithStaleReads()(c)
			_, err := c.Pings(t.Context(), "hb_1", PingsParams{Limit: 7})
			return err
		},
		"GET /v1/heartbeats ": func(c *Client) error { _, err := c.List(t.Context()); return err },
		"GET /v1/heartbeats/hb_1 ": func(c *Client) error {
			_, err := c.Get(t.Context(), "hb_1")
			return err
		},
		"GET /v1/heartbeats/..%2Fkeys ": func(c *Client) error {
			_, err := c.Get(t.Context(), "../keys")
			return err
		},
		"PATCH /v1/heartbeats/hb_1 {\"grace_secs\":0,\"status\":\"paused\"}": func(c *Client) error {
			_, err := c.Update(t.Context(), "hb_1", UpdateParams{GraceSecs: new(0), Status: new(StatusPaused)})
			return err
		},
		`POST /v1/heartbeats/hb_1/pause {"for_secs":7201}`: func(c *Client) error {
			_, err := c.PauseFor(t.Context(), "hb_1", 2*time.Hour+time.Millisecond)
			return err
		},
		`POST /v1/heartbeats/hb_1/pause {"until":"2026-05-02T06:00:00.5Z"}`: func(c *Client) error {
			_, err := c.PauseUntil(t.Context(), "hb_1", time.Date(2026, 5, 2, 8, 0, 0, 500_000_000, time.FixedZone("", 7200)))
			return err
		},
		`POST /v1/heartbeats/hb_1/rotate-token {"overlap_secs":3601}`: func(c *Client) error {
			_, err := c.RotateToken(t.Context(), "hb_1", time.Hour+time.Millisecond)
			return err
		},
		`POST /v1/heartbeats/hb_1/rotate-token {"overlap_secs":0}`: func(c *Client) error {
			_, err := c.RotateToken(t.Context(), "hb_1", 0)
			return err
		},
		"POST /v1/heartbeats/hb_1/pause ":  func(c *Client) error { _, err := c.Pause(t.Context(), "hb_1"); return err },
		"POST /v1/alerts/al_1/retry ":      func(c *Client) error { _, err := c.RetryAlert(t.Context(), "al_1"); return err },
		"POST /v1/alerts/al_1/deliver ":    func(c *Client) error { _, err := c.DeliverAlert(t.Context(), "al_1"); return err },
		"POST /v1/alerts/al_1/hold ":       func(c *Client) error { _, err := c.HoldAlert(t.Context(), "al_1"); return err },
		"POST /v1/alerts/al_1/cancel ":     func(c *Client) error { _, err := c.CancelAlert(t.Context(), "al_1"); return err },
		"POST /v1/heartbeats/hb_1/resume ": func(c *Client) error { _, err := c.Resume(t.Context(), "hb_1"); return err },
		"DELETE /v1/heartbeats/hb_1 ":      func(c *Client) error { return c.Delete(t.Context(), "hb_1") },
		"GET /v1/heartbeats/hb_1/pings ": func(c *Client) error {
			_, err := c.Pings(t.Context(), "hb_1", PingsParams{})
			return err
		},
		"GET /v1/heartbeats/hb_1/pings?limit=7 ": func(c *Client) error {
			_, err := c.Pings(t.Context(), "hb_1", PingsParams{Limit: 7})
			return err
		},
		"POST " + ping + " ":       func(c *Client) error { return c.Ping(t.Context(), token) },
		"POST " + ping + "/start ": func(c *Client) error { return c.Start(t.Context(), token, SignalParams{}) },
		"POST " + ping + "?rid=" + run + " ": func(c *Client) error {
			return c.Success(t.Context(), token, SignalParams{RunID: run})
		},
		"POST " + ping + "/fail it burns": func(c *Client) error {
			return c.Fail(t.Context(), token, SignalParams{Body: []byte("it burns")})
		},
		"POST " + ping + "/log?at=2026-05-02T02%3A04%3A05.678Z note": func(c *Client) error {
			return c.Log(t.Context(), token, SignalParams{At: at, Body: []byte("note")})
		},
		"POST " + ping + "/137?at=2026-05-02T02%3A04%3A05.678Z&rid=" + run + " ": func(c *Client) error {
			return c.Exit(t.Context(), token, 137, SignalParams{At: at, RunID: run})
		},
		"POST " + ping + "/0 ": func(c *Client) error { return c.Exit(t.Context(), token, 0, SignalParams{Key: "k"}) },
	} {
		f := newFakeNodes(t)
		f.hosts["a"] = taken
		err := call(f.client("a"))
		all := f.take()
		if err != nil || len(all) != 1 {
			t.Errorf("%s: %d requests, %v", want, len(all), err)
			continue
		}
		s := all[0]
		if got := s.method + " " + s.target + " " + s.body; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		isPing := strings.Contains(s.target, "/ping") && !strings.Contains(s.target, "/pings")
		if (s.auth == "") != isPing || (s.key != "") != isPing || (s.contentType == "") != (s.body == "") {
			t.Errorf("%s: headers are wrong: %+v", want, s)
		}
	}
}

func TestWhatIsNoSignalIsNotSent(t *testing.T) {
	f := newFakeNodes(t)
	f.hosts["a"] = taken
	for _, s := range []Signal{"256", "-1", "01", "+1", "1.5", "paws", "start/../fail", "?"} {
		if _, err := f.client("a").Signal(t.Context(), token, s, SignalParams{}); err == nil {
			t.Errorf("%q was sent", s)
		}
	}
	if got := f.trace(); got != "" {
		t.Errorf("asked %q", got)
	}
}

func TestABodyIsCutBetweenCharacters(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"short":          {"kept", "kept"},
		"exactly":        {strings.Repeat("x", MaxBody), strings.Repeat("x", MaxBody)},
		"long":           {strings.Repeat("x", MaxBody+1), strings.Repeat("x", MaxBody)},
		"inside 4 bytes": {strings.Repeat("x", MaxBody-3) + "🐑🐑", strings.Repeat("x", MaxBody-3)},
		"between":        {strings.Repeat("x", MaxBody-4) + "🐑🐑", strings.Repeat("x", MaxBody-4) + "🐑"},
		"inside 2 bytes": {strings.Repeat("x", MaxBody-1) + "éé", strings.Repeat("x", MaxBody-1)},
	} {
		if got := string(cutBody([]byte(c.in))); got != c.want {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(c.want))
		}
	}
}

func TestNoErrorHoldsACredential(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close() // nobody listens there now
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://secure.example.com"+r.URL.Path, http.StatusMovedPermanently)
	}))
	defer page.Close()
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer slow.Close()
	for _, base := range []string{
		"http://user:pass-word@" + ln.Addr().String(), strings.Replace(page.URL, "//", "//user:pass-word@", 1),
		strings.Replace(slow.URL, "//", "//user:pass-word@", 1), "user:pass-word@host", "http://user:pass-word@:80:80", "ftp://user:pass-word@host",
	} {
		c := New("secret-key", WithBaseURL(base), WithRetries(0), WithAttemptTimeout(50*time.Millisecond))
		_, err := c.Get(t.Context(), "hb_1")
		err2 := c.Ping(t.Context(), token)
		if err == nil || err2 == nil {
			t.Fatalf("%s: no error", base)
		}
		words := fmt.Sprintln(err, err2, c)
		for _, secret := range []string{token, "pass-word", "secret-key"} {
			if strings.Contains(words, secret) {
				t.Errorf("%s: an error tells %s: %s", base, secret, words)
			}
		}
		t.Log(err2)
	}
}

// TestNoRedirectGetsTheKey: also if the caller's own HTTP client would follow it.
func TestNoRedirectGetsTheKey(t *testing.T) {
	var followed atomic.Int32
	var target string
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			followed.Add(1)
			return
		}
		http.Redirect(w, r, target, http.StatusTemporaryRedirect)
	}))
	defer page.Close()
	for _, target = range []string{"/elsewhere", page.URL + "/elsewhere"} {
		for name, opts := range map[string][]Option{"default": nil, "own": {WithHTTPClient(&http.Client{})}} {
			c := New("secret-key", append(opts, WithBaseURL(page.URL))...)
			_, err := c.Create(t.Context(), CreateParams{Name: "x"})
			if err == nil || !strings.Contains(err.Error(), "redirects") {
				t.Errorf("%s client, to %s: %v", name, target, err)
			}
			if err := c.Ping(t.Context(), token); err == nil {
				t.Errorf("%s client: a ping that was redirected counts as taken", name)
			}
		}
	}
	if followed.Load() > 0 {
		t.Errorf("%d requests followed it", followed.Load())
	}
}

func TestARedirectIsToldNotFollowed(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://secure.example.com"+r.URL.Path, http.StatusMovedPermanently)
	}))
	defer page.Close()
	err := New("", WithBaseURL(page.URL)).Ping(t.Context(), token)
	if err == nil || !strings.Contains(err.Error(), "use the base URL https://secure.example.com") {
		t.Errorf("the error is %v", err)
	}
}

func TestBaseURLsMayEndInV1(t *testing.T) {
	for _, base := range []string{"http://host", "http://host/", "http://host/v1", "http://host/v1/", "http://host/lb/v1"} {
		n, err := newNode(base)
		if err != nil || n.url != "http://host" && n.url != "http://host/lb" {
			t.Errorf("%s: %+v, %v", base, n, err)
		}
	}
}

func TestRunIDsAreUUIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewRunID()
		if len(id) != 36 || id[14] != '4' || !strings.ContainsRune("89ab", rune(id[19])) || seen[id] {
			t.Fatalf("%q", id)
		}
		seen[id] = true
	}
}

// TestManyAtOnce is for the race detector: half of the requests meet a node that
// drops its connections.
func TestManyAtOnce(t *testing.T) {
	var mu sync.Mutex
	counted := map[string]int{}
	serve := func(drop bool) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			counted[r.Header.Get("Idempotency-Key")]++
			mu.Unlock()
			if drop {
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, `{"status":"ok"}`)
		}))
		t.Cleanup(s.Close)
		return s
	}
	c := New("", WithBaseURL(serve(true).URL, serve(false).URL))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 10 {
				if err := c.Ping(t.Context(), token); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(counted) != 200 {
		t.Errorf("%d pings came to 200 calls", len(counted))
	}
}

// TestTheSurfaceThatClientsOfTickstemUse compiles, and reads an answer.
func TestTheSurfaceThatClientsOfTickstemUse(t *testing.T) {
	answer := `{"id":"hb_1","name":"nightly-sync","token":"` + token + `","interval_secs":86400,"grace_secs":0,"status":"active",
		"consecutive_misses":0,"last_pinged_at":null,"next_expected_at":"2026-05-02T00:00:00.000Z","created_at":"2026-05-01T00:00:00.000Z","updated_at":"2026-05-01T00:00:00.000Z","field_of_tomorrow":1}`
	f := newFakeNodes(t)
	f.hosts["a"] = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet && r.URL.Path == "/v1/heartbeats":
			_, _ = io.WriteString(w, `{"heartbeats":[`+answer+`]}`)
		case strings.HasSuffix(r.URL.Path, "/pings"):
			_, _ = io.WriteString(w, `{"pings":[{"id":"7","heartbeat_id":"hb_1","pinged_at":"2026-05-01T00:00:00.000Z"}]}`)
		default:
			_, _ = io.WriteString(w, answer)
		}
	}
	client := f.client("a")
	interval := 7200
	var hb *Heartbeat
	var all []*Heartbeat
	var pings []*Ping
	hb, err := client.Create(t.Context(), CreateParams{Name: "nightly-sync", IntervalSecs: 86400, GraceSecs: 3600})
	all, err1 := client.List(t.Context())
	_, err2 := client.Update(t.Context(), hb.ID, UpdateParams{IntervalSecs: &interval})
	pings, err3 := client.Pings(t.Context(), hb.ID, PingsParams{Limit: 50})
	for _, err := range []error{err, err1, err2, err3} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if hb.Token != token || hb.IntervalSecs != 86400 || hb.LastPingedAt != nil || hb.NextExpectedAt.Month() != time.May ||
		len(all) != 1 || all[0].ID != "hb_1" || len(pings) != 1 || pings[0].ID != "7" || pings[0].PingedAt.IsZero() {
		t.Errorf("%+v %+v %+v", hb, all, pings)
	}
	if _, err := json.Marshal(hb); err != nil {
		t.Error(err)
	}
}

func TestAPingCarriesTheNumbersThatAreFinite(t *testing.T) {
	path, err := signalPath("tok", SignalSuccess, SignalParams{Metrics: map[string]float64{"bytes": 0, "rows.new": -1.5, "none": math.NaN(), "endless": math.Inf(1), "large": 1e300}})
	if want := "/v1/heartbeats/tok/ping?m.bytes=0&m.large=1e%2B300&m.rows.new=-1.5"; err != nil || path != want {
		t.Errorf("%s, %v; want %s", path, err, want)
	}
}
