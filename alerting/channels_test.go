package alerting

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// receiver takes webhooks and answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	now    int // requests under way
	peak   int
	answer func(n int, w http.ResponseWriter, r *http.Request)
}

type received struct {
	id, kind string
	at       time.Time
	repeat   bool
	alerts   int      // of a digest
	names    []string // of heartbeats, as far as they are listed
	taken    bool     // with a 2xx
}

func newReceiver(t testing.TB, answer func(n int, w http.ResponseWriter, r *http.Request)) *receiver {
	x := &receiver{answer: answer}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { x.take(t, w, r) }))
	t.Cleanup(x.Close)
	return x
}

func (x *receiver) take(t testing.TB, w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	id, stamp := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	if want := signature(testSecret, id+"."+stamp+"."+string(body)); r.Header.Get("webhook-signature") != want {
		t.Errorf("signature %s, want %s", r.Header.Get("webhook-signature"), want)
	}
	var p struct {
		Type string `json:"type"`
		Data struct {
			named
			Repeat  bool    `json:"may_be_repeat"`
			Alerts  []named `json:"alerts"`
			Dropped int     `json:"alerts_dropped"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Errorf("%s: %v", body, err)
	}
	x.mu.Lock()
	var names []string
	for _, a := range append(p.Data.Alerts, p.Data.named) {
		if a.Heartbeat.Name != "" {
			names = append(names, a.Heartbeat.Name)
		}
	}
	x.got = append(x.got, received{id, p.Type, time.Now(), p.Data.Repeat, len(p.Data.Alerts) + p.Data.Dropped, names, false})
	n := len(x.got)
	x.now++
	x.peak = max(x.peak, x.now)
	x.mu.Unlock()
	defer func() { x.mu.Lock(); x.now--; x.mu.Unlock() }()
	status := &statusOf{ResponseWriter: w}
	if x.answer != nil {
		x.answer(n, status, r)
	}
	if status.code < 300 {
		x.mu.Lock()
		x.got[n-1].taken = true
		x.mu.Unlock()
	}
}

type named struct{ Heartbeat struct{ Name string } }

// statusOf keeps the status of an answer; 0: it is 200.
type statusOf struct {
	http.ResponseWriter
	code int
}

func (s *statusOf) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// signature verifies as a receiver would, by the letter of Standard Webhooks.
func signature(secret, signed string) string {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	h := hmac.New(sha256.New, key)
	h.Write([]byte(signed))
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func (x *receiver) all() []received {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]received(nil), x.got...)
}

// most is how many requests were under way at once.
func (x *receiver) most() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.peak
}

func (x *receiver) await(t testing.TB, n int) []received {
	t.Helper()
	testkit.Eventually(t, fmt.Sprint(n, " requests have come"), func() bool { return len(x.all()) >= n })
	return x.all()
}

func allowLoopback(c *Config) { c.WebhookAllow = []string{"127.0.0.0/8"} }

// channel makes a webhook channel for all that fails.
func (d *rig) channel(n byte, url string, change ...func(*fsm.ChannelSpec)) fsm.ChannelID {
	d.t.Helper()
	spec := fsm.ChannelSpec{
		Name: fmt.Sprint("hook ", n), Kind: "webhook", Default: true, On: fsm.SetOf(fsm.ChannelKinds...),
		Fields: []fsm.ChannelField{{Name: "url", Value: url}, {Name: "secret", Value: testSecret, Secret: true}},
	}
	for _, f := range change {
		f(&spec)
	}
	d.f.must(d.t, fsm.CreateChannel{ID: fsm.ChannelID{n}, Spec: spec})
	return fsm.ChannelID{n}
}

func TestAWebhookIsToldOnceOfADownAndItsRecovery(t *testing.T) {
	d := newRig(t, allowLoopback)
	hook := newReceiver(t, nil)
	d.channel(1, hook.URL)
	d.f.fail(t, 1)
	d.lead(1)
	down := hook.await(t, 1)[0]
	d.awaitMails(1)
	d.f.must(t, fsm.Ping{Ordinal: 1})
	recovered := hook.await(t, 2)[1]
	if down.kind != "incident.down" || recovered.kind != "incident.recovered" || down.id == recovered.id || down.repeat {
		t.Errorf("%+v, %+v", down, recovered)
	}
	d.awaitMails(2) // the heartbeat's own address is told as well
	testkit.Eventually(t, "all rows are sent", func() bool { return d.f.states()[fsm.AlertSent] == 4 })
	for _, a := range d.f.alerts() {
		if a.Recipient == (fsm.ChannelID{1}).String() && a.ID.String() != map[fsm.AlertKind]string{fsm.AlertDown: down.id, fsm.AlertRecovered: recovered.id}[a.Kind] {
			t.Errorf("row %v, but the request's ID is another", a.ID)
		}
	}
	if n := len(hook.all()); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestWhatAWebhookAnswers(t *testing.T) {
	leak := func(w http.ResponseWriter, status int) {
		w.WriteHeader(status)
		fmt.Fprint(w, "no entry with ", testSecret, "\nat all")
	}
	for name, x := range map[string]struct {
		answer   func(n int, w http.ResponseWriter, r *http.Request)
		state    fsm.AlertState
		requests int
		words    string
	}{
		"429, then taken": {func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				w.Header().Set("Retry-After", "2")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}, fsm.AlertSent, 2, ""},
		"503, then taken": {func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, fsm.AlertSent, 2, ""},
		"404":        {func(_ int, w http.ResponseWriter, _ *http.Request) { leak(w, http.StatusNotFound) }, fsm.AlertFailed, 1, "it answered 404 Not Found: no entry with ••• at all"},
		"a redirect": {func(_ int, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }, fsm.AlertFailed, 1, "it answered 302 Found"},
		"no answer, then taken": {func(n int, _ http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				panic(http.ErrAbortHandler)
			}
		}, fsm.AlertSent, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newRig(t, allowLoopback)
			hook := newReceiver(t, x.answer)
			d.channel(1, hook.URL)
			d.f.failOf(t, 1, func(int) string { return "ops@example.com" })
			d.lead(1)
			var a fsm.Alert
			testkit.Eventually(t, "the row is settled", func() bool {
				for _, a = range d.f.alerts() {
					if _, is := fsm.ChannelOf(a.Recipient); is && a.State.Settled() {
						return true
					}
				}
				return false
			})
			got := hook.all()
			if a.State != x.state || len(got) != x.requests || a.Error != x.words && !strings.Contains(a.Error, x.words) {
				t.Errorf("%v after %d requests: %q", a.State, len(got), a.Error)
			}
			for _, r := range got {
				if r.id != a.ID.String() {
					t.Errorf("an attempt had the ID %s, the row has %v", r.id, a.ID)
				}
			}
			if strings.HasPrefix(name, "429") && got[1].at.Sub(got[0].at) < 1900*time.Millisecond {
				t.Errorf("asked again after %v", got[1].at.Sub(got[0].at))
			}
			if wantRepeat := strings.HasPrefix(name, "no answer"); len(got) > 1 && got[1].repeat != wantRepeat {
				t.Errorf("may be a repeat: %t, want %t", got[1].repeat, wantRepeat)
			}
		})
	}
}

func TestNoRequestWithoutAFence(t *testing.T) {
	for name, err := range map[string]error{
		"it is refused": fsm.ErrRejected, "the leadership is lost": fsm.ErrNotLeader, "its outcome is unknown": fsm.ErrUnknownOutcome,
	} {
		t.Run(name, func(t *testing.T) {
			d := newRig(t, allowLoopback)
			hook := newReceiver(t, nil)
			id := d.channel(1, hook.URL)
			fences := make(chan struct{}, 1)
			d.f.hook = func(_ bool, cmd fsm.Command) error {
				f, is := cmd.(fsm.Fence)
				if !is {
					return nil
				}
				if a, _ := d.f.store.Alert(f.Alert); a.Recipient != id.String() {
					return nil
				}
				select {
				case fences <- struct{}{}:
				default:
				}
				return err
			}
			d.f.fail(t, 1)
			d.lead(1)
			<-fences
			d.awaitMails(1)
			d.stop()
			if n := len(hook.all()); n != 0 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestAChannelThatIsGoneFailsWhatWaitsForIt(t *testing.T) {
	d := newRig(t, allowLoopback)
	id := d.channel(1, "http://127.0.0.1:1/")
	d.f.fail(t, 1)
	d.f.must(t, fsm.DeleteChannel{ID: id})
	d.lead(1)
	testkit.Eventually(t, "its row has failed", func() bool { return d.f.states()[fsm.AlertFailed] == 1 })
	for _, a := range d.f.alerts() {
		if a.State == fsm.AlertFailed && a.Error != errChannelGone.Error() {
			t.Errorf("%q", a.Error)
		}
	}
}

func TestThisMachineIsNotAskedByAWebhook(t *testing.T) {
	d := newRig(t, nil)
	hook := newReceiver(t, nil)
	id := d.channel(1, hook.URL)
	r, err := d.s.TestChannel(t.Context(), id)
	if err != nil || r.Accepted || !strings.Contains(r.Answer, "--webhook-allow") || len(hook.all()) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestWhatCanBeAskedIsKnownBefore: addresses and names of this machine, in every kind; names of others are not
// looked up.
func TestWhatCanBeAskedIsKnownBefore(t *testing.T) {
	strictly, loosely := newRig(t, nil).s, newRig(t, allowLoopback).s
	for url, kind := range map[string]string{
		"http://127.0.0.1:9/": "webhook", "http://localhost/": "slack", "gotify://127.0.0.1/AtokenToken.123": "shoutrrr", "http://[::ffff:127.0.0.1]/": "webhook",
	} {
		c := fsm.ChannelSpec{Kind: kind, Fields: []fsm.ChannelField{{Name: "url", Value: url}}}
		if err := strictly.CheckChannel(c); err == nil || !strings.Contains(err.Error(), "--webhook-allow") {
			t.Errorf("%s: %v", url, err)
		}
		if err := loosely.CheckChannel(c); err != nil {
			t.Errorf("%s, allowed: %v", url, err)
		}
	}
	for url, kind := range map[string]string{"https://example.com/": "webhook", "pushover://x:aToken123@uUser456/": "shoutrrr"} {
		if err := strictly.CheckChannel(fsm.ChannelSpec{Kind: kind, Fields: []fsm.ChannelField{{Name: "url", Value: url}}}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestTestingAChannel(t *testing.T) {
	d := newRig(t, allowLoopback)
	hook := newReceiver(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n > 1 {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprint(w, "hello ", testSecret)
	})
	id := d.channel(1, hook.URL)
	if r, err := d.s.TestChannel(t.Context(), id); err != nil || !r.Accepted || r.Answer != "200 OK: hello •••" {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := d.s.TestChannel(t.Context(), id); err != nil || r.Accepted || r.Answer != "it answered 403 Forbidden: hello •••" {
		t.Errorf("%+v, %v", r, err)
	}
	if got := hook.all(); got[0].kind != "test" || got[0].id == got[1].id {
		t.Errorf("%+v", got)
	}
	if _, err := d.s.TestChannel(t.Context(), fsm.ChannelID{9}); !errors.Is(err, fsm.ErrNotFound) {
		t.Error(err)
	}
}

func TestAGateAsksLessWhileThereIsTrouble(t *testing.T) {
	var g channelGate
	now := time.Now()
	want := func(what string, room int, closed time.Duration) {
		t.Helper()
		if r, c := g.room(now); r != room || c != closed {
			t.Errorf("%s: room %d, closed for %v, want %d, %v", what, r, c, room, closed)
		}
	}
	want("at first", maxAtOnce, 0)
	trouble := errors.New("no connection")
	g.learn(trouble, now)
	want("after trouble", 0, firstPause)
	now = now.Add(firstPause)
	want("after the pause", 1, 0)
	g.learn(outgoing.ErrNoAnswer, now)
	want("after no answer", 0, 2*firstPause)
	for range 50 {
		g.learn(trouble, now)
	}
	want("after much trouble", 0, lastPause)
	now = now.Add(lastPause)
	g.learn(nil, now)
	want("after success", maxAtOnce, 0)
}

// TestTheNextLeaderLeavesABusyServiceAlone for as long as that asked the one before, also with what was not tried yet.
func TestTheNextLeaderLeavesABusyServiceAlone(t *testing.T) {
	d := newRig(t, allowLoopback)
	busy := newReceiver(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	well := newReceiver(t, nil)
	d.channel(1, busy.URL)
	d.channel(2, well.URL)
	d.f.fail(t, 5) // as many as a burst has
	d.lead(1)
	busy.await(t, 1)
	well.await(t, 5)
	var told uint64 // a heartbeat of which it was told, and refused it
	refused := func() (n int) {
		for _, a := range d.f.alerts() {
			if strings.Contains(a.Error, "429") {
				n++
				told = uint64(a.Heartbeat[2])
			}
		}
		return n
	}
	testkit.Eventually(t, "what is refused is recorded", func() bool { return refused() > 0 && refused() == len(busy.all()) })
	asked := len(busy.all())
	if asked >= 5 {
		t.Fatalf("it was asked %d times, with %d at once at most", asked, maxAtOnce)
	}
	d.lead(2)
	d.f.jump(11 * time.Second) // to the end of the window
	d.f.must(t, fsm.Ping{Ordinal: told})
	well.await(t, 6) // of the recovery: this leader has done what it could
	if n := len(busy.all()); n != asked {
		t.Errorf("it was asked %d times more by the next leader", n-asked)
	}
}
